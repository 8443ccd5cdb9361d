//! The contexts a function takes as parameters.

use std::{any::Any, fmt, marker::PhantomData, sync::Arc, time::Duration};

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::{
    AskError, Form,
    amount::Amount,
    step::{StepValue, not_reserved},
    variables::{ATTEMPTS, Cells, TaskVariables, changed},
};
use crate::{
    call::ClientCapabilities,
    error::{CancelCause, Cancelled, Mistake, StoreError, ToolError},
    exact,
    protocol::{ByName, LogLevel, TraceContext, bounds},
    run::{Recording, Run},
    schema::{answer::misfit, form::ALONE},
    security::Principal,
    task::{Owner, TaskId, VariableError},
    trace::{self, Doing, Failed},
};

/// A run, before generated code makes the context its function takes.
#[derive(Clone)]
pub struct RunContext {
    run: Arc<Run>,
}

impl RunContext {
    pub(crate) fn new(run: Arc<Run>) -> Self {
        Self { run }
    }

    /// The run itself.
    pub(crate) fn run(&self) -> &Arc<Run> {
        &self.run
    }

    /// The context of a function with these variables.
    #[must_use]
    pub fn task<V: TaskVariables>(&self) -> TaskContext<V> {
        TaskContext {
            tool: ToolContext { run: self.run.clone() },
            cells: Cells::new(self.run.clone()),
            variables: PhantomData,
        }
    }

    /// The context of an ordinary function.
    #[must_use]
    pub fn tool(&self) -> ToolContext {
        ToolContext { run: self.run.clone() }
    }
}

impl fmt::Debug for RunContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunContext")
    }
}

/// The call a function runs in: who called, whether it was cancelled, and the way to ask the client.
#[derive(Clone)]
pub struct ToolContext {
    run: Arc<Run>,
}

impl fmt::Debug for ToolContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolContext").field("task", &self.run.id()).finish_non_exhaustive()
    }
}

impl ToolContext {
    pub(super) fn run(&self) -> &Arc<Run> {
        &self.run
    }

    /// Returns the owner of the call; `None` where the server cannot tell.
    #[must_use]
    pub fn owner(&self) -> Option<&Owner> {
        self.run.owner()
    }

    /// The authenticated caller; `None` without authentication. A run that was queued or taken over knows its subject, client,
    /// issuer and scopes, and no claims.
    #[must_use]
    pub fn principal(&self) -> Option<&Principal> {
        self.run.principal()
    }

    /// The place of this work in the caller's trace, to be handed on to what it calls: as headers of HTTP, say. `None` if the caller
    /// told of no trace and nobody traces here.
    ///
    /// It is kept with a task: a run that was queued or taken over has that of the call. With a [`Bridge`](crate::trace::Bridge) it is
    /// the span that the function is in.
    ///
    /// ```
    /// # use pmcp_tasks::prelude::*;
    /// #[task_tool]
    /// async fn forward(url: String, task: TaskContext) -> Result<String, ToolError> {
    ///     let mut request = format!("GET {url} HTTP/1.1\r\n");
    ///     for (name, value) in task.trace().iter().flat_map(|trace| trace.pairs()) {
    ///         request += &format!("{name}: {value}\r\n");
    ///     }
    ///     Ok(request)
    /// }
    /// ```
    #[must_use]
    pub fn trace(&self) -> Option<TraceContext> {
        self.run.trace()
    }

    /// A value that the request brought in `_meta`, under this key; `None` if there is none. Names of your own have a prefix of your own, such as
    /// `example.com/tenant`; what the protocol itself has there is not given. It is not among the arguments, so no model fills it in: the host's program does.
    ///
    /// It is of the request that began this run, and not kept with a task: a run that a worker took from the queue, or that goes on after a
    /// crash, has none of it. What such a run needs is to be kept as the result of a [step](TaskContext::step), or in a variable. A
    /// call that was asked something and came again (2026-07-28) has that of the first time.
    ///
    /// ```
    /// # use pmcp_tasks::{TaskRouter, TaskStore, call::{CallContext, Caller, Revision}, prelude::*};
    /// # use serde_json::json;
    /// #[task_tool]
    /// async fn greet(task: TaskContext) -> Result<String, ToolError> {
    ///     let language: Option<String> = task.meta("example.com/language")?;
    ///     Ok(if language.as_deref() == Some("it") { "Ciao!" } else { "Hello!" }.into())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let router = TaskRouter::builder().tool::<greet>().build(TaskStore::memory())?;
    /// let caller = CallContext::new(Revision::V2025, Caller::local());
    /// let call = json!({ "name": "greet", "_meta": { "example.com/language": "it" } });
    /// let result = router.handle("tools/call", &call, &caller).await.answer()?;
    /// assert_eq!(result["content"][0]["text"], "Ciao!");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The value is none of a `T`: the caller may read why.
    pub fn meta<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ToolError> {
        let Some(value) = self.run.brought().meta.as_ref().and_then(|meta| meta.get(key)) else { return Ok(None) };
        T::deserialize(ByName(value)).map(Some).map_err(|error| {
            let error = bounds::shortened(&error.to_string(), bounds::ERROR);
            ToolError::new(format!("`_meta` has a wrong value for `{key}`: {error}"))
        })
    }

    /// The request as the transport saw it that brought it, if it is of this type. A server of the crate `pmcp-server` has the parts of an HTTP
    /// request there, and a function that names their type.
    ///
    /// It is there as long as [`meta`](Self::meta) is.
    #[must_use]
    pub fn request<T: Any>(&self) -> Option<&T> {
        self.run.brought().request.as_ref()?.downcast_ref()
    }

    /// Returns what the client can be asked for. Asking for more fails with [`AskError::Unsupported`](super::AskError::Unsupported).
    #[must_use]
    pub fn client(&self) -> ClientCapabilities {
        self.run.client()
    }

    /// Fires when the work is cancelled, its time is over, the server stops, or the function has returned;
    /// [`cancel_cause`](Self::cancel_cause) tells which.
    #[must_use]
    pub fn cancellation(&self) -> &CancellationToken {
        self.run.cancellation()
    }

    /// The reason why the work is cancelled; `None` if it is not. For code that puts things in order: what a client gave up is to be
    /// undone, what goes on after a restart is not.
    ///
    /// ```
    /// # use pmcp_tasks::{context::CancelCause, prelude::*};
    /// # async fn release(_seat: &str) -> Result<(), ToolError> { Ok(()) }
    /// #[task_tool(support = "required", on_crash = "restart")]
    /// async fn hold(seat: String, task: TaskContext) -> Result<String, ToolError> {
    ///     match task.signal::<String>("paid").await {
    ///         Ok(receipt) => Ok(receipt),
    ///         // The next run waits for the payment, so the seat stays held.
    ///         Err(error) if task.cancel_cause() == Some(CancelCause::Shutdown) => Err(error),
    ///         Err(error) => {
    ///             release(&seat).await?;
    ///             Err(error)
    ///         }
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn cancel_cause(&self) -> Option<CancelCause> {
        self.run.cancel_cause()
    }

    /// Fails when the work is cancelled: `task.check_cancelled()?` between pieces of work.
    ///
    /// # Errors
    /// The work was cancelled.
    pub fn check_cancelled(&self) -> Result<(), Cancelled> {
        self.run.check_cancelled()
    }

    /// Waits, on the server's clock, unless the work is cancelled.
    ///
    /// # Errors
    /// The work was cancelled.
    pub async fn sleep(&self, duration: Duration) -> Result<(), Cancelled> {
        tokio::select! {
            biased;
            () = self.run.cancellation().cancelled() => self.run.check_cancelled(),
            () = self.run.clock().sleep(duration) => self.run.certain().await,
        }
    }

    /// Tells the client how far the work is: `done` of `total`.
    ///
    /// A 2025-11-25 client that sent a `progressToken` gets `notifications/progress`; a task shows it as its status
    /// message, written at most once a poll interval; where it runs in another process than its session, the session hears what
    /// is written. Values that do not increase are not sent; a run after a crash begins anew.
    pub async fn progress(&self, done: impl Amount, total: impl Amount) {
        self.run.progress(done.amount(), Some(total.amount()), None).await;
    }

    /// The same with a text for the user.
    pub async fn progress_message(&self, done: impl Amount, total: impl Amount, message: impl Into<String>) {
        self.run.progress(done.amount(), Some(total.amount()), Some(message.into())).await;
    }

    /// Writes to the client's log, if the client wants to see messages of this level. For your own log use [`tracing`].
    ///
    /// 2025-11-25 clients choose a level for their session, [`LogLevel::Info`] if they do not; 2026-07-28 clients with each
    /// request, and see nothing of a task. A run that another process took from the queue, or took over, has no session to tell:
    /// its messages are not sent. The protocol deprecated such messages in 2026-07-28.
    ///
    /// What JSON cannot hold, such as NaN, is not sent; your own log tells it.
    pub fn log(&self, level: LogLevel, data: impl Serialize) {
        self.run.log(level, data);
    }

    /// Lets the client go that waits for this call, if it can come back: its connection ends, and it fetches what follows, the
    /// answer included, over another one a second later. For work of minutes behind proxies that cut such connections.
    ///
    /// So do clients of 2025-11-25 over HTTP; earlier ones do if they have been told something before, such as progress. For others, on
    /// stdio, and in a task, it does nothing.
    pub fn let_go(&self) {
        self.run.let_go();
    }

    /// Asks the user. `T` derives [`Form`], or is a text, a number or a flag.
    ///
    /// In a task the question is part of the task: its status becomes `input_required` until it is answered, and an
    /// answer given survives a restart. Questions asked concurrently, as with `tokio::join!`, reach the client together. The
    /// tool's timeout stands still while it waits; to wait for less, drop the future, as with `tokio::select!`: the question
    /// is taken back. An answer that does not fit the form, or passes a bound of it (`range`, `length`, `format`), leaves the
    /// question open; a client that is asked by a request (2025-11-25 and before) is asked three times at most. Forms are shown
    /// as the client's version knows them: before 2025-11-25 there is no choice of several (`Vec` of an enum). What is asked for
    /// alone is the field `answer` of its form; of an `#[ask]` parameter it has the parameter's name.
    ///
    /// ```
    /// # use pmcp_tasks::prelude::*;
    /// #[derive(Form)]
    /// struct Consent {
    ///     /// Whether others may see it.
    ///     publish: bool,
    ///     #[form(length = ..=80)]
    ///     reason: Option<String>,
    /// }
    ///
    /// #[task_tool]
    /// async fn publish(task: TaskContext) -> Result<String, ToolError> {
    ///     let Consent { publish, reason } = task.elicit("Publish 12 rows?").await?;
    ///     let times: u8 = task.elicit("How often?").await?;
    ///     Ok(format!("{publish} {times} {reason:?}"))
    /// }
    /// ```
    ///
    /// # Errors
    /// The user declined or dismissed it, the client refused or cannot be asked or shown it, or the answer does not fit.
    pub async fn elicit<T: Form>(&self, message: impl Into<String>) -> Result<T, AskError> {
        let mut answer = self.asked(message.into(), T::requested_schema()).await?;
        T::take(&mut answer, ALONE).map_err(|mistake| misfit(&mistake))
    }
}

/// The task a function runs in: everything of [`ToolContext`], and what makes it a task.
///
/// `V` is the type of its variables, which derives [`TaskVariables`]; the bound is on what needs it, so that a type without
/// it is one error. In a call that did not become a task, [`id`](Self::id) is `None` and steps and
/// variables live in memory for the duration of the call.
///
/// The function runs on a thread of the runtime, as all tasks and requests do. What blocks (a library without `async`, a long
/// computation, `std::thread::sleep`) stops them, too: give it to [`tokio::task::spawn_blocking`]. A tool that blocks for a
/// second is told of in the log.
///
/// ```
/// # use pmcp_tasks::prelude::*;
/// #[task_tool]
/// async fn checksum(path: String, task: TaskContext) -> Result<u64, ToolError> {
///     task.step("sum", async || {
///         let bytes = tokio::task::spawn_blocking(move || std::fs::read(path)).await??;
///         Ok::<_, ToolError>(bytes.into_iter().map(u64::from).sum())
///     })
///     .await
/// }
/// ```
pub struct TaskContext<V = ()> {
    tool: ToolContext,
    cells: Cells,
    variables: PhantomData<fn() -> V>,
}

impl<V> Clone for TaskContext<V> {
    fn clone(&self) -> Self {
        Self { tool: self.tool.clone(), cells: self.cells.clone(), variables: PhantomData }
    }
}

impl<V> fmt::Debug for TaskContext<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskContext").field("task", &self.tool.run.id()).finish_non_exhaustive()
    }
}

impl<V> std::ops::Deref for TaskContext<V> {
    type Target = ToolContext;

    fn deref(&self) -> &ToolContext {
        &self.tool
    }
}

impl<V> TaskContext<V> {
    pub(super) fn run(&self) -> &Run {
        &self.tool.run
    }

    /// The task's id. A call that may still be answered in time has the one it would get; `None` if it cannot become a task.
    #[must_use]
    pub fn id(&self) -> Option<TaskId> {
        self.tool.run.id()
    }

    /// Counts the runs, this one included: 1, and one more after each time the task was taken over from a dead worker.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.tool.run.attempt()
    }

    /// The task's variables: one handle each.
    #[must_use]
    pub fn variables(&self) -> V::Variables<'_>
    where
        V: TaskVariables,
    {
        V::variables(&self.cells)
    }

    /// Runs `work` once: its result is recorded and, when the function runs again after a crash, returned without running
    /// it again. Only an `Ok` is recorded. If the process dies between the end of `work` and its recording, it runs
    /// again: give [`step_key`](Self::step_key) to effects that can deduplicate. To change variables with it, such as to count, use
    /// [`step_changing`](Self::step_changing). Where `work` uses `?`, it names the type of its error at its end:
    /// `Ok::<_, ToolError>(…)`.
    ///
    /// The value is returned as it is read from what was recorded, in the first run too: what does not come back, such as a field
    /// that serde skips, is missing at once and not only after a crash.
    ///
    /// # Errors
    /// The error of `work`; a name used twice in this run, or one that begins with `run.pmcp/`, as those of what the runtime records do;
    /// a result that would not be read back, such as one with a NaN, which JSON does not have; the task was lost or cancelled; the store
    /// failed.
    pub async fn step<T, E, F, W>(&self, name: impl Into<String>, work: F) -> Result<T, ToolError>
    where
        T: StepValue,
        // The compiler shows the line, at a closure that leaves its error's type open.
        E: Into<ToolError>, // name it where `work` ends: `Ok::<_, ToolError>(…)`
        F: FnOnce() -> W + Send,
        W: Future<Output = Result<T, E>> + Send,
    {
        let name = name.into();
        let _busy = self.tool.run.busy();
        let (bytes, value) = match self.run_step(&name, work).await? {
            Step::Earlier(value) => return Ok(value),
            Step::Ran(bytes, value) => (bytes, value),
        };
        match self.tool.run.record_step(&name, bytes, None).await? {
            Recording::Earlier(earlier) => recorded_value(&name, &earlier),
            // It changes nothing.
            Recording::Done | Recording::Changed(_) => Ok(value),
        }
    }

    /// Runs `work` once, as [`step`](Self::step) does, and changes variables in the very write that records its result: a crash
    /// leaves both or neither.
    ///
    /// For what counts or collects. Beside a step, `add` and `push` count again when the function runs once more after a crash;
    /// here `change` has been made if the step was recorded, and is not made again. When somebody else changes one of the variables
    /// at the same time, `change` runs once more, on the new values.
    ///
    /// ```
    /// # use pmcp_tasks::prelude::*;
    /// #[derive(TaskVariables, Default)]
    /// struct Imported {
    ///     rows: u64,
    ///     files: Vec<String>,
    /// }
    ///
    /// # async fn import(file: &str) -> Result<u64, ToolError> { Ok(file.len() as u64) }
    /// #[task_tool(on_crash = "restart")]
    /// async fn import_all(files: Vec<String>, task: TaskContext<Imported>) -> Result<u64, ToolError> {
    ///     for file in files {
    ///         task.step_changing(format!("import {file}"), async || import(&file).await, |imported, rows| {
    ///             imported.rows += rows;
    ///             imported.files.push(file.clone());
    ///         })
    ///         .await?;
    ///     }
    ///     Ok(task.variables().rows.get().await?)
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`step`](Self::step); also when a variable cannot have its new value, the variables would be too large, or others keep
    /// changing them.
    pub async fn step_changing<T, E, F, W>(
        &self,
        name: impl Into<String>,
        work: F,
        mut change: impl FnMut(&mut V, &T) + Send,
    ) -> Result<T, ToolError>
    where
        V: TaskVariables,
        T: StepValue + Sync,
        E: Into<ToolError>,
        F: FnOnce() -> W + Send,
        W: Future<Output = Result<T, E>> + Send,
    {
        let name = name.into();
        let _busy = self.tool.run.busy();
        let (bytes, value) = match self.run_step(&name, work).await? {
            Step::Earlier(value) => return Ok(value),
            Step::Ran(bytes, value) => (bytes, value),
        };
        let run = &self.tool.run;
        let _turn = run.variable_turn().await;
        let mut contended = String::new();
        for _ in 0..ATTEMPTS {
            let read = run.variables().await?;
            let (_, changed) = changed::<V>(&read, |state| change(state, &value))?;
            match run.record_step(&name, bytes.clone(), Some((&read, changed))).await? {
                Recording::Done => return Ok(value),
                Recording::Earlier(earlier) => return recorded_value(&name, &earlier),
                Recording::Changed(variable) => contended = variable,
            }
        }
        Err(VariableError::Contended { name: contended }.into())
    }

    /// Begins a step and does its work, unless it is recorded.
    async fn run_step<T, E, F, W>(&self, name: &str, work: F) -> Result<Step<T>, ToolError>
    where
        T: StepValue,
        E: Into<ToolError>,
        F: FnOnce() -> W + Send,
        W: Future<Output = Result<T, E>> + Send,
    {
        let run = &self.tool.run;
        not_reserved(name)?;
        if let Some(recorded) = run.begin_step(name).await? {
            return recorded_value(name, &recorded).map(Step::Earlier);
        }
        run.certain().await?;
        let span = trace::step(Doing::Code(name), run.kept_trace());
        // Called in the span, too: a closure may do something before its future is polled.
        let done = span.in_scope(work).instrument(span.clone()).await.map_err(Into::into);
        let value = done.inspect_err(|error| Failed::of_error(error).tell(&span))?;
        drop(span);
        let (bytes, value) =
            exact::read_back(&value).map_err(|mistake| mistake.about(format_args!("the result of step `{name}`")))?;
        Ok(Step::Ran(bytes.into_boxed_slice().into(), value))
    }

    /// A key for the effects of a step: the same each time this task runs the step, different for every task and step.
    #[must_use]
    pub fn step_key(&self, name: &str) -> String {
        self.tool.run.step_key(name)
    }

    /// Sets the task's status message, which clients show to the user; at most 1,024 bytes, cut beyond that.
    ///
    /// # Errors
    /// The task was lost, or the store failed.
    pub async fn status_message(&self, message: impl Into<String>) -> Result<(), StoreError> {
        self.tool.run.status_message(message.into()).await
    }
}

/// A step that was begun.
enum Step<T> {
    /// An earlier run recorded this.
    Earlier(T),
    /// Its work gave this, which is yet to be recorded.
    Ran(Bytes, T),
}

/// The value of a step as a run recorded it, which may be one of an earlier version of the program.
pub(super) fn recorded_value<T: StepValue>(name: &str, bytes: &[u8]) -> Result<T, ToolError> {
    serde_json::from_slice(bytes).map_err(|error| {
        Mistake::caused(format!("what is recorded of step `{name}` does not fit its type any more"), error).into()
    })
}
