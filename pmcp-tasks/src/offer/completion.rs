//! Completing the arguments of prompts and the variables of resource templates (completion, "Data Types").

use std::{collections::BTreeMap, fmt, future::Future, pin::Pin, sync::Arc};

use pmcp_protocol::{bounds, params::or_default};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    context::{RunContext, ToolContext},
    tool::{Prepared, ToolError},
};

/// The number of values a reply may have ("Completion Results").
const MAX_VALUES: usize = 100;

/// A request for the values an argument may have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompletionRequest {
    /// The owner of the argument.
    pub of: Completed,
    /// The argument's name.
    pub argument: String,
    /// The text the user has typed.
    pub value: String,
    /// The other arguments that are settled already, by name: none where the client tells of none, or cannot.
    pub settled: BTreeMap<String, String>,
}

impl CompletionRequest {
    /// The request before anything is typed.
    pub(super) fn first(of: Completed, argument: &str) -> Self {
        Self { of, argument: argument.to_owned(), value: String::new(), settled: BTreeMap::new() }
    }
}

/// The owner of an argument that is completed: something the server offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completed {
    /// The prompt with this name.
    Prompt(String),
    /// The resource template, as it was registered, or a resource with this URI.
    Resource(String),
}

/// The values an argument may have, the best first. Make one of a list of texts; only the first hundred are sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    values: Vec<String>,
    total: Option<usize>,
    meta: Map<String, Value>,
}

impl<T: Into<String>> FromIterator<T> for Completion {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self { values: values.into_iter().map(Into::into).collect(), ..Self::default() }
    }
}

impl<T: Into<String>> From<Vec<T>> for Completion {
    fn from(values: Vec<T>) -> Self {
        values.into_iter().collect()
    }
}

impl Completion {
    /// The number of all values, if these are not all.
    #[must_use]
    pub fn total(self, total: usize) -> Self {
        Self { total: Some(total), ..self }
    }

    /// `_meta` of the result.
    #[must_use]
    pub fn meta(self, meta: Map<String, Value>) -> Self {
        Self { meta, ..self }
    }

    pub(crate) fn into_value(mut self) -> Value {
        let total = self.total.unwrap_or(self.values.len());
        self.values.truncate(MAX_VALUES);
        let mut value =
            json!({ "completion": { "hasMore": total > self.values.len(), "total": total, "values": self.values } });
        if !self.meta.is_empty() {
            value["_meta"] = self.meta.into();
        }
        value
    }
}

/// The answer to a [`CompletionRequest`] about one argument.
#[derive(Debug)]
pub enum Suggested {
    /// Nothing is known of the argument's values: somebody else may know.
    Unknown,
    /// These values, of which those that begin with what was typed.
    Values(Vec<String>),
    /// A function gives them.
    Call(Prepared),
}

/// A function that suggests values of arguments.
pub(super) type Suggest = Arc<dyn Fn(CompletionRequest) -> Suggested + Send + Sync>;

/// Suggestions of a server whose state is `S`. `#[complete]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not complete arguments in a server with the state `{S}`",
    label = "no completion here",
    note = "annotate the function with `#[complete]`, and call `.state(…)` before with a state that has every `State<T>` it takes"
)]
pub trait CompletionFunction<S>: 'static {
    /// The call that suggests values.
    fn prepare(state: &S, request: CompletionRequest) -> Prepared;
}

impl Prepared {
    /// A call of a completion.
    pub fn completion<F, R>(run: F) -> Self
    where
        F: FnOnce(RunContext) -> R + Send + 'static,
        // The compiler shows the line, at a completion that keeps something of one thread.
        R: Future<Output = Result<Completion, ToolError>> + Send + 'static, // use `Arc` for `Rc`, or drop it before `.await`
    {
        Self::raw(move |cx| {
            let run = run(cx);
            async move { run.await.map(Completion::into_value) }
        })
    }
}

/// `params` of `completion/complete`.
#[derive(Deserialize)]
pub(super) struct CompleteParams {
    #[serde(rename = "ref")]
    pub(super) reference: Reference,
    pub(super) argument: Argument,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) context: Context,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
pub(super) enum Reference {
    #[serde(rename = "ref/prompt")]
    Prompt {
        #[serde(deserialize_with = "bounds::name")]
        name: String,
    },
    #[serde(rename = "ref/resource")]
    Resource {
        #[serde(deserialize_with = "bounds::uri")]
        uri: String,
    },
}

#[derive(Deserialize)]
pub(super) struct Argument {
    #[serde(deserialize_with = "bounds::name")]
    pub(super) name: String,
    value: String,
}

#[derive(Default, Deserialize)]
pub(super) struct Context {
    #[serde(default, deserialize_with = "or_default")]
    arguments: BTreeMap<String, String>,
}

impl From<CompleteParams> for CompletionRequest {
    fn from(params: CompleteParams) -> Self {
        Self {
            of: match params.reference {
                Reference::Prompt { name } => Completed::Prompt(name),
                Reference::Resource { uri } => Completed::Resource(uri),
            },
            argument: params.argument.name,
            value: params.argument.value,
            settled: params.context.arguments,
        }
    }
}

type CompletionFuture = Pin<Box<dyn Future<Output = Result<Completion, ToolError>> + Send>>;

/// The function that completes.
#[derive(Clone)]
pub(super) struct Completer(Arc<dyn Fn(CompletionRequest, ToolContext) -> CompletionFuture + Send + Sync>);

impl fmt::Debug for Completer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Completer")
    }
}

impl Completer {
    pub(super) fn new<F, R, C>(handler: F) -> Self
    where
        F: Fn(CompletionRequest, ToolContext) -> R + Send + Sync + 'static,
        R: Future<Output = Result<C, ToolError>> + Send + 'static,
        C: Into<Completion>,
    {
        Self(Arc::new(move |request, cx| {
            let completing = handler(request, cx);
            Box::pin(async move { completing.await.map(Into::into) })
        }))
    }

    /// The call of the function.
    pub(super) fn prepare(&self, request: CompletionRequest) -> Prepared {
        let handler = self.0.clone();
        Prepared::raw(move |cx| async move { handler(request, cx.tool()).await.map(Completion::into_value) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_a_hundred_values_are_sent() {
        let few = Completion::from(vec!["a", "b"]).into_value();
        assert_eq!(few, json!({ "completion": { "values": ["a", "b"], "total": 2, "hasMore": false } }));
        let many = (0..150).map(|n| n.to_string()).collect::<Completion>().into_value();
        assert_eq!(many["completion"]["values"].as_array().unwrap().len(), 100);
        assert_eq!((&many["completion"]["total"], &many["completion"]["hasMore"]), (&json!(150), &json!(true)));
        let some = Completion::from(vec!["a"]).total(9).into_value();
        assert_eq!(some, json!({ "completion": { "values": ["a"], "total": 9, "hasMore": true } }));
    }
}
