//! Two processes on one store: a front end that clients talk to, and a worker that runs the tasks.

use std::{
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;
use measure::{Samples, Workers};
use pmcp_client::Version;
use pmcp_server::Server;
use pmcp_tasks::{TaskStore, prelude::*, router::Execution};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    Effort,
    child::{self, Child},
    duel::Nanos,
    ours::Ours,
    push,
    services::url,
    table::{Row, Table, Verdict},
};

/// Short, so that recovery is measured in little time: what counts are periods.
const LEASE: Duration = Duration::from_secs(1);

const PUSH_BUDGET: Duration = Duration::from_millis(20);

/// How long a task lasts that is waited for: its client has long been waiting then.
const HOLD_MS: u64 = 20;

/// Tells when it ends, in nanoseconds since 1970, which every process of this machine counts alike.
#[task_tool(support = "required")]
async fn hold(milliseconds: u64) -> Result<String, ToolError> {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    Ok(now().to_string())
}

/// Runs until its process dies; run again, tells when that began.
#[task_tool(support = "required", on_crash = "restart")]
async fn survive(task: TaskContext) -> Result<String, ToolError> {
    if task.attempt() == 1 {
        task.status_message("running").await?;
        std::future::pending::<()>().await;
    }
    Ok(now().to_string())
}

fn now() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()
}

/// How long ago that was.
fn since(then: u128) -> Duration {
    Duration::from_nanos(u64::try_from(now().saturating_sub(then)).unwrap_or(u64::MAX))
}

async fn server(url: &str) -> anyhow::Result<Server<()>> {
    let store = TaskStore::connect(url).await?;
    Ok(Server::new("bench", "1").tool::<hold>().tool::<survive>().store(store).lease(LEASE))
}

/// What the worker's process does.
pub(crate) fn work(url: &str) -> anyhow::Result<()> {
    let url = url.to_owned();
    Workers::new(2)?.run(async move {
        let worker = server(&url).await?.worker(4);
        child::tell("ready");
        Ok(worker.work().await?)
    })
}

fn start_worker(url: &str) -> anyhow::Result<Child> {
    let mut worker = Child::start("work", Path::new(""), url)?;
    anyhow::ensure!(worker.line()? == "ready", "the worker does not start");
    Ok(worker)
}

/// The URL of a new file.
fn sqlite(directory: &TempDir) -> String {
    format!("sqlite:{}", directory.path().join("tasks.db").display())
}

pub(crate) fn measure(workers: &Workers, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let directory = child::directory()?;
    let stores = [
        ("SQLite", sqlite(&directory)),
        ("Redis", url("PMCP_TEST_REDIS_URL", "prefix")?),
        ("PostgreSQL", url("PMCP_TEST_POSTGRES_URL", "schema")?),
    ];
    for (name, store) in &stores {
        let _worker = start_worker(store)?;
        for (version, text) in [(Version::V2026_07_28, "subscriptions/listen"), (Version::V2025_11_25, "tasks/result")]
        {
            let (store, tasks) = (store.clone(), effort.of(1000, 200));
            let samples = workers.run(async move { told(&store, version, tasks).await })?;
            let parts = [0.5, 0.99, 1.0].map(|part| samples.quantile(part));
            table.add(Row {
                name: format!("end of a task of another process to a client in {text}, {name}"),
                ours: push::summary(&parts),
                peer: String::new(),
                ratio: String::new(),
                verdict: Verdict::Budget { text: "p99 ≤ 20 ms", met: parts[1] <= PUSH_BUDGET.as_secs_f64() * 1e9 },
            });
        }
    }
    let times = (0..effort.of(9, 3)).map(|_| recovery(workers)).collect::<anyhow::Result<Samples>>()?;
    let (median, high) = (times.median(), times.quantile(1.0));
    let periods = |nanos: f64| nanos / (LEASE.as_secs_f64() * 1e9);
    table.add(Row {
        name: "from kill -9 of a worker until another runs its task, SQLite".into(),
        ours: format!("{}, max {}", Nanos(median), Nanos(high)),
        peer: format!("lease {} s", LEASE.as_secs()),
        ratio: format!("{:.2} leases, max {:.2}", periods(median), periods(high)),
        verdict: Verdict::Budget { text: "≤ 2 leases", met: periods(high) <= 2.0 },
    });
    Ok(())
}

/// How long after the end of the function in the worker its client knows.
async fn told(url: &str, version: Version, tasks: u32) -> anyhow::Result<Samples> {
    let front = server(url).await?.execution(Execution::Queued);
    let stateless = !version.has_handshake();
    let front = Ours::connect(front, version).await?;
    let mut samples = Samples::default();
    for number in 0..tasks + 20 {
        // Spread over the interval at which the front end looks, and any other.
        let arguments = json!({ "milliseconds": HOLD_MS + u64::from(number) * 7 % 11 });
        let call = if stateless {
            front.client.call_tool("hold", arguments).await?
        } else {
            front.client.call_tool_as_task("hold", arguments, None).await?
        };
        let result = call.into_task().context("our server answered without a task")?.wait().await?;
        let ended = result.first_text().context("the tool tells when it ended")?.parse()?;
        // The first ones warm up.
        if number >= 20 {
            samples.add(since(ended));
        }
    }
    Ok(samples)
}

/// How long a task stands still whose worker is killed, in nanoseconds. Another worker is there.
fn recovery(workers: &Workers) -> anyhow::Result<f64> {
    let directory = child::directory()?;
    let store = sqlite(&directory);
    let mut first = start_worker(&store)?;
    let (task, front) = workers.run({
        let store = store.clone();
        async move {
            let front = server(&store).await?.execution(Execution::Queued);
            let front = Ours::connect(front, Version::V2026_07_28).await?;
            let task = front.client.call_tool("survive", json!({})).await?;
            let task = task.into_task().context("our server answered without a task")?;
            while task.get().await?.message.is_none() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Ok((task, front))
        }
    })?;
    let _second = start_worker(&store)?;
    // Until the second has seen the first's lease renewed.
    std::thread::sleep(LEASE);
    let killed = now();
    first.kill()?;
    let result = workers.run(async move {
        let result = task.wait().await?;
        drop(front);
        Ok(result)
    })?;
    let began: u128 = result.first_text().context("the tool tells when it began")?.parse()?;
    Ok(Duration::from_nanos(u64::try_from(began.saturating_sub(killed))?).as_secs_f64() * 1e9)
}
