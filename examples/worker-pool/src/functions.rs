//! The same where a process lives for one invocation: functions as a service.
//!
//! One invocation answers the request and leaves the task in the queue; another one, which the platform starts on a schedule
//! or because of the first, runs what is queued. A third answers the client's look at its task.

use std::{io::Write as _, process::Stdio, time::Duration};

use pmcp_tasks::{
    TaskRouter, TaskStore,
    call::{CallContext, Caller, Revision},
    router::Execution,
};
use processes::{Outcome, say};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, process::Command};

use crate::{
    LEASE,
    primes::{Worker, count, count_primes},
};

/// Number of queued tasks one invocation takes.
const AT_ONCE: u16 = 8;

async fn router(store: &str, execution: Execution) -> Outcome<TaskRouter> {
    let worker = Worker(format!("process {}", std::process::id()).into());
    let router = TaskRouter::builder().state(worker).tool::<count_primes>().lease(LEASE).execution(execution);
    Ok(router.build(TaskStore::connect(store).await?)?)
}

/// Answers one request: standard input has its method and parameters, standard output gets the result.
pub(crate) async fn call(store: &str) -> Outcome<()> {
    let request: Value = serde_json::from_reader(std::io::stdin().lock())?;
    let router = router(store, Execution::Queued).await?;
    let mut cx = CallContext::new(Revision::V2026, Caller::local());
    cx.client.tasks = true;
    let method = request["method"].as_str().unwrap_or_default();
    let reply = router.handle(method, &request["params"], &cx).await.answer()?;
    writeln!(std::io::stdout(), "{reply}")?;
    Ok(())
}

/// Runs what is queued, and ends.
pub(crate) async fn work(store: &str) -> Outcome<()> {
    let router = router(store, Execution::Immediate).await?;
    while router.run_queued(AT_ONCE).await? == usize::from(AT_ONCE) {}
    // Nobody has to find out that this worker is gone.
    router.shut_down(Duration::ZERO).await;
    Ok(())
}

/// One invocation: what it wrote, and the number of its process.
async fn invoke(store: &str, what: &str, input: &Value) -> Outcome<(Value, u32)> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["--invoke", what, "--store", store])
        // What goes well is told by us.
        .env("RUST_LOG", std::env::var_os("RUST_LOG").unwrap_or_else(|| "warn".into()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let process = child.id().ok_or("the invocation ended at once")?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not read what it is given says why on standard error.
        let _ = stdin.write_all(input.to_string().as_bytes()).await;
    }
    let output = child.wait_with_output().await?;
    if !output.status.success() {
        return Err(format!("the invocation `{what}` failed").into());
    }
    let written = if output.stdout.is_empty() { Value::Null } else { serde_json::from_slice(&output.stdout)? };
    Ok((written, process))
}

pub(crate) async fn run(store: &str) -> Outcome<()> {
    let request = |method: &str, params: Value| json!({ "method": method, "params": params });

    let call = request("tools/call", json!({ "name": "count_primes", "arguments": { "below": 10_000 } }));
    let (created, process) = invoke(store, "call", &call).await?;
    say(format_args!("process {process} answered the call: task {}, {}", created["taskId"], created["status"]));
    let get = request("tasks/get", json!({ "taskId": created["taskId"] }));
    let (waiting, process) = invoke(store, "call", &get).await?;
    say(format_args!("process {process} looked: {}", waiting["status"]));
    assert_eq!(waiting["status"], "working", "nobody runs it yet");

    let (_, worker) = invoke(store, "work", &Value::Null).await?;
    say(format_args!("process {worker} ran what was queued"));
    let (done, process) = invoke(store, "call", &get).await?;
    let counted = &done["result"]["structuredContent"];
    say(format_args!("process {process} looked: {}, {counted}", done["status"]));
    assert_eq!(done["status"], "completed");
    assert_eq!(*counted, json!({ "primes": count(10_000), "worker": format!("process {worker}") }));
    Ok(())
}
