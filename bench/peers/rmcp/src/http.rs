//! The official SDK over streamable HTTP, as its documentation mounts it, told to answer in JSON.

use std::{net::Ipv4Addr, time::Duration};

use anyhow::Context as _;
use rmcp::{
    ErrorData, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, CreateTaskResult, GetTaskParams,
        GetTaskResult, ServerCapabilities, ServerConfig, SubscriptionFilter,
    },
    service::{RequestContext, RoleServer},
    task_manager::{TaskManager, TaskOptions},
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService,
        session::local::{LocalSessionManager, SessionConfig},
    },
};

/// The default lifetime of our tasks.
const TTL_MS: u64 = 60 * 60 * 1000;

/// As long as our sessions may be idle by default.
const IDLE: Duration = Duration::from_mins(30);

/// A server with two tools that give back their text: `echo` in the answer to the call, `echo_task` as the result of a task.
#[derive(Clone, Default)]
struct Both {
    tasks: TaskManager,
}

impl ServerHandler for Both {
    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let text = arguments.get("text").and_then(|text| text.as_str());
        let text = text.ok_or_else(|| ErrorData::invalid_params("`text` is missing", None))?.to_owned();
        let result = CallToolResult::success(vec![ContentBlock::text(text)]);
        if request.name != "echo_task" {
            return Ok(CallToolResponse::Complete(result));
        }
        let options = TaskOptions::new().with_ttl_ms(TTL_MS);
        let task = self.tasks.spawn(options, |_| Box::pin(async { Ok(result) }));
        Ok(CallToolResponse::Task(CreateTaskResult::new(task)))
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        Ok(GetTaskResult::new(self.tasks.get_task(&request.task_id)?))
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_tool_list_changed().enable_tasks();
        ServerConfig::new(capabilities.build())
    }
}

/// Serves in the background for as long as the process lives; the port.
pub(crate) async fn serve() -> anyhow::Result<f64> {
    let mut sessions = LocalSessionManager::default();
    sessions.session_config = {
        let mut config = SessionConfig::default();
        config.keep_alive = Some(IDLE);
        config
    };
    let handler = Both::default();
    let config = StreamableHttpServerConfig::default().with_json_response(true);
    let service = StreamableHttpService::new(move || Ok(handler.clone()), sessions.into(), config);
    let app = axum::Router::new().nest_service("/mcp", service);
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port is free")?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(f64::from(port))
}
