//! The official SDK's side: the same tool on its task manager, as its own tests write it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use measure::{BUFFER, PAYLOAD};
use rmcp::{
    ErrorData, RoleClient, ServerHandler, ServiceExt as _,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, ClientConfig, ContentBlock,
        CreateTaskResult, GetTaskParams, GetTaskResult, Implementation, ServerCapabilities, ServerConfig, Task,
        TaskPayload,
    },
    service::{RequestContext, RoleServer, RunningService},
    task_manager::{DEFAULT_POLL_INTERVAL_MS, TaskManager, TaskOptions},
};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// The default lifetime of our tasks, so that both sides keep them for as long.
const TTL_MS: u64 = 60 * 60 * 1000;

#[derive(Debug, serde::Deserialize)]
struct EchoArguments {
    text: String,
    /// How long to wait first.
    #[serde(default)]
    hold_ms: Option<u64>,
}

/// A server whose one tool is always a task.
#[derive(Clone)]
struct Echo {
    tasks: TaskManager,
    ttl_ms: Option<u64>,
    /// When the function of a task that had to wait ended, by its text.
    ended: Arc<Mutex<HashMap<String, Instant>>>,
}

impl Echo {
    fn options(&self) -> TaskOptions {
        TaskOptions::new().with_ttl_ms(self.ttl_ms)
    }

    fn ended(&self, text: &str) -> Option<Instant> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).remove(text)
    }
}

impl ServerHandler for Echo {
    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let EchoArguments { text, hold_ms } =
            serde_json::from_value(arguments).map_err(|error| ErrorData::invalid_params(error.to_string(), None))?;
        let ended = self.ended.clone();
        let task = self.tasks.spawn(self.options(), move |_| {
            Box::pin(async move {
                if let Some(hold_ms) = hold_ms {
                    tokio::time::sleep(Duration::from_millis(hold_ms)).await;
                    ended.lock().unwrap_or_else(PoisonError::into_inner).insert(text.clone(), Instant::now());
                }
                Ok(CallToolResult::success(vec![ContentBlock::text(text)]))
            })
        });
        Ok(CallToolResponse::Task(CreateTaskResult::new(task)))
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        Ok(GetTaskResult::new(self.tasks.get_task(&request.task_id)?))
    }

    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().enable_tasks().build())
    }
}

/// A client and the server it is connected to.
pub(crate) struct Rmcp {
    client: RunningService<RoleClient, ClientConfig>,
    server: Echo,
    serving: JoinHandle<()>,
}

impl Drop for Rmcp {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Rmcp {
    /// Connects in process, to a server that keeps tasks for as long as ours does.
    pub(crate) async fn connect() -> anyhow::Result<Self> {
        Self::connect_to(Some(TTL_MS)).await
    }

    /// Connects in process, to a server that never forgets a task: it has less to look at in each.
    pub(crate) async fn connect_keeping_for_ever() -> anyhow::Result<Self> {
        Self::connect_to(None).await
    }

    async fn connect_to(ttl_ms: Option<u64>) -> anyhow::Result<Self> {
        let (near, far) = tokio::io::duplex(BUFFER);
        let server = Echo { tasks: TaskManager::new(), ttl_ms, ended: Arc::default() };
        let echo = server.clone();
        let serving = tokio::spawn(async move {
            if let Ok(service) = echo.serve(far).await {
                // Ends with the client.
                let _ = service.waiting().await;
            }
        });
        let capabilities = ClientCapabilities::builder().enable_tasks().build();
        let client = ClientConfig::new(capabilities, Implementation::from_build_env()).serve(near).await?;
        Ok(Self { client, server, serving })
    }

    /// Makes this many tasks, past the connection, and waits until they have ended.
    pub(crate) async fn fill(&self, tasks: usize) {
        for _ in 0..tasks {
            self.server.tasks.spawn(self.server.options(), |_| {
                Box::pin(async { Ok(CallToolResult::success(vec![ContentBlock::text(PAYLOAD)])) })
            });
        }
        while self.server.tasks.running_task_count() > 0 {
            tokio::task::yield_now().await;
        }
    }

    async fn begin(&self, arguments: Value) -> anyhow::Result<Task> {
        let Value::Object(arguments) = arguments else { anyhow::bail!("arguments are an object") };
        let call = CallToolRequestParams::new("echo").with_arguments(arguments);
        match self.client.call_tool_once(call).await? {
            CallToolResponse::Task(created) => Ok(created.task),
            other => anyhow::bail!("rmcp answered {other:?}"),
        }
    }

    /// The result, if it is there.
    async fn result(&self, id: &str) -> anyhow::Result<Option<rmcp::model::JsonObject>> {
        let now = self.client.peer().get_task(GetTaskParams::new(id)).await?;
        match now.task.payload {
            TaskPayload::Completed { result } => Ok(Some(result)),
            TaskPayload::Working => Ok(None),
            other => anyhow::bail!("rmcp's task became {other:?}"),
        }
    }

    /// A task from the call to its result, asked for until it is there; tells how often that was. The manager has no
    /// other way to wait.
    pub(crate) async fn polled(&self) -> anyhow::Result<u32> {
        let task = self.begin(json!({ "text": PAYLOAD })).await?;
        let mut asked = 1;
        loop {
            if let Some(result) = self.result(&task.task_id).await? {
                anyhow::ensure!(result["content"][0]["text"] == PAYLOAD, "rmcp answered {result:?}");
                return Ok(asked);
            }
            asked += 1;
        }
    }

    /// A task that ends after this time, polled as often as the server suggests: how long its end is not known.
    pub(crate) async fn followed(&self, name: &str, hold: Duration) -> anyhow::Result<Duration> {
        let hold = u64::try_from(hold.as_millis())?;
        let task = self.begin(json!({ "text": name, "hold_ms": hold })).await?;
        let pause = Duration::from_millis(task.poll_interval_ms.unwrap_or(DEFAULT_POLL_INTERVAL_MS));
        loop {
            tokio::time::sleep(pause).await;
            if self.result(&task.task_id).await?.is_some() {
                let ended = self.server.ended(name).context("the task has ended")?;
                return Ok(ended.elapsed());
            }
        }
    }
}
