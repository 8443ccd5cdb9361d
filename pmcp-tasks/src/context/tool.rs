//! The context of every function: its call.

use std::{any::Any, fmt, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use tokio_util::sync::CancellationToken;

use super::{AskError, Form, amount::Amount};
use crate::{
    call::ClientCapabilities,
    error::{CancelCause, Cancelled, ToolError},
    protocol::{ByName, LogLevel, TraceContext, bounds},
    run::Run,
    schema::{answer::misfit, form::ALONE},
    security::Principal,
    task::Owner,
};

/// The call a function runs in: who called, whether it was cancelled, and the way to ask the client.
#[derive(Clone)]
pub struct ToolContext {
    pub(super) run: Arc<Run>,
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
    /// crash, has none of it. What such a run needs is to be kept as the result of a [step](crate::TaskContext::step), or in a variable. A
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
