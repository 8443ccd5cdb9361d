//! Resources and resource templates (resources, "Data Types").

use std::{collections::BTreeMap, fmt, future::Future, pin::Pin, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use pmcp_tasks::{ToolContext, ToolError, tool::Prepared};
use serde_json::{Map, Value, json};

use crate::Error;

/// A resource that clients can list and read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    uri: String,
    name: String,
    title: Option<String>,
    description: Option<String>,
    mime_type: Option<String>,
}

impl Resource {
    /// A resource, named after its URI.
    pub fn new(uri: impl Into<String>) -> Self {
        let uri = uri.into();
        Self { name: uri.clone(), uri, title: None, description: None, mime_type: None }
    }

    /// Its name for programs.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// Its name for people.
    #[must_use]
    pub fn title(self, title: impl Into<String>) -> Self {
        Self { title: Some(title.into()), ..self }
    }

    /// What it is.
    #[must_use]
    pub fn description(self, description: impl Into<String>) -> Self {
        Self { description: Some(description.into()), ..self }
    }

    /// Its MIME type.
    #[must_use]
    pub fn mime_type(self, mime_type: impl Into<String>) -> Self {
        Self { mime_type: Some(mime_type.into()), ..self }
    }

    fn describe(&self, uri_key: &str) -> Value {
        let mut resource = Map::from_iter([
            (uri_key.to_owned(), Value::from(self.uri.as_str())),
            ("name".to_owned(), self.name.as_str().into()),
        ]);
        let texts = [("title", &self.title), ("description", &self.description), ("mimeType", &self.mime_type)];
        resource.extend(texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text.as_deref()?.into()))));
        resource.into()
    }
}

impl From<&str> for Resource {
    fn from(uri: &str) -> Self {
        Self::new(uri)
    }
}

/// What is read of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceContents {
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<String> for ResourceContents {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for ResourceContents {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<Vec<u8>> for ResourceContents {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

/// Which resource is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceRequest {
    /// Its URI.
    pub uri: String,
    /// The variables of the template it fits; none for a plain resource.
    pub variables: BTreeMap<String, String>,
}

/// A URI with variables in braces, each one non-empty part without a slash: `test://item/{id}/data` (RFC 6570, level 1).
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Variable(String),
}

fn parse_template(template: &str) -> Result<Vec<Part>, Error> {
    let wrong = |reason| Error::Template { template: template.to_owned(), reason };
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
    Ok(parts)
}

fn fit(parts: &[Part], uri: &str) -> Option<BTreeMap<String, String>> {
    let mut variables = BTreeMap::new();
    let mut rest = uri;
    let mut parts = parts.iter().peekable();
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

type ReadFuture = Pin<Box<dyn Future<Output = Result<ResourceContents, ToolError>> + Send>>;
type Handler = Arc<dyn Fn(ResourceRequest, ToolContext) -> ReadFuture + Send + Sync>;

/// A resource or template with what reads it.
#[derive(Clone)]
pub(crate) struct RegisteredResource {
    resource: Resource,
    /// Empty for a plain resource.
    template: Vec<Part>,
    handler: Handler,
}

impl fmt::Debug for RegisteredResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.resource.fmt(f)
    }
}

impl RegisteredResource {
    pub(crate) fn new<F, R, C>(resource: Resource, is_template: bool, handler: F) -> Result<Self, Error>
    where
        F: Fn(ResourceRequest, ToolContext) -> R + Send + Sync + 'static,
        R: Future<Output = Result<C, ToolError>> + Send + 'static,
        C: Into<ResourceContents>,
    {
        let template = if is_template { parse_template(&resource.uri)? } else { Vec::new() };
        let handler: Handler = Arc::new(move |request, cx| {
            let reading = handler(request, cx);
            Box::pin(async move { reading.await.map(Into::into) })
        });
        Ok(Self { resource, template, handler })
    }

    pub(crate) fn uri(&self) -> &str {
        &self.resource.uri
    }

    pub(crate) fn is_template(&self) -> bool {
        !self.template.is_empty()
    }

    pub(crate) fn has_variable(&self, name: &str) -> bool {
        self.template.iter().any(|part| matches!(part, Part::Variable(variable) if variable == name))
    }

    pub(crate) fn describe(&self) -> Value {
        self.resource.describe(if self.is_template() { "uriTemplate" } else { "uri" })
    }

    /// The variables of the template, if the URI fits it.
    pub(crate) fn fits(&self, uri: &str) -> Option<BTreeMap<String, String>> {
        if self.is_template() { fit(&self.template, uri) } else { (self.resource.uri == uri).then(BTreeMap::new) }
    }

    /// The call of the handler for this URI.
    pub(crate) fn prepare(&self, uri: &str, variables: BTreeMap<String, String>) -> Prepared {
        let (handler, mime_type, uri) = (self.handler.clone(), self.resource.mime_type.clone(), uri.to_owned());
        Prepared::raw(move |cx| async move {
            let request = ResourceRequest { uri: uri.clone(), variables };
            let mut contents = match handler(request, cx.tool()).await? {
                ResourceContents::Text(text) => json!({ "uri": uri, "text": text }),
                ResourceContents::Bytes(bytes) => json!({ "uri": uri, "blob": BASE64_STANDARD.encode(bytes) }),
            };
            if let Some(mime_type) = mime_type {
                contents["mimeType"] = mime_type.into();
            }
            Ok(json!({ "contents": [contents] }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_fits_whole_uris_only() {
        let template = parse_template("test://template/{id}/data").unwrap();
        let fitted = fit(&template, "test://template/12-3/data").unwrap();
        assert_eq!(fitted["id"], "12-3");
        for other in ["test://template//data", "test://template/a/b/data", "test://template/1/data/x", "test://x", ""] {
            assert_eq!(fit(&template, other), None, "{other}");
        }
        assert_eq!(fit(&parse_template("a:{x}-{y}").unwrap(), "a:1-2").unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for wrong in ["test://plain", "a{", "a{}", "a{x y}", "a{x}{y}"] {
            assert!(parse_template(wrong).is_err(), "{wrong}");
        }
    }
}
