//! Declaration of a workflow: what is known of it and of its steps before one of them runs.

use std::time::Duration;

use pmcp_protocol::Icon;
use serde_json::{Map, Value};

use crate::{offer::PromptArgument, task::FieldDefinition};

/// Ways a workflow is begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// By its prompt and by the tool of the same name.
    #[default]
    Both,
    /// By its prompt alone.
    PromptOnly,
    /// By the tool alone.
    ToolOnly,
}

/// Fate of a run in which a step of the server failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// It is parked, and the step can be tried again.
    #[default]
    Pause,
    /// It goes on: the step is skipped.
    Skip,
    /// It ends as failed.
    Fail,
}

/// Everything a workflow declares.
#[derive(Clone, Debug, Default)]
pub struct WorkflowDefinition {
    /// Its name, unique among the prompts and tools of the server: 1 to 128 of `A-Z a-z 0-9 _ - .`.
    pub name: String,
    /// A name for people.
    pub title: Option<String>,
    /// Description of what it does, for people and models.
    pub description: Option<String>,
    /// Its pictures, for its prompt and its tool.
    pub icons: Vec<Icon>,
    /// Lifetime of its runs, if it says so.
    pub ttl: Option<Duration>,
    /// The scopes that its callers need, all of them: who lacks one is not told of it, nor of its runs.
    pub scopes: Vec<String>,
    /// Ways it is begun, if it says so. One that requires no argument has to: a host that gets its prompt only to look may begin it.
    pub start: Option<Start>,
    /// Set if cancelling a run in which only steps of the client remain completes it.
    pub finish_on_cancel: bool,
    /// `_meta` of its prompt and its tool, in lists.
    pub meta: Map<String, Value>,
    /// The JSON Schema of its arguments, an object, as their type says it.
    pub arguments: Value,
    /// Names of its arguments in the order in which they are declared, as far as that is known.
    pub order: &'static [&'static str],
    /// The variables of its runs.
    pub variables: Vec<FieldDefinition>,
    /// Its steps, in the order in which they run.
    pub steps: Vec<StepDefinition>,
}

impl WorkflowDefinition {
    /// Its arguments as those of a prompt: names, descriptions and which of them are required, as the schema has them. They stand in
    /// their order, those without one behind the others.
    #[must_use]
    pub fn prompt_arguments(&self) -> Vec<PromptArgument> {
        prompt_arguments(&self.arguments, self.order)
    }

    /// Ways it is begun.
    #[must_use]
    pub fn ways(&self) -> Start {
        self.start.unwrap_or_default()
    }

    /// Tells whether there is an argument that has to be given.
    pub(crate) fn requires_arguments(&self) -> bool {
        self.arguments.get("required").and_then(Value::as_array).is_some_and(|required| !required.is_empty())
    }

    /// The place of a step among the others.
    #[must_use]
    pub fn position(&self, step: &str) -> Option<usize> {
        self.steps.iter().position(|other| other.name == step)
    }
}

/// The arguments of a prompt, as a schema has them: names, descriptions and which of them are required. They stand in this order, those
/// without a place in it behind the others.
pub(crate) fn prompt_arguments(arguments: &Value, order: &[&str]) -> Vec<PromptArgument> {
    let required = arguments.get("required").and_then(Value::as_array);
    let properties = arguments.get("properties").and_then(Value::as_object);
    let mut properties: Vec<_> = properties.into_iter().flatten().collect();
    let place = |name: &str| order.iter().position(|other| *other == name).unwrap_or(order.len());
    properties.sort_by_key(|(name, _)| place(name));
    let listed = properties.into_iter().map(|(name, schema)| {
        let is_required = required.is_some_and(|required| required.iter().any(|other| other == name));
        let argument = if is_required { PromptArgument::required(name) } else { PromptArgument::optional(name) };
        match schema.get("description").and_then(Value::as_str) {
            Some(text) => argument.description(text),
            None => argument,
        }
    });
    listed.collect()
}

/// Everything a step declares.
#[derive(Clone, Debug)]
pub struct StepDefinition {
    /// Its name, unique in the workflow.
    pub name: &'static str,
    /// A name for people.
    pub title: Option<&'static str>,
    /// The words of its doc comment: what the client is told to do, or what the server does.
    pub guidance: Option<&'static str>,
    /// Its doer.
    pub by: By,
    /// Set if its result never leaves the server.
    pub hidden: bool,
    /// Fate of the run if the server fails to do it.
    pub on_error: OnError,
    /// Time a step of the server may take. Tools have their own.
    pub timeout: Option<Duration>,
    /// Set if it may be skipped: by its mapping, or because it failed.
    pub may_be_skipped: bool,
    /// The earlier steps whose results it takes, in the order of its parameters.
    pub takes: Vec<Takes>,
    /// The JSON Schema of what a client gives.
    pub output_schema: Option<Value>,
    /// Check that a result is one that later steps can read; the error says where it is not. Gives what is recorded in its place, if that
    /// is not the result as it is.
    pub check: fn(&Value) -> Result<Option<Value>, String>,
}

/// The doer of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// The server runs its function.
    Server,
    /// The server calls the tool of this name.
    ServerTool(String),
    /// The client calls the tool of this name.
    ClientTool(String),
    /// The client gives a value.
    ClientOutput,
}

impl By {
    /// The name of the tool that is called.
    #[must_use]
    pub fn tool(&self) -> Option<&str> {
        match self {
            Self::ServerTool(name) | Self::ClientTool(name) => Some(name),
            Self::Server | Self::ClientOutput => None,
        }
    }

    /// Tells whether it is the client's turn.
    #[must_use]
    pub fn is_client(&self) -> bool {
        matches!(self, Self::ClientTool(_) | Self::ClientOutput)
    }
}

/// A result that a step takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Takes {
    /// The name of the earlier step.
    pub step: &'static str,
    /// Set if that step may be skipped, which the taker knows.
    pub may_be_skipped: bool,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_of_the_prompt_are_those_of_the_schema() {
        let arguments = json!({
            "type": "object",
            "properties": { "region": { "type": "string", "description": "Where." }, "wait": { "type": "boolean" } },
            "required": ["region"],
        });
        let definition = WorkflowDefinition { arguments, ..WorkflowDefinition::default() };
        let expected = [PromptArgument::required("region").description("Where."), PromptArgument::optional("wait")];
        assert_eq!(definition.prompt_arguments(), expected);
        let listed = |order| {
            let arguments = json!({ "properties": { "a": {}, "b": {}, "c": {}, "d": {} } });
            WorkflowDefinition { arguments, order, ..WorkflowDefinition::default() }.prompt_arguments()
        };
        assert_eq!(listed(&["c", "other", "b"]), ["c", "b", "a", "d"].map(PromptArgument::optional));
        assert_eq!(listed(&[]), ["a", "b", "c", "d"].map(PromptArgument::optional));
        assert!(WorkflowDefinition::default().prompt_arguments().is_empty());
    }
}
