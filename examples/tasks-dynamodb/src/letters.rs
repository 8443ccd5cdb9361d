//! The tool: it takes its time, keeps how far it has come, and goes on there if its worker dies.

use std::{sync::Arc, time::Duration};

use pmcp_tasks::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Name of the process that runs tasks here.
#[derive(Clone, Debug)]
pub(crate) struct Worker(pub(crate) Arc<str>);

/// Number of words that are done; clients see it.
#[derive(TaskVariables, Default)]
pub(crate) struct Progress {
    words: u32,
}

/// Number that was counted, and the worker that did.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Counted {
    pub(crate) letters: usize,
    pub(crate) worker: String,
}

/// Count the letters of a text.
#[task_tool(support = "required", ttl = "1h", on_crash = "restart", read_only)]
pub(crate) async fn count_letters(
    text: String,
    task: TaskContext<Progress>,
    State(worker): State<Worker>,
) -> Result<Counted, ToolError> {
    let mut letters = 0;
    for (number, word) in (0_u32..).zip(text.split_whitespace()) {
        let count = || async {
            task.sleep(Duration::from_millis(100)).await?;
            Ok::<_, ToolError>(word.chars().filter(|letter| letter.is_alphabetic()).count())
        };
        // What was counted is not counted again by a worker that takes over.
        letters += task.step(&format!("word-{number}"), count).await?;
        task.variables().words.set(number + 1).await?;
    }
    Ok(Counted { letters, worker: worker.0.to_string() })
}
