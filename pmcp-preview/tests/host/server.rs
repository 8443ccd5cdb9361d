//! A server with a tool for each thing that a page can meet.

use pmcp_server::{Running, Server};
use pmcp_tasks::prelude::*;
use serde_json::json;

/// Counts, and tells how far it is.
#[task_tool(support = "forbidden")]
async fn count(to: u32, cx: ToolContext) -> Result<String, ToolError> {
    for number in 1..=to {
        cx.progress(number, to).await;
    }
    Ok(format!("counted to {to}"))
}

/// An answer.
#[derive(Form)]
struct Named {
    name: String,
}

/// Greets whoever says a name.
#[task_tool(support = "forbidden")]
async fn greet(cx: ToolContext) -> Result<String, ToolError> {
    let Named { name } = cx.elicit("What is your name?").await?;
    Ok(format!("Hello, {name}!"))
}

/// Has the model say something.
#[task_tool(support = "forbidden")]
async fn model(cx: ToolContext) -> Result<String, ToolError> {
    let said = cx.sample(json!({ "messages": [], "maxTokens": 9 })).await?;
    Ok(said["content"]["text"].as_str().unwrap_or_default().to_owned())
}

fn server() -> Server {
    Server::new("stage", "1.0").tool::<count>().tool::<greet>().tool::<model>()
}

/// Serves on a free port of loopback.
pub(crate) async fn start() -> Running {
    server().start("127.0.0.1:0".parse().unwrap()).await.unwrap()
}

/// Serves on a listener.
pub(crate) fn start_on(listener: tokio::net::TcpListener) -> Running {
    server().start_on(listener).unwrap()
}
