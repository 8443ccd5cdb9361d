//! Resources and resource templates (resources, "Data Types").

use std::{collections::BTreeMap, fmt, future::Future, pin::Pin, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use fluent_uri::Uri;
use serde_json::{Map, Value, json};

use super::{error::OfferError, template::Template};
use crate::{
    context::ToolContext,
    gate::Target,
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
    meta: Map<String, Value>,
}

impl Resource {
    /// A resource, named after its URI.
    pub fn new(uri: impl Into<String>) -> Self {
        let uri = uri.into();
        Self { name: uri.clone(), uri, title: None, description: None, mime_type: None, meta: Map::new() }
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

    /// Its `_meta`, in lists and beside its contents.
    #[must_use]
    pub fn meta(self, meta: Map<String, Value>) -> Self {
        Self { meta, ..self }
    }

    fn describe(&self, uri_key: &str) -> Value {
        let mut resource = Map::from_iter([
            (uri_key.to_owned(), Value::from(self.uri.as_str())),
            ("name".to_owned(), self.name.as_str().into()),
        ]);
        let texts = [("title", &self.title), ("description", &self.description), ("mimeType", &self.mime_type)];
        resource.extend(texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text.as_deref()?.into()))));
        if !self.meta.is_empty() {
            resource.insert("_meta".to_owned(), self.meta.clone().into());
        }
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

/// The URIs a resource has.
#[derive(Clone)]
pub(super) enum Uris {
    /// The one that is listed.
    One,
    /// All that fit a template, which is listed in their place.
    Fitting(Template),
    /// The one that is listed, to clients that show widgets, and whatever this knows.
    OfUi(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

/// A resource or template with what reads it.
#[derive(Clone)]
pub(super) struct RegisteredResource {
    resource: Resource,
    uris: Uris,
    handler: Handler,
}

impl fmt::Debug for RegisteredResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.resource.fmt(f)
    }
}

impl RegisteredResource {
    /// A resource with its one URI.
    pub(super) fn one<F, R, C>(resource: Resource, handler: F) -> Result<Self, OfferError>
    where
        F: Fn(ResourceRequest, ToolContext) -> R + Send + Sync + 'static,
        R: Future<Output = Result<C, ToolError>> + Send + 'static,
        C: Into<ResourceContents>,
    {
        Self::new(resource, Uris::One, handler)
    }

    /// The resources that fit a template.
    pub(super) fn template<F, R, C>(template: Resource, handler: F) -> Result<Self, OfferError>
    where
        F: Fn(ResourceRequest, ToolContext) -> R + Send + Sync + 'static,
        R: Future<Output = Result<C, ToolError>> + Send + 'static,
        C: Into<ResourceContents>,
    {
        let uris = Uris::Fitting(Template::parse(&template.uri)?);
        Self::new(template, uris, handler)
    }

    /// A resource, known by these URIs.
    pub(super) fn new<F, R, C>(resource: Resource, uris: Uris, handler: F) -> Result<Self, OfferError>
    where
        F: Fn(ResourceRequest, ToolContext) -> R + Send + Sync + 'static,
        R: Future<Output = Result<C, ToolError>> + Send + 'static,
        C: Into<ResourceContents>,
    {
        if !matches!(uris, Uris::Fitting(_)) && Uri::parse(resource.uri.as_str()).is_err() {
            return Err(OfferError::Uri { uri: resource.uri });
        }
        let handler: Handler = Arc::new(move |request, cx| {
            let reading = handler(request, cx);
            Box::pin(async move { reading.await.map(Into::into) })
        });
        Ok(Self { resource, uris, handler })
    }

    pub(super) fn uri(&self) -> &str {
        &self.resource.uri
    }

    pub(super) fn is_template(&self) -> bool {
        matches!(self.uris, Uris::Fitting(_))
    }

    /// The resource as the gate knows it.
    pub(super) fn target(&self) -> Target<'_> {
        if self.is_template() { Target::ResourceTemplate(self.uri()) } else { Target::Resource(self.uri()) }
    }

    /// Tells whether only clients that show widgets are told of it.
    pub(super) fn is_of_ui(&self) -> bool {
        matches!(self.uris, Uris::OfUi(_))
    }

    pub(super) fn has_variable(&self, name: &str) -> bool {
        matches!(&self.uris, Uris::Fitting(template) if template.has_variable(name))
    }

    pub(super) fn describe(&self) -> Value {
        self.resource.describe(if self.is_template() { "uriTemplate" } else { "uri" })
    }

    /// The variables of the template, if the URI fits it.
    pub(super) fn fits(&self, uri: &str) -> Option<BTreeMap<String, String>> {
        match &self.uris {
            Uris::Fitting(template) => template.fit(uri),
            Uris::One => (self.resource.uri == uri).then(BTreeMap::new),
            Uris::OfUi(knows) => (self.resource.uri == uri || knows(uri)).then(BTreeMap::new),
        }
    }

    /// The call of the handler for this URI.
    pub(super) fn prepare(&self, uri: &str, variables: BTreeMap<String, String>) -> Prepared {
        let (handler, uri) = (self.handler.clone(), uri.to_owned());
        let Resource { mime_type, meta, .. } = self.resource.clone();
        Prepared::raw(move |cx| async move {
            let request = ResourceRequest { uri: uri.clone(), variables };
            let mut contents = match handler(request, cx.tool()).await? {
                ResourceContents::Text(text) => json!({ "uri": uri, "text": text }),
                ResourceContents::Bytes(bytes) => json!({ "uri": uri, "blob": BASE64_STANDARD.encode(bytes) }),
            };
            if let Some(mime_type) = mime_type {
                contents["mimeType"] = mime_type.into();
            }
            if !meta.is_empty() {
                contents["_meta"] = meta.into();
            }
            Ok(json!({ "contents": [contents] }))
        })
    }
}
