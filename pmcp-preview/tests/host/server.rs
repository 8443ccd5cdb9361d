//! A server with a tool for each thing that a page can meet.

use std::time::Duration;

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

/// What `job` shares with its client.
#[derive(TaskVariables, Default)]
struct Job {
    done: u64,
    #[variable(client_writable)]
    note: String,
}

/// Asks in the midst of its work.
#[task_tool(support = "optional", inline = "0")]
async fn job(task: TaskContext<Job>) -> Result<String, ToolError> {
    task.progress(1, 2).await;
    task.variables().done.set(1).await?;
    let Named { name } = task.elicit("What is your name?").await?;
    task.progress(2, 2).await;
    Ok(format!("{name} has done it"))
}

/// Has the model say something in the midst of its work.
#[task_tool(support = "required")]
async fn write(task: TaskContext) -> Result<String, ToolError> {
    let said = task.sample(json!({ "messages": [], "maxTokens": 9 })).await?;
    Ok(said["content"]["text"].as_str().unwrap_or_default().to_owned())
}

/// Fails in a way that a model may read, or not.
#[task_tool(support = "optional", inline = "0")]
async fn fail(is_protocol: bool) -> Result<String, ToolError> {
    Err(if is_protocol { ToolError::rpc(-32000, "it broke") } else { ToolError::new("it went wrong") })
}

/// Works until it is cancelled.
#[task_tool(support = "optional", inline = "0")]
async fn toil(task: TaskContext) -> Result<String, ToolError> {
    task.sleep(Duration::from_secs(600)).await?;
    Ok("done".to_owned())
}

fn server() -> Server {
    let server = Server::new("stage", "1.0").tool::<count>().tool::<greet>().tool::<model>();
    server.tool::<job>().tool::<write>().tool::<fail>().tool::<toil>()
}

/// Serves on a free port of loopback.
pub(crate) async fn start() -> Running {
    server().start("127.0.0.1:0".parse().unwrap()).await.unwrap()
}

/// Serves on a listener.
pub(crate) fn start_on(listener: tokio::net::TcpListener) -> Running {
    server().start_on(listener).unwrap()
}
