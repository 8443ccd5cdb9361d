//! Tools that are called from inside a run.

use std::{fmt, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use crate::{error::ToolError, task::Outcome};

/// The tools that runs `R` call. Whoever begins runs has them.
pub(crate) trait Callable<R>: fmt::Debug + Send + Sync {
    /// Accepts a call as one of a client is: by whose the run is, by size, by the schema of the arguments, by the tool itself.
    fn accept(&self, run: &R, tool: &str, arguments: Map<String, Value>) -> Result<AcceptedCall<R>, NotAccepted>;

    /// Tells whether a tool must not be called again when it is not known whether it was.
    fn must_not_repeat(&self, tool: &str) -> bool;

    /// What a client may see of a failure; all of it goes to the log.
    fn told(&self, run: &R, error: ToolError) -> String;

    /// Runs something in a part of a run: it ends whatever that does.
    fn contain(
        &self,
        run: Arc<R>,
        timeout: Option<Duration>,
        work: BoxFuture<'static, Result<Value, ToolError>>,
    ) -> BoxFuture<'static, Outcome>;
}

/// A call of a tool whose arguments were accepted.
pub(crate) struct AcceptedCall<R> {
    /// Name of the tool.
    pub(crate) tool: Arc<str>,
    pub(crate) begin: Begin<R>,
}

/// Runs an accepted call in a part of a run.
pub(crate) type Begin<R> = Box<dyn FnOnce(Arc<R>) -> BoxFuture<'static, Outcome> + Send>;

impl<R> fmt::Debug for AcceptedCall<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcceptedCall").field("tool", &self.tool).finish_non_exhaustive()
    }
}

/// Reason why a call was not accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAccepted {
    #[error("there is no tool `{0}`")]
    Unknown(String),
    #[error("the tool `{0}` asks its caller before it begins, so only a client can call it")]
    Asks(String),
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    Panicked(&'static str),
}
