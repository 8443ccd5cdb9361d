//! Cancellation, and why it came.

/// The work was cancelled, or ran out of time. Returned through `?` it ends the task as cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cancelled: {cause}")]
pub struct Cancelled {
    cause: CancelCause,
}

impl Cancelled {
    pub(crate) fn new(cause: CancelCause) -> Self {
        Self { cause }
    }

    /// Returns the reason that came first.
    #[must_use]
    pub fn cause(&self) -> CancelCause {
        self.cause
    }
}

/// Reason why work is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum CancelCause {
    /// The client, or an operator, cancelled the task or the call; or the client went away from a call that only it was waiting for.
    #[error("the client or an operator asked for it")]
    Requested,
    /// It took longer than its `timeout`.
    #[error("its time was used up")]
    Timeout,
    /// The task is no longer in the store: its time to live is over, or it was removed.
    #[error("its task has expired")]
    Expired,
    /// The server stops. A task of a store that others share goes on elsewhere or later if it has `on_crash = "restart"`, so what is to
    /// be undone for good is not to be undone now.
    #[error("the server stops")]
    Shutdown,
    /// Another worker has the task, as this one was taken for dead. Nothing of this run is written any more.
    #[error("another worker took it over")]
    TakenOver,
    /// The task could not be stored, as when its owner has too many.
    #[error("its task was refused")]
    Refused,
    /// The function has returned: this is for what it left running.
    #[error("the function has returned")]
    Ended,
    /// The function fired [the token](crate::context::ToolContext::cancellation) itself.
    #[error("the function asked for it")]
    Function,
}
