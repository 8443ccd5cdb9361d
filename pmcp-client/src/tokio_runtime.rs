//! Tokio as the executor of a client.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;

use crate::{error::ClientError, runtime::Runtime};

/// Tokio as a client's executor.
#[derive(Clone, Debug)]
pub struct TokioRuntime(Handle);

impl TokioRuntime {
    /// The Tokio runtime this is called in.
    ///
    /// # Errors
    /// There is none.
    pub fn try_current() -> Result<Self, ClientError> {
        Handle::try_current().map(Self).map_err(ClientError::transport)
    }
}

impl Runtime for TokioRuntime {
    fn spawn(&self, future: BoxFuture<'static, ()>) {
        self.0.spawn(future);
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        let _entered = self.0.enter();
        Box::pin(tokio::time::sleep(time))
    }
}
