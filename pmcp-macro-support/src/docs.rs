//! Doc comments as text.

use syn::{Attribute, Expr, Lit, Meta};

use crate::visible;

/// The text of the doc comments, without the indentation common to their lines. `None` if there is none.
#[must_use]
pub fn doc_text(attrs: &[Attribute]) -> Option<String> {
    let lines: Vec<String> = attrs.iter().filter_map(doc_line).flat_map(|text| split_lines(&text)).collect();
    let indent = lines
        .iter()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    let lines: Vec<&str> = lines.iter().map(|line| line.get(indent..).unwrap_or("").trim_end()).collect();
    let text = lines.join("\n");
    let text = text.trim_matches('\n');
    (!text.is_empty()).then(|| text.into())
}

/// The first paragraph of the doc comments, unless it is an example.
#[must_use]
pub fn summary(attrs: &[Attribute]) -> Option<String> {
    let text = doc_text(attrs)?;
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    (!paragraph.contains("```")).then(|| format!(" {}", paragraph.replace('\n', "\n ")))
}

/// The doc comments as a description for people and models: what comes before the first heading, since sections like
/// `# Errors` are for readers of the code.
#[must_use]
pub fn description(attrs: &[Attribute]) -> Option<String> {
    let text = doc_text(attrs)?;
    let end = text.lines().take_while(|line| !is_heading(line)).map(|line| line.len() + 1).sum::<usize>();
    let text = text.get(..end).unwrap_or(&text).trim();
    (!text.is_empty()).then(|| text.into())
}

fn is_heading(line: &str) -> bool {
    line.trim_start_matches('#').starts_with(' ') && line.starts_with('#')
}

fn doc_line(attr: &Attribute) -> Option<String> {
    let Meta::NameValue(meta) = &attr.meta else { return None };
    if !meta.path.is_ident("doc") {
        return None;
    }
    match visible(meta.value.clone()) {
        Expr::Lit(value) => match &value.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// The lines of one attribute: a `/** … */` comment has several, with stars that are not part of the text.
fn split_lines(text: &str) -> Vec<String> {
    if !text.contains('\n') {
        return vec![text.into()];
    }
    let starred = text.lines().skip(1).all(|line| line.trim().is_empty() || line.trim_start().starts_with('*'));
    text.lines()
        .enumerate()
        .map(|(i, line)| match line.trim_start().strip_prefix('*') {
            Some(rest) if starred && i > 0 => rest.into(),
            _ => line.into(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn lines_lose_their_common_indentation() {
        let attrs: Vec<Attribute> = vec![
            parse_quote!(#[doc = " Imports a file."]),
            parse_quote!(#[doc = ""]),
            parse_quote!(#[doc = "   - indented "]),
            parse_quote!(#[inline]),
        ];
        assert_eq!(doc_text(&attrs).unwrap(), "Imports a file.\n\n  - indented");
        assert_eq!(doc_text(&[]), None);
    }

    #[test]
    fn a_description_ends_at_the_first_heading() {
        let attrs: Vec<Attribute> = vec![parse_quote!(#[doc = " Imports.\n\n Twice.\n\n # Errors\n Never."])];
        assert_eq!(description(&attrs).unwrap(), "Imports.\n\nTwice.");
        let attrs: Vec<Attribute> = vec![parse_quote!(#[doc = " # Errors\n Never."])];
        assert_eq!(description(&attrs), None);
        let attrs: Vec<Attribute> = vec![parse_quote!(#[doc = " Issue #1 of #[x]."])];
        assert_eq!(description(&attrs).unwrap(), "Issue #1 of #[x].");
    }

    #[test]
    fn a_summary_has_no_example() {
        let attrs: Vec<Attribute> = vec![parse_quote!(#[doc = " Rows\n so far.\n\n ```\n assert!(true);\n ```"])];
        assert_eq!(summary(&attrs).unwrap(), " Rows\n so far.");
        let attrs: Vec<Attribute> = vec![parse_quote!(#[doc = " ```\n assert!(true);\n ```"])];
        assert_eq!(summary(&attrs), None);
    }

    #[test]
    fn block_comments_lose_their_stars() {
        let attrs: Vec<Attribute> = vec![parse_quote!(#[doc = "\n * Imports.\n * Twice.\n "])];
        assert_eq!(doc_text(&attrs).unwrap(), "Imports.\nTwice.");
    }
}
