//! Declaration of a tool, and the trait the macro implements.

use std::{fmt, pin::Pin, time::Duration};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{TaskSupport, ToolAnnotations, ToolResult, ToolTypes, ToolUi};
use crate::{
    context::RunContext,
    error::ToolError,
    protocol::{
        Icon, ToolView, VIEW,
        header::{self, HeaderParameter},
    },
    schema::{Compiled, published},
    task::{Change, FieldDefinition, OnCrash, Outcome, Policy},
};

/// Service for a client that knows no tasks when a call takes long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fallback {
    /// Follows the server: [`TaskRouterBuilder::task_fallback`](crate::router::TaskRouterBuilder::task_fallback).
    #[default]
    Server,
    /// A result that names the task, and tools to go on with.
    Handle,
    /// Nothing: the call takes as long as it takes, and a tool that runs only as a task refuses.
    None,
}

/// A parameter marked `#[ask("…")]`: the client is asked for it before the task exists.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The parameter's name; also the key of the input request.
    pub name: &'static str,
    /// Words the client is asked with.
    pub message: &'static str,
    /// The form: an object whose properties are of the protocol's primitive schemas, or one such schema, which is then the one field, named
    /// like the parameter (elicitation, "Requested Schema").
    pub schema: Value,
}

/// Everything a tool declares.
#[derive(Clone, Debug, Default)]
pub struct ToolDefinition {
    /// Its name, unique in the server: 1 to 128 of `A-Z a-z 0-9 _ - .`.
    pub name: String,
    /// A name for people.
    pub title: Option<String>,
    /// Description of what it does, for the model.
    pub description: Option<String>,
    /// Support of tasks: never, on request or always.
    pub support: TaskSupport,
    /// Lifetime of a task if the client does not say.
    pub ttl: Option<Duration>,
    /// The longest that clients are told to wait between looks at a task.
    pub poll_interval: Option<Duration>,
    /// Time a call is waited for before it is answered with its task, where the server decides that it becomes one
    /// (2026-07-28).
    pub inline: Option<Duration>,
    /// Time one run may take before it is cancelled and fails. In a task, the waits for the client's answers do not
    /// count, but all ends ten minutes before the task expires, so that its result can be fetched.
    pub timeout: Option<Duration>,
    /// Fate of a task whose process dies.
    pub on_crash: OnCrash,
    /// Treatment of a long call of a client that knows no tasks.
    pub fallback: Fallback,
    /// The scopes that its callers need, all of them: who lacks one is not told of it.
    pub scopes: Vec<String>,
    /// Hints about its behaviour.
    pub annotations: ToolAnnotations,
    /// The JSON Schema of its arguments, an object. A router lists it in the form that hosts take: an object with properties
    /// at the root, no `null` in what may be left out, no lists of types.
    pub input_schema: Value,
    /// The JSON Schema of its structured result; listed in such a form, too.
    pub output_schema: Option<Value>,
    /// Questions that are asked before the task exists.
    pub questions: Vec<Question>,
    /// The variables of its tasks.
    pub variables: Vec<FieldDefinition>,
    /// Its pictures.
    pub icons: Vec<Icon>,
    /// `_meta` of the tool.
    pub meta: Map<String, Value>,
    /// Its part in widgets: listed for clients that show them.
    pub ui: ToolUi,
    /// Its types under their Rust names; `None` if nobody knows them.
    pub types: Option<ToolTypes>,
}

impl ToolDefinition {
    /// Puts its schemas into the form that is listed; the schema that arguments are read by.
    ///
    /// # Errors
    /// There is no such form, or it cannot be checked; a clause that says of what.
    pub(crate) fn publish(&mut self) -> Result<Compiled, String> {
        let given = Compiled::new(&self.input_schema)?;
        self.input_schema = published::of_arguments(&self.input_schema)?;
        self.output_schema = self.output_schema.as_ref().map(published::of_result);
        Ok(given)
    }

    /// Returns its wishes for its tasks.
    pub(crate) fn policy(&self) -> Policy {
        Policy {
            ttl: self.ttl,
            poll_interval: self.poll_interval,
            timeout: self.timeout,
            inline: self.inline,
            on_crash: self.on_crash,
        }
    }

    /// Returns what lists say of it.
    pub(crate) fn view(&self) -> ToolView<'_> {
        ToolView {
            name: &self.name,
            title: self.title.as_deref(),
            description: self.description.as_deref(),
            support: self.support,
            annotations: &self.annotations,
            input_schema: &self.input_schema,
            output_schema: self.output_schema.as_ref(),
            icons: &self.icons,
            meta: &self.meta,
        }
    }

    /// The arguments that 2026-07-28 clients repeat in HTTP headers, for the transport to compare.
    #[must_use]
    pub fn header_parameters(&self) -> Vec<HeaderParameter> {
        // Wrong ones are refused when the router is built.
        header::parameters(&self.input_schema).unwrap_or_default()
    }
}

/// The arguments of a call: the client's, and the answers to the tool's questions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arguments {
    /// `params.arguments`.
    pub given: Map<String, Value>,
    /// The answers to questions, by name: the fields of a form, or the value of a question that is one field.
    pub answers: Map<String, Value>,
}

/// Arguments that do not fit the tool's schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ArgumentError {
    /// One sentence that names the argument.
    pub message: String,
}

/// What a run comes to.
#[derive(Debug)]
pub(crate) enum Output {
    /// It has ended so, with what is written along.
    Ended(Outcome, Along),
    /// Its task waits for somebody, and nobody holds it: that is written.
    Parked,
}

/// What is written in the same write as an end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Along {
    pub(crate) changes: Vec<Change>,
    /// The result of a step.
    pub(crate) step: Option<(String, Bytes)>,
}

impl From<Outcome> for Output {
    fn from(outcome: Outcome) -> Self {
        Self::Ended(outcome, Along::default())
    }
}

type OutputFuture = Pin<Box<dyn Future<Output = Result<Output, ToolError>> + Send>>;

/// A call whose arguments were accepted, ready to run once.
pub struct Prepared(Box<dyn FnOnce(RunContext) -> OutputFuture + Send>);

impl Prepared {
    /// A call of a tool that runs this function.
    pub fn new<F, R>(run: F) -> Self
    where
        F: FnOnce(RunContext) -> R + Send + 'static,
        // The compiler shows the line, at a tool that keeps something of one thread.
        R: Future<Output = Result<ToolResult, ToolError>> + Send + 'static, // use `Arc` for `Rc`, or drop it before `.await`
    {
        Self(Box::new(move |cx| {
            let run = run(cx);
            Box::pin(async move { run.await.map(|result| Outcome::Result(result).into()) })
        }))
    }

    /// A call of something else than a tool, such as a prompt: the function gives the method's result.
    pub fn raw<F, R>(run: F) -> Self
    where
        F: FnOnce(RunContext) -> R + Send + 'static,
        R: Future<Output = Result<Value, ToolError>> + Send + 'static,
    {
        Self(Box::new(move |cx| {
            let run = run(cx);
            Box::pin(async move { run.await.map(|value| Outcome::Raw(value).into()) })
        }))
    }

    /// Work that writes to its task how far it has come.
    pub(crate) fn parking<F, R>(run: F) -> Self
    where
        F: FnOnce(RunContext) -> R + Send + 'static,
        R: Future<Output = Result<Output, ToolError>> + Send + 'static,
    {
        Self(Box::new(move |cx| Box::pin(run(cx))))
    }

    /// The same call of a tool with a widget: its result has the name under which a view keeps its state.
    pub(crate) fn viewed(self, name: impl FnOnce() -> Option<String> + Send + 'static) -> Self {
        Self(Box::new(move |cx| {
            let run = self.run(cx);
            Box::pin(async move {
                let mut output = run.await?;
                if let Output::Ended(Outcome::Result(result), _) = &mut output
                    && !result.meta.contains_key(VIEW)
                {
                    result.meta.extend(name().map(|name| (VIEW.to_owned(), name.into())));
                }
                Ok(output)
            })
        }))
    }

    /// The same, with a name that the store of its run makes.
    pub(crate) fn viewed_there(self) -> Self {
        Self(Box::new(move |cx| {
            let run = cx.run().clone();
            self.viewed(move || run.random_text()).run(cx)
        }))
    }

    /// Runs it.
    pub(crate) fn run(self, cx: RunContext) -> OutputFuture {
        (self.0)(cx)
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prepared")
    }
}

/// A tool of a server whose state is `S`. `#[task_tool]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tool of a server with the state `{S}`",
    label = "not a tool here",
    note = "annotate the function with `#[task_tool]`, and call `.state(…)` before `.tool::<…>()` with a state that has every `State<T>` it takes"
)]
pub trait Tool<S>: 'static {
    /// Returns what the tool declares.
    fn definition() -> ToolDefinition;

    /// Accepts or refuses the arguments. A router has read them by the definition's schema before: equal values of another form
    /// are what the schema asks for (an integer that came as `3.0`, a list that came as JSON text, a null that means left out),
    /// and after it refuses those that pass a bound of the schema. Everything else is judged here.
    ///
    /// # Errors
    /// The arguments do not fit the schema; the message names the argument.
    fn prepare(state: &S, arguments: Arguments) -> Result<Prepared, ArgumentError>;
}
