//! Prompts (prompts, "Data Types").

use std::{fmt, future::Future, sync::Arc};

use pmcp_protocol::{Content, Icon, Revision, RpcError, bounds, params::or_default};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::completion::{Completed, CompletionRequest, Suggest, Suggested};
use crate::{
    context::{RunContext, ToolContext},
    gate::{Target, TargetKind},
    tool::{ArgumentError, Prepared, ToolError},
};

/// A prompt that clients can list and get.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    name: String,
    title: Option<String>,
    description: Option<String>,
    arguments: Vec<PromptArgument>,
    icons: Vec<Icon>,
    meta: Map<String, Value>,
    scopes: Vec<String>,
}

/// An argument of a prompt: a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptArgument {
    name: String,
    title: Option<String>,
    description: Option<String>,
    required: bool,
}

impl PromptArgument {
    /// An argument that has to be given.
    pub fn required(name: impl Into<String>) -> Self {
        Self { name: name.into(), title: None, description: None, required: true }
    }

    /// An argument that may be left out.
    pub fn optional(name: impl Into<String>) -> Self {
        Self { name: name.into(), title: None, description: None, required: false }
    }

    /// A name for people.
    #[must_use]
    pub fn title(self, title: impl Into<String>) -> Self {
        Self { title: Some(title.into()), ..self }
    }

    /// A text about it.
    #[must_use]
    pub fn description(self, description: impl Into<String>) -> Self {
        Self { description: Some(description.into()), ..self }
    }
}

impl Prompt {
    /// A prompt without arguments.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// A name for people.
    #[must_use]
    pub fn title(self, title: impl Into<String>) -> Self {
        Self { title: Some(title.into()), ..self }
    }

    /// A text about its use.
    #[must_use]
    pub fn description(self, description: impl Into<String>) -> Self {
        Self { description: Some(description.into()), ..self }
    }

    /// Its pictures.
    #[must_use]
    pub fn icons(self, icons: impl IntoIterator<Item = Icon>) -> Self {
        Self { icons: icons.into_iter().collect(), ..self }
    }

    /// Its `_meta`, in lists.
    #[must_use]
    pub fn meta(self, meta: Map<String, Value>) -> Self {
        Self { meta, ..self }
    }

    /// One more argument.
    #[must_use]
    pub fn argument(mut self, argument: PromptArgument) -> Self {
        self.arguments.push(argument);
        self
    }

    /// Scopes that its callers need beside those that it has, all of them: who lacks one is not told of it.
    #[must_use]
    pub fn scopes<T: Into<String>>(mut self, scopes: impl IntoIterator<Item = T>) -> Self {
        self.scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn arguments(&self) -> impl Iterator<Item = &str> {
        self.arguments.iter().map(|argument| argument.name.as_str())
    }

    pub(super) fn has_argument(&self, name: &str) -> bool {
        self.arguments.iter().any(|argument| argument.name == name)
    }

    /// The entry of lists for a client of this revision.
    pub(super) fn describe(&self, revision: Revision) -> Value {
        let mut prompt = Map::from_iter([("name".to_owned(), Value::from(self.name.as_str()))]);
        let texts = [("title", &self.title), ("description", &self.description)];
        prompt.extend(texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text.as_deref()?.into()))));
        if !self.arguments.is_empty() {
            let arguments: Vec<Value> = self
                .arguments
                .iter()
                .map(|argument| {
                    let mut value = json!({ "name": argument.name, "required": argument.required });
                    for (key, text) in [("title", &argument.title), ("description", &argument.description)] {
                        if let Some(text) = text {
                            value[key] = text.as_str().into();
                        }
                    }
                    value
                })
                .collect();
            prompt.insert("arguments".into(), arguments.into());
        }
        if revision.has_icons() && !self.icons.is_empty() {
            prompt.insert("icons".into(), json!(self.icons));
        }
        if !self.meta.is_empty() {
            prompt.insert("_meta".into(), self.meta.clone().into());
        }
        prompt.into()
    }

    /// Fails unless exactly the declared arguments are given, as texts.
    fn check(&self, given: &Map<String, Value>) -> Result<(), RpcError> {
        for argument in &self.arguments {
            match given.get(&argument.name) {
                Some(Value::String(_)) => {}
                Some(_) => {
                    return Err(RpcError::invalid_params(format!("argument `{}` is not a string", argument.name)));
                }
                None if argument.required => {
                    return Err(RpcError::invalid_params(format!("argument `{}` is missing", argument.name)));
                }
                None => {}
            }
        }
        match given.keys().find(|name| !self.has_argument(name)) {
            Some(_) => {
                Err(RpcError::invalid_params(format!("prompt `{}` was given an argument it does not have", self.name)))
            }
            None => Ok(()),
        }
    }
}

/// The arguments a prompt was asked for with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PromptArguments(Map<String, Value>);

impl PromptArguments {
    /// An argument's text; `None` if it was left out.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// An argument's text, empty if it was left out; for those declared as required it is what was given.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }
}

/// One message of a prompt, for the model.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptMessage {
    role: &'static str,
    content: Content,
}

impl PromptMessage {
    /// A text of the user.
    pub fn user(text: impl Into<String>) -> Self {
        Self::of_user(Content::text(text))
    }

    /// A text of the assistant.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::of_assistant(Content::text(text))
    }

    /// Something of the user, such as an image or a resource.
    #[must_use]
    pub fn of_user(content: Content) -> Self {
        Self { role: "user", content }
    }

    /// Something of the assistant.
    #[must_use]
    pub fn of_assistant(content: Content) -> Self {
        Self { role: "assistant", content }
    }

    fn into_value(self) -> Value {
        json!({ "role": self.role, "content": self.content.into_value() })
    }
}

/// The messages of a prompt, for the model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PromptResult {
    description: Option<String>,
    messages: Vec<Value>,
    meta: Map<String, Value>,
}

impl PromptResult {
    /// A prompt of one user message.
    pub fn user(text: impl Into<String>) -> Self {
        Self::default().with_user(Content::text(text))
    }

    /// One more message of the user.
    #[must_use]
    pub fn with_user(self, content: Content) -> Self {
        self.with(PromptMessage::of_user(content))
    }

    /// One more message of the assistant.
    #[must_use]
    pub fn with_assistant(self, content: Content) -> Self {
        self.with(PromptMessage::of_assistant(content))
    }

    /// A text about the prompt, for people.
    #[must_use]
    pub fn description(self, description: impl Into<String>) -> Self {
        Self { description: Some(description.into()), ..self }
    }

    /// `_meta` of the result.
    #[must_use]
    pub fn meta(self, meta: Map<String, Value>) -> Self {
        Self { meta, ..self }
    }

    fn with(mut self, message: PromptMessage) -> Self {
        self.messages.push(message.into_value());
        self
    }

    pub(super) fn into_value(self) -> Value {
        let mut value = json!({ "messages": self.messages });
        if let Some(description) = self.description {
            value["description"] = description.into();
        }
        if !self.meta.is_empty() {
            value["_meta"] = self.meta.into();
        }
        value
    }
}

impl FromIterator<PromptMessage> for PromptResult {
    fn from_iter<I: IntoIterator<Item = PromptMessage>>(messages: I) -> Self {
        Self { messages: messages.into_iter().map(PromptMessage::into_value).collect(), ..Self::default() }
    }
}

impl From<Vec<PromptMessage>> for PromptResult {
    fn from(messages: Vec<PromptMessage>) -> Self {
        messages.into_iter().collect()
    }
}

impl From<PromptMessage> for PromptResult {
    fn from(message: PromptMessage) -> Self {
        [message].into_iter().collect()
    }
}

impl From<String> for PromptResult {
    fn from(text: String) -> Self {
        Self::user(text)
    }
}

impl From<&str> for PromptResult {
    fn from(text: &str) -> Self {
        Self::user(text)
    }
}

type Handler = Arc<dyn Fn(Map<String, Value>) -> Result<Prepared, RpcError> + Send + Sync>;

/// A prompt of a server whose state is `S`. `#[prompt]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a prompt of a server with the state `{S}`",
    label = "not a prompt here",
    note = "annotate the function with `#[prompt]`, and call `.state(…)` before `.prompt::<…>()` with a state that has every `State<T>` it takes"
)]
pub trait PromptFunction<S>: 'static {
    /// Returns what the prompt declares.
    fn definition() -> Prompt;

    /// Accepts or refuses the arguments, which are texts.
    ///
    /// # Errors
    /// One does not fit, is missing or unknown; the message names it.
    fn prepare(state: &S, given: Map<String, Value>) -> Result<Prepared, ArgumentError>;

    /// Suggests values of an argument.
    fn suggest(state: &S, request: CompletionRequest) -> Suggested;
}

impl Prepared {
    /// A call of a prompt.
    pub fn prompt<F, R>(run: F) -> Self
    where
        F: FnOnce(RunContext) -> R + Send + 'static,
        // The compiler shows the line, at a prompt that keeps something of one thread.
        R: Future<Output = Result<PromptResult, ToolError>> + Send + 'static, // use `Arc` for `Rc`, or drop it before `.await`
    {
        Self::raw(move |cx| {
            let run = run(cx);
            async move { run.await.map(PromptResult::into_value) }
        })
    }
}

/// A prompt with what answers it.
#[derive(Clone)]
pub(super) struct RegisteredPrompt {
    pub(super) prompt: Prompt,
    /// Set if it begins a workflow.
    is_of_workflow: bool,
    handler: Handler,
    pub(super) suggest: Option<Suggest>,
}

impl fmt::Debug for RegisteredPrompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.prompt.fmt(f)
    }
}

/// `params` of `prompts/get`.
#[derive(Deserialize)]
pub(super) struct GetParams {
    #[serde(deserialize_with = "bounds::name")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) arguments: Map<String, Value>,
}

impl RegisteredPrompt {
    pub(super) fn new<F, R>(prompt: Prompt, handler: F) -> Self
    where
        F: Fn(PromptArguments, ToolContext) -> R + Send + Sync + 'static,
        R: Future<Output = Result<PromptResult, ToolError>> + Send + 'static,
    {
        let (handler, declared) = (Arc::new(handler), prompt.clone());
        let prepare = move |arguments: Map<String, Value>| {
            declared.check(&arguments)?;
            let handler = handler.clone();
            let call = async move |cx: RunContext| handler(PromptArguments(arguments), cx.tool()).await;
            Ok(Prepared::prompt(call))
        };
        Self { prompt, is_of_workflow: false, handler: Arc::new(prepare), suggest: None }
    }

    /// The same as one that begins a workflow.
    pub(super) fn of_workflow(self) -> Self {
        Self { is_of_workflow: true, ..self }
    }

    /// The prompt as the gate knows it.
    pub(super) fn target(&self) -> Target<'_> {
        let kind = if self.is_of_workflow { TargetKind::Workflow } else { TargetKind::Prompt };
        Target::new(kind, self.prompt.name(), &self.prompt.scopes)
    }

    /// That of a function with `#[prompt]`.
    pub(super) fn of<P: PromptFunction<S>, S: Clone + Send + Sync + 'static>(state: &S) -> Self {
        let (state, suggesting) = (state.clone(), state.clone());
        let prepare = move |given| P::prepare(&state, given).map_err(|error| RpcError::invalid_params(error.message));
        let suggest: Suggest = Arc::new(move |request| P::suggest(&suggesting, request));
        Self { prompt: P::definition(), is_of_workflow: false, handler: Arc::new(prepare), suggest: Some(suggest) }
    }

    /// Tells whether values of an argument can be suggested.
    pub(super) fn suggests(&self) -> bool {
        self.suggest.as_ref().is_some_and(|suggest| {
            let of = |argument| CompletionRequest::first(Completed::Prompt(self.prompt.name.clone()), argument);
            self.prompt.arguments().any(|argument| !matches!(suggest(of(argument)), Suggested::Unknown))
        })
    }

    /// The call of the prompt with these arguments.
    pub(super) fn prepare(&self, arguments: Map<String, Value>) -> Result<Prepared, RpcError> {
        (self.handler)(arguments)
    }
}
