//! The registry of what a server offers beside tools.

use std::{
    collections::{BTreeMap, HashSet},
    future::Future,
    sync::Arc,
};

use serde_json::{Map, Value, json};

use super::{
    completion::{Completer, Completion, CompletionRequest},
    error::OfferError,
    prompt::{Prompt, PromptArguments, PromptFunction, PromptResult, RegisteredPrompt},
    resource::{RegisteredResource, Resource, ResourceContents, ResourceFunction, ResourceRequest, Uris},
    updates::ResourceUpdates,
};
use crate::{
    context::ToolContext,
    gate::{Target, TargetKind},
    tool::ToolError,
};

/// Everything a server offers beside tools: prompts, resources, resource templates, completions.
#[derive(Debug, Default)]
pub struct Offers {
    pub(super) prompts: Vec<RegisteredPrompt>,
    /// Some arguments are completed without the completer.
    completes: bool,
    pub(super) resources: Vec<RegisteredResource>,
    pub(super) completer: Option<Completer>,
    updates: Option<ResourceUpdates>,
}

/// [`Offers`] in the making.
#[derive(Debug, Default)]
#[must_use]
pub struct OffersBuilder {
    prompts: Vec<RegisteredPrompt>,
    /// Some prompts are answered by somebody else.
    lists_others: bool,
    resources: Vec<Result<RegisteredResource, OfferError>>,
    completer: Option<Completer>,
    updates: Option<ResourceUpdates>,
}

impl OffersBuilder {
    /// Offers a prompt.
    pub fn prompt<F, R>(mut self, prompt: Prompt, handler: F) -> Self
    where
        F: Fn(PromptArguments, ToolContext) -> R + Send + Sync + 'static,
        R: Future<Output = Result<PromptResult, ToolError>> + Send + 'static,
    {
        self.prompts.push(RegisteredPrompt::new(prompt, handler));
        self
    }

    /// Offers a prompt: a function with `#[prompt]`, which takes parts of this state.
    pub fn prompt_function<P: PromptFunction<S>, S: Clone + Send + Sync + 'static>(mut self, state: &S) -> Self {
        self.prompts.push(RegisteredPrompt::of::<P, S>(state));
        self
    }

    /// Offers a resource, or all that fit a template: a function with `#[resource]`, which takes parts of this state.
    pub fn resource_function<F: ResourceFunction<S>, S: Clone + Send + Sync + 'static>(mut self, state: &S) -> Self {
        self.resources.push(RegisteredResource::of::<F, S>(state));
        self
    }

    /// Lists prompts that somebody else answers: the workflows of a [`TaskRouter`](crate::TaskRouter), which is asked first.
    pub fn listed(mut self, prompts: impl IntoIterator<Item = Prompt>) -> Self {
        let unknown = |_, _| async { Err(ToolError::rpc(-32602, "unknown prompt")) };
        let before = self.prompts.len();
        let begins = |prompt| RegisteredPrompt::new(prompt, unknown).of_workflow();
        self.prompts.extend(prompts.into_iter().map(begins));
        self.lists_others |= self.prompts.len() > before;
        self
    }

    /// Offers a resource, given by its URI or described in more detail.
    pub fn resource<F, R, C>(mut self, resource: impl Into<Resource>, handler: F) -> Self
    where
        F: Fn(ResourceRequest, ToolContext) -> R + Send + Sync + 'static,
        R: Future<Output = Result<C, ToolError>> + Send + 'static,
        C: Into<ResourceContents>,
    {
        self.resources.push(RegisteredResource::one(resource.into(), handler));
        self
    }

    /// Offers the resources whose URI fits a template such as `test://item/{id}/data`; a variable is one part without `/`
    /// (RFC 6570, level 1).
    pub fn resource_template<F, R, C>(mut self, template: impl Into<Resource>, handler: F) -> Self
    where
        F: Fn(ResourceRequest, ToolContext) -> R + Send + Sync + 'static,
        R: Future<Output = Result<C, ToolError>> + Send + 'static,
        C: Into<ResourceContents>,
    {
        self.resources.push(RegisteredResource::template(template.into(), handler));
        self
    }

    /// Offers a resource that is listed only for clients that show widgets. It is read by its URI, and by every other one that `knows`
    /// accepts: hosts keep URIs of earlier versions.
    pub fn ui_resource<K, F, R, C>(mut self, resource: impl Into<Resource>, knows: K, handler: F) -> Self
    where
        K: Fn(&str) -> bool + Send + Sync + 'static,
        F: Fn(ResourceRequest, ToolContext) -> R + Send + Sync + 'static,
        R: Future<Output = Result<C, ToolError>> + Send + 'static,
        C: Into<ResourceContents>,
    {
        self.resources.push(RegisteredResource::new(resource.into(), Uris::OfUi(Arc::new(knows)), handler));
        self
    }

    /// Lets clients subscribe to resources: they are told of what is reported to `updates`.
    pub fn resource_updates(self, updates: &ResourceUpdates) -> Self {
        Self { updates: Some(updates.clone()), ..self }
    }

    /// Suggests values while a user types an argument of a prompt, or a variable of a resource template.
    ///
    /// One function for all of them: it is asked only about what is offered, and what it does not know it answers with an
    /// empty list.
    pub fn complete<F, R, C>(self, handler: F) -> Self
    where
        F: Fn(CompletionRequest, ToolContext) -> R + Send + Sync + 'static,
        R: Future<Output = Result<C, ToolError>> + Send + 'static,
        C: Into<Completion>,
    {
        Self { completer: Some(Completer::new(handler)), ..self }
    }

    /// Puts them together.
    ///
    /// # Errors
    /// Two have one name, or a URI or a template is none.
    pub fn build(self) -> Result<Offers, OfferError> {
        let resources = self.resources.into_iter().collect::<Result<Vec<_>, _>>()?;
        unique("prompt", self.prompts.iter().map(|prompt| prompt.prompt.name()))?;
        unique("resource", resources.iter().map(RegisteredResource::uri))?;
        let Self { prompts, lists_others, completer, updates, .. } = self;
        let suggests =
            prompts.iter().any(RegisteredPrompt::suggests) || resources.iter().any(RegisteredResource::suggests);
        Ok(Offers { prompts, completes: lists_others || suggests, resources, completer, updates })
    }
}

fn unique<'a>(what: &'static str, names: impl Iterator<Item = &'a str>) -> Result<(), OfferError> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(OfferError::Duplicate { what, name: name.to_owned() });
        }
    }
    Ok(())
}

impl Offers {
    /// Begins with nothing.
    pub fn builder() -> OffersBuilder {
        OffersBuilder::default()
    }

    /// Tells whether there is a prompt of this name.
    #[must_use]
    pub fn has_prompt(&self, name: &str) -> bool {
        self.prompts.iter().any(|prompt| prompt.prompt.name() == name)
    }

    /// Tells whether there is a resource with this URI, or a template that it fits, whose targets pass: see
    /// [`TaskRouter::permits`](crate::TaskRouter::permits).
    #[must_use]
    pub fn has_resource(&self, uri: &str, is_permitted: impl Fn(&Target<'_>) -> bool) -> bool {
        self.permitted_resource(uri, is_permitted).is_some()
    }

    /// Tells whether something needs scopes, so that lists are not the same for all. Of rules the router
    /// [knows](crate::TaskRouter::is_selective).
    #[must_use]
    pub fn is_selective(&self) -> bool {
        let mut resources = self.resources.iter();
        self.prompts.iter().any(|prompt| !prompt.target().scopes.is_empty())
            || resources.any(|resource| !resource.scopes().is_empty())
    }

    /// Tells whether arguments can be completed.
    #[must_use]
    pub fn has_completions(&self) -> bool {
        self.completer.is_some() || self.completes
    }

    /// The one who tells of changed resources, if clients may subscribe to them.
    #[must_use]
    pub fn updates(&self) -> Option<&ResourceUpdates> {
        self.updates.as_ref()
    }

    /// The capabilities that follow from what is offered, which each revision declares in its own way.
    #[must_use]
    pub fn capabilities(&self) -> Map<String, Value> {
        let mut capabilities = Map::new();
        if !self.prompts.is_empty() {
            capabilities.insert("prompts".into(), json!({}));
        }
        if !self.resources.is_empty() {
            let subscribe = self.updates.is_some().then(|| ("subscribe".to_owned(), true.into()));
            capabilities.insert("resources".into(), subscribe.into_iter().collect::<Map<_, _>>().into());
        }
        if self.has_completions() {
            capabilities.insert("completions".into(), json!({}));
        }
        capabilities
    }

    pub(super) fn find_prompt(&self, name: &str) -> Option<&RegisteredPrompt> {
        self.prompts.iter().find(|prompt| prompt.prompt.name() == name)
    }

    /// The same if it passes both as what was registered and as this URI, however it is spelt: a template may be for others than
    /// what fits it.
    pub(super) fn permitted_resource(
        &self,
        uri: &str,
        is_permitted: impl Fn(&Target<'_>) -> bool,
    ) -> Option<(&RegisteredResource, BTreeMap<String, String>)> {
        self.find_resource(uri).filter(|(it, variables)| {
            let passes = |uri: &str| is_permitted(&Target::new(TargetKind::Resource, uri, it.scopes()));
            is_permitted(&it.target())
                && passes(uri)
                && it.spellings(variables).all(|spelling| spelling == uri || passes(&spelling))
        })
    }

    /// The resource with this URI, or the template it fits with the template's variables.
    pub(super) fn find_resource(&self, uri: &str) -> Option<(&RegisteredResource, BTreeMap<String, String>)> {
        self.resources.iter().find_map(|resource| Some((resource, resource.fits(uri)?)))
    }
}
