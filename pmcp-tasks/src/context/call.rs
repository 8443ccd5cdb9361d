//! Calling tools of the same server from inside a function.

use serde_json::{Map, Value};
use tracing::Instrument as _;

use super::{
    step::not_reserved,
    task::{TaskContext, recorded_value},
};
use crate::{
    error::{Mistake, ToolError, ToolErrorKind},
    exact,
    run::{NotAccepted, Recording},
    task::Outcome,
    trace::{self, Doing},
};

impl<V> TaskContext<V> {
    /// Calls a tool of this server once, as a step of this task: its result is recorded under the name `step` and, when the function runs
    /// again after a crash, returned without another call.
    ///
    /// The tool's arguments are judged as those of a client's call are, its `timeout` holds, what it asks is asked for this task, and its
    /// own steps and variables are kept with it, under names of their own. It is no task beside this one. The value is its structured
    /// content, or its text where it has none ([`ToolResult::value`](crate::ToolResult::value)).
    ///
    /// [`call`](crate::CallTools::call) does the same with the types of a tool that the program knows.
    ///
    /// A tool with `on_crash = "fail"` that is neither `read_only` nor `idempotent` is not called again if the process died during the
    /// call: then it is an error, as nobody knows how far it came.
    ///
    /// ```
    /// # use pmcp_tasks::prelude::*;
    /// use serde_json::json;
    ///
    /// #[task_tool(read_only)]
    /// async fn rows(file: String) -> Result<u64, ToolError> {
    ///     Ok(file.len() as u64)
    /// }
    ///
    /// #[task_tool(on_crash = "restart")]
    /// async fn all_rows(files: Vec<String>, task: TaskContext) -> Result<u64, ToolError> {
    ///     let mut sum = 0;
    ///     for file in files {
    ///         let arguments = json!({ "file": file });
    ///         let rows = task.call_named("rows", format!("rows of {file}"), arguments).await?;
    ///         sum += rows.as_u64().unwrap_or_default();
    ///     }
    ///     Ok(sum)
    /// }
    /// ```
    ///
    /// # Errors
    /// There is no such tool, or it asks for parameters before it begins (`#[ask]`); it refuses the arguments; it fails; and as
    /// [`step`](Self::step).
    pub async fn call_named(&self, tool: &str, step: impl Into<String>, arguments: Value) -> Result<Value, ToolError> {
        let (run, name) = (self.run(), step.into());
        not_reserved(&name)?;
        let _busy = run.busy();
        if let Some(recorded) = run.begin_step(&name).await? {
            return recorded_value(&name, &recorded);
        }
        run.certain().await?;
        let call = run.accept(tool, object(tool, arguments)?).map_err(|refused| not_accepted(tool, &refused))?;
        let (is_once, round) = (run.must_not_repeat(tool), run.round());
        let failed = format!("run.pmcp/failed/{round}{name}");
        if is_once {
            if let Some(text) = run.begin_step(&failed).await? {
                return Err(ToolError::new(recorded_value::<String>(&failed, &text)?));
            }
            let begun = format!("run.pmcp/begun/{round}{name}");
            if run.begin_step(&begun).await?.is_some() {
                let text = format!("the server stopped while it called `{tool}`; nobody knows how far that came");
                return Err(ToolError::new(text));
            }
            run.record_step(&begun, "true".into(), None).await?;
        }
        let span = trace::step(Doing::Call(&call.tool, None), run.kept_trace());
        let outcome = (call.begin)(run.part(&name, 0, None)).instrument(span.clone()).await;
        trace::tell(&span, &outcome);
        drop(span);
        let value = match value(outcome) {
            Ok(value) => value,
            Err(error) if is_once && !error.is_cancelled() => {
                // Else a run after a crash would take it for a call that was broken off.
                let text = Value::from(error.to_string()).to_string();
                run.record_step(&failed, text.into(), None).await?;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        let (bytes, _): (_, Value) = exact::read_back(&value)?;
        match run.record_step(&name, bytes.into_boxed_slice().into(), None).await? {
            Recording::Earlier(earlier) => recorded_value(&name, &earlier),
            Recording::Done | Recording::Changed(_) => Ok(value),
        }
    }
}

fn object(tool: &str, arguments: Value) -> Result<Map<String, Value>, ToolError> {
    match arguments {
        Value::Object(arguments) => Ok(arguments),
        Value::Null => Ok(Map::new()),
        _ => Err(Mistake::new(format!("the arguments of a call of `{tool}` are no object")).into()),
    }
}

fn not_accepted(tool: &str, refused: &NotAccepted) -> ToolError {
    match refused {
        NotAccepted::Refused(reason) => ToolError::new(format!("`{tool}` refuses its arguments: {reason}")),
        NotAccepted::Panicked(text) => ToolError::new(format!("`{tool}`: {text}")),
        NotAccepted::Unknown(_) | NotAccepted::Asks(_) => Mistake::new(refused.to_string()).into(),
    }
}

/// The value of a tool's result, or its failure.
fn value(outcome: Outcome) -> Result<Value, ToolError> {
    match outcome {
        Outcome::Result(result) if result.is_error => {
            Err(ToolError::new(result.first_text().unwrap_or("the tool failed")))
        }
        Outcome::Result(result) => Ok(result.value()),
        Outcome::Raw(value) => Ok(value),
        Outcome::Error(error) => Err(ToolError(ToolErrorKind::Rpc(error))),
        Outcome::Cancelled => Err(ToolError::cancelled()),
    }
}
