//! Waiting for what happens outside, across restarts: a signal, a time.

use std::time::Duration;

use bytes::Bytes;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::TaskContext;
use crate::{
    error::{Mistake, ToolError},
    schema::{answer::delivered, json},
};

impl<V> TaskContext<V> {
    /// Waits for a value that somebody outside delivers: a webhook, another process, an operator. They do so once, with
    /// [`TaskHandle::signal`](crate::operate::TaskHandle::signal), before this waits or while it does.
    ///
    /// The wait may take as long as the task exists: the tool's timeout stands still, as it does for questions. What was
    /// delivered is kept with the task, so with `on_crash = "restart"` it is there although server and worker were restarted before
    /// or after it came; a task with another `on_crash` ends with its worker. A wait that is dropped, as by `tokio::select!`, may be
    /// taken up again; a value that was returned is returned once in a run. Between restarts the task keeps its worker, and
    /// counts among the owner's live ones. A server that stops does not wait for it: what is to be finished beside it belongs in a
    /// [`step`](Self::step).
    ///
    /// Names belong to the task. In a step of a workflow, or in a tool that another one calls, they begin with the names of these, as in
    /// `build/paid`, which is what has to be delivered. A name has at most 512 bytes, a value 64 KiB.
    ///
    /// ```
    /// # use pmcp_tasks::{prelude::*, testing::TestContext};
    /// use std::time::Duration;
    ///
    /// use schemars::JsonSchema;
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Serialize, Deserialize, JsonSchema)]
    /// struct Payment {
    ///     cents: u64,
    /// }
    ///
    /// /// Sends the goods once they are paid.
    /// #[task_tool(support = "required", ttl = "24h", on_crash = "restart")]
    /// async fn order(task: TaskContext) -> Result<String, ToolError> {
    ///     tokio::select! {
    ///         paid = task.signal::<Payment>("paid") => Ok(format!("{} cents: sent", paid?.cents)),
    ///         waited = task.timer("payment", Duration::from_secs(20 * 60 * 60)) => {
    ///             waited?;
    ///             Err(ToolError::new("nobody paid in time"))
    ///         }
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let test = TestContext::<()>::new().await;
    /// // As the webhook of the shop does: `store.task(&owner, id).signal("paid", &payment)`.
    /// test.handle().signal("paid", &Payment { cents: 1999 }).await?;
    /// assert_eq!(order(test.task()).await.unwrap(), "1999 cents: sent");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The value that came is none of a `T`; the name was received before in this run, or is too long; as many signals as
    /// [`Limits::open_questions`](crate::Limits::open_questions) were asked for and have not come, those of dropped waits among them;
    /// the call is none that can become a task; the task was lost or cancelled; the store failed.
    pub async fn signal<T: DeserializeOwned + JsonSchema>(&self, name: impl Into<String>) -> Result<T, ToolError> {
        let (name, schema) = (name.into(), json::of::<T>());
        let value = self.run().signal(&name, &schema).await?;
        read(&name, &schema, &value)
    }

    /// Waits until so much time has passed since the task first waited here: after a restart the rest of it.
    ///
    /// For waits of hours and days, with `on_crash = "restart"`; for short ones [`sleep`](super::ToolContext::sleep) needs no
    /// store. The tool's timeout stands still meanwhile. When it runs out is recorded under the name, as with
    /// [`step`](Self::step), so that another `duration` of a later build changes nothing. A wait that is dropped may be taken up again and
    /// ends at the same time; a timer that has run out does so once in a run. The wait ends with the task at the latest, ten
    /// minutes before that expires.
    ///
    /// # Errors
    /// The timer has run out before in this run; the task was lost or cancelled; the store failed.
    pub async fn timer(&self, name: impl Into<String>, duration: Duration) -> Result<(), ToolError> {
        self.run().timer(&name.into(), duration).await
    }
}

/// A signal's value as its type reads it.
fn read<T: DeserializeOwned>(name: &str, schema: &Value, bytes: &Bytes) -> Result<T, ToolError> {
    let not_json = |error| Mistake::caused(format!("the value of signal `{name}` is no JSON"), error);
    let mut value: Value = serde_json::from_slice(bytes).map_err(not_json)?;
    // The reason may repeat the value, which is not for the log either. Whoever delivers one to a task that waits is told.
    let misfit = |at: &str| {
        let place = if at.is_empty() { String::new() } else { format!(": see `{at}`") };
        Mistake::new(format!("the value of signal `{name}` is none that the task waits for{place}"))
    };
    delivered(&mut value, schema).map_err(|found| misfit(&found.at))?;
    serde_json::from_value(value).map_err(|_| misfit("").into())
}
