//! The tool: it takes its time to count.

use std::{sync::Arc, time::Duration};

use pmcp_tasks::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Name of the process that runs tasks here.
#[derive(Clone, Debug)]
pub(crate) struct Worker(pub(crate) Arc<str>);

/// Number that was counted, and the worker that did.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Counted {
    pub(crate) primes: u32,
    pub(crate) worker: String,
}

/// Count the primes below a number.
#[task_tool(support = "required", ttl = "1h", on_crash = "restart", read_only)]
pub(crate) async fn count_primes(
    below: u32,
    task: TaskContext,
    State(worker): State<Worker>,
) -> Result<Counted, ToolError> {
    // As if it were more work: so that one worker alone does not finish the batch at once.
    task.sleep(Duration::from_millis(300)).await?;
    let primes = tokio::task::spawn_blocking(move || count(below)).await.map_err(std::io::Error::other)?;
    Ok(Counted { primes, worker: worker.0.to_string() })
}

/// By trial division.
pub(crate) fn count(below: u32) -> u32 {
    let is_prime = |n: u32| (2..=n.isqrt()).all(|d| !n.is_multiple_of(d));
    (2..below).map(|n| u32::from(is_prime(n))).sum()
}
