//! URIs of which parts are left open.

use std::collections::BTreeMap;

use super::error::OfferError;

/// A URI with variables in braces, each one non-empty part without a slash: `test://item/{id}/data` (RFC 6570, level 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Variable(String),
}

impl Template {
    pub(super) fn parse(template: &str) -> Result<Self, OfferError> {
        let wrong = |reason| OfferError::Template { template: template.to_owned(), reason };
        let mut parts = Vec::new();
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            let (literal, after) = rest.split_at(open);
            let close = after.find('}').ok_or_else(|| wrong("a `{` has no `}`"))?;
            let name = &after[1..close];
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return Err(wrong("a variable's name is letters, digits and `_`"));
            }
            if literal.is_empty() && matches!(parts.last(), Some(Part::Variable(_))) {
                return Err(wrong("two variables need something between them"));
            }
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.to_owned()));
            }
            parts.push(Part::Variable(name.to_owned()));
            rest = &after[close + 1..];
        }
        if !parts.iter().any(|part| matches!(part, Part::Variable(_))) {
            return Err(wrong("it has no variable; register it as a resource"));
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    pub(super) fn has_variable(&self, name: &str) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Variable(variable) if variable == name))
    }

    /// The variables' values, if the URI fits.
    pub(super) fn fit(&self, uri: &str) -> Option<BTreeMap<String, String>> {
        let mut variables = BTreeMap::new();
        let mut rest = uri;
        let mut parts = self.0.iter().peekable();
        while let Some(part) = parts.next() {
            match part {
                Part::Literal(literal) => rest = rest.strip_prefix(literal.as_str())?,
                Part::Variable(name) => {
                    let end = match parts.peek() {
                        Some(Part::Literal(next)) => rest.find(next.as_str())?,
                        _ => rest.len(),
                    };
                    let (value, after) = rest.split_at(end);
                    if value.is_empty() || value.contains('/') {
                        return None;
                    }
                    variables.insert(name.clone(), value.to_owned());
                    rest = after;
                }
            }
        }
        rest.is_empty().then_some(variables)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_fits_whole_uris_only() {
        let template = Template::parse("test://template/{id}/data").unwrap();
        let fitted = template.fit("test://template/12-3/data").unwrap();
        assert_eq!(fitted["id"], "12-3");
        for other in ["test://template//data", "test://template/a/b/data", "test://template/1/data/x", "test://x", ""] {
            assert_eq!(template.fit(other), None, "{other}");
        }
        assert_eq!(Template::parse("a:{x}-{y}").unwrap().fit("a:1-2").unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for wrong in ["test://plain", "a{", "a{}", "a{x y}", "a{x}{y}"] {
            assert!(Template::parse(wrong).is_err(), "{wrong}");
        }
    }
}
