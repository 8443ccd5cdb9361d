//! Errors as the client is to read them: one text for each thing that can be wrong, and no inner detail.

use crate::{engine::Ended, error::StoreError, protocol::RpcError, run::shutting_down, task::NotChanged};

/// There is no such task for this caller; the same answer whether or not somebody else has it.
pub(super) fn unknown_task() -> RpcError {
    RpcError::invalid_params("unknown task")
}

impl From<StoreError> for RpcError {
    fn from(error: StoreError) -> Self {
        crate::heard::error!(error = &error as &dyn std::error::Error, "the store failed");
        Self::internal("the task store failed")
    }
}

impl From<NotChanged> for RpcError {
    fn from(error: NotChanged) -> Self {
        match error {
            NotChanged::Missing | NotChanged::Lost => unknown_task(),
            NotChanged::Ended(_) => Self::invalid_params("the task has ended"),
            NotChanged::Store(error) => error.into(),
        }
    }
}

impl From<Ended> for RpcError {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Missing => unknown_task(),
            Ended::Cancelled => Self::cancelled(),
            Ended::InTime(_) => Self::internal("the task did not end in time"),
            Ended::Stopped => shutting_down(),
            Ended::Store(error) => error.into(),
        }
    }
}
