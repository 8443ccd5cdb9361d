//! Our side: a server with a tool that does nothing, in process.

use anyhow::Context as _;
use measure::{BUFFER, PAYLOAD};
use pmcp_client::{Client, Version};
use pmcp_server::Server;
use pmcp_tasks::{Limits, TaskStore, prelude::*};
use serde_json::json;
use tokio::task::JoinHandle;

/// Gives back its text.
#[task_tool(support = "optional", inline = "0")]
async fn echo(text: String) -> Result<String, ToolError> {
    Ok(text)
}

/// A client and the server it is connected to.
#[derive(Debug)]
pub(crate) struct Ours {
    pub(crate) client: Client,
    serving: JoinHandle<()>,
}

impl Drop for Ours {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Ours {
    /// Connects in process. The server is as `server` makes it.
    pub(crate) async fn connect<S: Clone + Send + Sync + 'static>(
        server: Server<S>,
        version: Version,
    ) -> anyhow::Result<Self> {
        let (near, far) = tokio::io::duplex(BUFFER);
        let (reader, writer) = tokio::io::split(far);
        let serving = tokio::spawn(async move {
            if let Err(error) = server.serve_io(reader, writer).await {
                eprintln!("our server: {error}");
            }
        });
        let (reader, writer) = tokio::io::split(near);
        let client = Client::builder("bench", "1").revision(version).connect_io(reader, writer).await?;
        Ok(Self { client, serving })
    }

    /// A server with the default limits and its tasks in `store`.
    pub(crate) async fn echo(store: TaskStore, version: Version) -> anyhow::Result<Self> {
        Self::connect(Server::new("bench", "1").tool::<echo>().store(store).limits(Limits::default()), version).await
    }

    /// A task from the call to its result, asked for until it is there; tells how often that was.
    pub(crate) async fn polled(&self) -> anyhow::Result<u32> {
        let call = self.client.call_tool("echo", json!({ "text": PAYLOAD })).await?;
        let task = call.into_task().context("our server answered without a task")?;
        let mut asked = 1;
        loop {
            let state = task.get().await?;
            if state.status.is_terminal() {
                let result = state.result.context("our task has no result")?;
                anyhow::ensure!(result["content"][0]["text"] == PAYLOAD, "our server answered {result}");
                return Ok(asked);
            }
            asked += 1;
        }
    }

    /// A task of a 2025-11-25 client from the call to its result, which `tasks/result` gives when it is there.
    pub(crate) async fn waited(&self) -> anyhow::Result<()> {
        let call = self.client.call_tool_as_task("echo", json!({ "text": PAYLOAD }), None).await?;
        let task = call.into_task().context("our server answered without a task")?;
        let result = task.wait().await?;
        anyhow::ensure!(result.first_text() == Some(PAYLOAD), "our server answered {result:?}");
        Ok(())
    }
}
