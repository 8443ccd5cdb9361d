//! Resources and resource templates (resources, "Data Types").

use std::{collections::BTreeMap, fmt, future::Future, pin::Pin, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use fluent_uri::Uri;
use serde_json::{Map, Value, json};

use super::{
    completion::{Completed, CompletionRequest, Suggest, Suggested},
    error::OfferError,
    template::Template,
};
use crate::{
    call::Revision,
    context::{RunContext, ToolContext},
    error::ToolErrorKind,
    gate::{Target, TargetKind},
    protocol::{Annotations, Icon, RpcError},
    tool::{ArgumentError, Prepared, ToolError},
};

/// A resource that clients can list and read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource {
    uri: String,
    name: String,
    title: Option<String>,
    description: Option<String>,
    mime_type: Option<String>,
    size: Option<u64>,
    icons: Vec<Icon>,
    annotations: Option<Annotations>,
    meta: Map<String, Value>,
    scopes: Vec<String>,
}

impl Resource {
    /// A resource, named after its URI.
    pub fn new(uri: impl Into<String>) -> Self {
        let uri = uri.into();
        Self { name: uri.clone(), uri, ..Self::default() }
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

    /// Its size in bytes, before any encoding. A template has none.
    #[must_use]
    pub fn size(self, bytes: u64) -> Self {
        Self { size: Some(bytes), ..self }
    }

    /// Its pictures.
    #[must_use]
    pub fn icons(self, icons: impl IntoIterator<Item = Icon>) -> Self {
        Self { icons: icons.into_iter().collect(), ..self }
    }

    /// Hints for whom it is, and how much it matters.
    #[must_use]
    pub fn annotations(self, annotations: Annotations) -> Self {
        Self { annotations: Some(annotations), ..self }
    }

    /// Its `_meta`, in lists and beside its contents.
    #[must_use]
    pub fn meta(self, meta: Map<String, Value>) -> Self {
        Self { meta, ..self }
    }

    /// Scopes that its callers need beside those that it has, all of them: who lacks one is not told of it.
    #[must_use]
    pub fn scopes<T: Into<String>>(mut self, scopes: impl IntoIterator<Item = T>) -> Self {
        self.scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    fn describe(&self, uri_key: &str, revision: Revision) -> Value {
        let mut resource = Map::from_iter([
            (uri_key.to_owned(), Value::from(self.uri.as_str())),
            ("name".to_owned(), self.name.as_str().into()),
        ]);
        let texts = [("title", &self.title), ("description", &self.description), ("mimeType", &self.mime_type)];
        resource.extend(texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text.as_deref()?.into()))));
        if uri_key == "uri" {
            resource.extend(self.size.map(|bytes| ("size".to_owned(), bytes.into())));
        }
        if revision.has_icons() && !self.icons.is_empty() {
            resource.insert("icons".to_owned(), json!(self.icons));
        }
        resource.extend(self.annotations.as_ref().map(|annotations| ("annotations".to_owned(), json!(annotations))));
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

impl<const N: usize> From<[u8; N]> for ResourceContents {
    fn from(bytes: [u8; N]) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<&[u8]> for ResourceContents {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.into())
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
    /// The variables of the template it fits, without their percent-encoding; none for a plain resource. A value may
    /// have slashes inside; one that would lead out of a directory to which it is joined, as with a part `..` or a slash at its beginning, fits no
    /// template.
    pub variables: BTreeMap<String, String>,
}

type ReadFuture = Pin<Box<dyn Future<Output = Result<ResourceContents, ToolError>> + Send>>;
type Handler = Arc<dyn Fn(ResourceRequest) -> Result<ResourceRead, ArgumentError> + Send + Sync>;

/// A resource, or all that fit a template, of a server whose state is `S`. `#[resource]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a resource of a server with the state `{S}`",
    label = "not a resource here",
    note = "annotate the function with `#[resource(uri = \"…\")]`, and call `.state(…)` before `.resource::<…>()` with a state that has every `State<T>` it takes"
)]
pub trait ResourceFunction<S>: 'static {
    /// Set if its URI has variables.
    const IS_TEMPLATE: bool;

    /// Returns what the resource declares.
    fn definition() -> Resource;

    /// Accepts or refuses the variables of a URI, without their percent-encoding.
    ///
    /// # Errors
    /// One does not fit: there is no such resource. The message names it.
    fn prepare(state: &S, variables: BTreeMap<String, String>) -> Result<ResourceRead, ArgumentError>;

    /// Suggests values of a variable.
    fn suggest(state: &S, request: CompletionRequest) -> Suggested;
}

/// A resource whose variables were accepted, ready to be read once.
pub struct ResourceRead(Box<dyn FnOnce(RunContext) -> ReadFuture + Send>);

impl fmt::Debug for ResourceRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResourceRead")
    }
}

impl ResourceRead {
    /// One that this function does.
    pub fn new<F, R>(read: F) -> Self
    where
        F: FnOnce(RunContext) -> R + Send + 'static,
        // The compiler shows the line, at a resource that keeps something of one thread.
        R: Future<Output = Result<ResourceContents, ToolError>> + Send + 'static, // use `Arc` for `Rc`, or drop it before `.await`
    {
        Self(Box::new(move |cx| Box::pin(read(cx))))
    }

    async fn run(self, cx: RunContext) -> Result<ResourceContents, ToolError> {
        (self.0)(cx).await
    }
}

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
    pub(super) suggest: Option<Suggest>,
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
        let handler = Arc::new(handler);
        let read: Handler = Arc::new(move |request| {
            let handler = handler.clone();
            Ok(ResourceRead::new(async move |cx: RunContext| handler(request, cx.tool()).await.map(Into::into)))
        });
        Ok(Self { resource, uris, handler: read, suggest: None })
    }

    /// That of a function with `#[resource]`.
    pub(super) fn of<F: ResourceFunction<S>, S: Clone + Send + Sync + 'static>(state: &S) -> Result<Self, OfferError> {
        let resource = F::definition();
        let uris = if F::IS_TEMPLATE { Uris::Fitting(Template::parse(&resource.uri)?) } else { Uris::One };
        if !F::IS_TEMPLATE && Uri::parse(resource.uri.as_str()).is_err() {
            return Err(OfferError::Uri { uri: resource.uri });
        }
        let (state, suggesting) = (state.clone(), state.clone());
        let handler: Handler = Arc::new(move |request| F::prepare(&state, request.variables));
        let suggest: Suggest = Arc::new(move |request| F::suggest(&suggesting, request));
        Ok(Self { resource, uris, handler, suggest: Some(suggest) })
    }

    /// Tells whether values of a variable can be suggested.
    pub(super) fn suggests(&self) -> bool {
        let (Some(suggest), Uris::Fitting(template)) = (&self.suggest, &self.uris) else { return false };
        let of = |variable| CompletionRequest::first(Completed::Resource(self.resource.uri.clone()), variable);
        template.variables().any(|variable| !matches!(suggest(of(variable)), Suggested::Unknown))
    }

    pub(super) fn uri(&self) -> &str {
        &self.resource.uri
    }

    pub(super) fn is_template(&self) -> bool {
        matches!(self.uris, Uris::Fitting(_))
    }

    /// The scopes that its callers need.
    pub(super) fn scopes(&self) -> &[String] {
        &self.resource.scopes
    }

    /// The resource as the gate knows it.
    pub(super) fn target(&self) -> Target<'_> {
        let kind = if self.is_template() { TargetKind::ResourceTemplate } else { TargetKind::Resource };
        Target::new(kind, self.uri(), self.scopes())
    }

    /// Tells whether only clients that show widgets are told of it.
    pub(super) fn is_of_ui(&self) -> bool {
        matches!(self.uris, Uris::OfUi(_))
    }

    pub(super) fn has_variable(&self, name: &str) -> bool {
        matches!(&self.uris, Uris::Fitting(template) if template.has_variable(name))
    }

    /// The entry of lists for a client of this revision.
    pub(super) fn describe(&self, revision: Revision) -> Value {
        self.resource.describe(if self.is_template() { "uriTemplate" } else { "uri" }, revision)
    }

    /// The variables of the template, if the URI fits it.
    pub(super) fn fits(&self, uri: &str) -> Option<BTreeMap<String, String>> {
        match &self.uris {
            Uris::Fitting(template) => template.fit(uri),
            Uris::One => (self.resource.uri == uri).then(BTreeMap::new),
            Uris::OfUi(knows) => (self.resource.uri == uri || knows(uri)).then(BTreeMap::new),
        }
    }

    /// The call that reads this URI for a client of this revision.
    ///
    /// # Errors
    /// There is no resource with such variables.
    /// The ways to write a URI that fits with these variables; none if there is one alone.
    pub(super) fn spellings(&self, variables: &BTreeMap<String, String>) -> impl Iterator<Item = String> {
        let template = if let Uris::Fitting(template) = &self.uris { Some(template) } else { None };
        template.into_iter().flat_map(|template| template.spellings(variables))
    }

    pub(super) fn prepare(
        &self,
        uri: &str,
        variables: BTreeMap<String, String>,
        revision: Revision,
    ) -> Result<Prepared, RpcError> {
        let uri = uri.to_owned();
        let Resource { mime_type, meta, .. } = self.resource.clone();
        let reading = (self.handler)(ResourceRequest { uri: uri.clone(), variables }).map_err(|misfit| {
            let unknown = revision.unknown_resource(&uri);
            RpcError { message: format!("{}: {}", unknown.message, misfit.message), ..unknown }
        })?;
        Ok(Prepared::raw(move |cx| async move {
            let contents = reading.run(cx).await.map_err(|error| match error.0 {
                ToolErrorKind::NotFound => ToolError(ToolErrorKind::Rpc(revision.unknown_resource(&uri))),
                other => ToolError(other),
            })?;
            let mut contents = match contents {
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
        }))
    }
}
