//! Prompts (prompts, "Data Types").

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use pmcp_protocol::{Content, RpcError, bounds, params::or_default};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    context::ToolContext,
    gate::Target,
    tool::{Prepared, ToolError},
};

/// A prompt that clients can list and get.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    name: String,
    title: Option<String>,
    description: Option<String>,
    arguments: Vec<PromptArgument>,
}

/// An argument of a prompt: a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptArgument {
    name: String,
    description: Option<String>,
    required: bool,
}

impl PromptArgument {
    /// An argument that has to be given.
    pub fn required(name: impl Into<String>) -> Self {
        Self { name: name.into(), description: None, required: true }
    }

    /// An argument that may be left out.
    pub fn optional(name: impl Into<String>) -> Self {
        Self { name: name.into(), description: None, required: false }
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

    /// One more argument.
    #[must_use]
    pub fn argument(mut self, argument: PromptArgument) -> Self {
        self.arguments.push(argument);
        self
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn has_argument(&self, name: &str) -> bool {
        self.arguments.iter().any(|argument| argument.name == name)
    }

    pub(super) fn describe(&self) -> Value {
        let mut prompt = Map::from_iter([("name".to_owned(), Value::from(self.name.as_str()))]);
        let texts = [("title", &self.title), ("description", &self.description)];
        prompt.extend(texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text.as_deref()?.into()))));
        if !self.arguments.is_empty() {
            let arguments: Vec<Value> = self
                .arguments
                .iter()
                .map(|argument| {
                    let mut value = json!({ "name": argument.name, "required": argument.required });
                    if let Some(description) = &argument.description {
                        value["description"] = description.as_str().into();
                    }
                    value
                })
                .collect();
            prompt.insert("arguments".into(), arguments.into());
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

/// The messages of a prompt, for the model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PromptResult {
    description: Option<String>,
    messages: Vec<Value>,
}

impl PromptResult {
    /// A prompt of one user message.
    pub fn user(text: impl Into<String>) -> Self {
        Self::default().with_user(Content::text(text))
    }

    /// One more message of the user.
    #[must_use]
    pub fn with_user(self, content: Content) -> Self {
        self.with("user", content)
    }

    /// One more message of the assistant.
    #[must_use]
    pub fn with_assistant(self, content: Content) -> Self {
        self.with("assistant", content)
    }

    /// A text about the prompt, for people.
    #[must_use]
    pub fn description(self, description: impl Into<String>) -> Self {
        Self { description: Some(description.into()), ..self }
    }

    fn with(mut self, role: &str, content: Content) -> Self {
        self.messages.push(json!({ "role": role, "content": content.into_value() }));
        self
    }

    fn into_value(self) -> Value {
        let mut value = json!({ "messages": self.messages });
        if let Some(description) = self.description {
            value["description"] = description.into();
        }
        value
    }
}

type PromptFuture = Pin<Box<dyn Future<Output = Result<PromptResult, ToolError>> + Send>>;
type Handler = Arc<dyn Fn(PromptArguments, ToolContext) -> PromptFuture + Send + Sync>;

/// A prompt with what answers it.
#[derive(Clone)]
pub(super) struct RegisteredPrompt {
    pub(super) prompt: Prompt,
    /// Set if it begins a workflow.
    is_of_workflow: bool,
    handler: Handler,
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
        Self { prompt, is_of_workflow: false, handler: Arc::new(move |arguments, cx| Box::pin(handler(arguments, cx))) }
    }

    /// The same as one that begins a workflow.
    pub(super) fn of_workflow(self) -> Self {
        Self { is_of_workflow: true, ..self }
    }

    /// The prompt as the gate knows it.
    pub(super) fn target(&self) -> Target<'_> {
        let name = self.prompt.name();
        if self.is_of_workflow { Target::Workflow(name) } else { Target::Prompt(name) }
    }

    /// The call of the handler with these arguments.
    pub(super) fn prepare(&self, arguments: Map<String, Value>) -> Result<Prepared, RpcError> {
        self.prompt.check(&arguments)?;
        let handler = self.handler.clone();
        Ok(Prepared::raw(move |cx| async move {
            handler(PromptArguments(arguments), cx.tool()).await.map(PromptResult::into_value)
        }))
    }
}
