//! Resources and resource templates (resources, "Data Types").

use std::{collections::BTreeMap, fmt, future::Future, pin::Pin, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use fluent_uri::Uri;
use serde_json::{Map, Value, json};

use super::{error::OfferError, template::Template};
use crate::{
    context::ToolContext,
    tool::{Prepared, ToolError},
};

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

    /// A text about it.
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

/// The contents of a resource.
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

/// A request to read a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceRequest {
    /// Its URI.
    pub uri: String,
    /// The variables of the template it fits, without their percent-encoding; none for a plain resource. A value may be
    /// anything, `..` and slashes too: check it before it becomes a path.
    pub variables: BTreeMap<String, String>,
}

type ReadFuture = Pin<Box<dyn Future<Output = Result<ResourceContents, ToolError>> + Send>>;
type Handler = Arc<dyn Fn(ResourceRequest, ToolContext) -> ReadFuture + Send + Sync>;

/// A resource or template with what reads it.
#[derive(Clone)]
pub(super) struct RegisteredResource {
    resource: Resource,
    template: Option<Template>,
    handler: Handler,
}

impl fmt::Debug for RegisteredResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.resource.fmt(f)
    }
}

impl RegisteredResource {
    pub(super) fn new<F, R, C>(resource: Resource, is_template: bool, handler: F) -> Result<Self, OfferError>
    where
        F: Fn(ResourceRequest, ToolContext) -> R + Send + Sync + 'static,
        R: Future<Output = Result<C, ToolError>> + Send + 'static,
        C: Into<ResourceContents>,
    {
        let template = is_template.then(|| Template::parse(&resource.uri)).transpose()?;
        if template.is_none() && Uri::parse(resource.uri.as_str()).is_err() {
            return Err(OfferError::Uri { uri: resource.uri });
        }
        let handler: Handler = Arc::new(move |request, cx| {
            let reading = handler(request, cx);
            Box::pin(async move { reading.await.map(Into::into) })
        });
        Ok(Self { resource, template, handler })
    }

    pub(super) fn uri(&self) -> &str {
        &self.resource.uri
    }

    pub(super) fn is_template(&self) -> bool {
        self.template.is_some()
    }

    pub(super) fn has_variable(&self, name: &str) -> bool {
        self.template.as_ref().is_some_and(|template| template.has_variable(name))
    }

    pub(super) fn describe(&self) -> Value {
        self.resource.describe(if self.is_template() { "uriTemplate" } else { "uri" })
    }

    /// The variables of the template, if the URI fits it.
    pub(super) fn fits(&self, uri: &str) -> Option<BTreeMap<String, String>> {
        match &self.template {
            Some(template) => template.fit(uri),
            None => (self.resource.uri == uri).then(BTreeMap::new),
        }
    }

    /// The call of the handler for this URI.
    pub(super) fn prepare(&self, uri: &str, variables: BTreeMap<String, String>) -> Prepared {
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
