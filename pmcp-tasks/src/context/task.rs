//! The context of a function whose call can be a task, and what generated code makes contexts of.

use std::{fmt, marker::PhantomData, sync::Arc};

use bytes::Bytes;
use tracing::Instrument as _;

use super::{
    ToolContext,
    step::{StepValue, not_reserved},
    variables::{ATTEMPTS, Cells, TaskVariables, changed},
};
use crate::{
    error::{Mistake, StoreError, ToolError},
    exact,
    run::{Recording, Run},
    task::{TaskId, VariableError},
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
