//! Commands that a task costs a Redis server: at the store, in one process, and with a front end and a worker.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, ensure};
use measure::Workers;
use pmcp_server::Server;
use pmcp_tasks::{
    TaskStore,
    prelude::*,
    router::Execution,
    store::{
        RedisBackend, StorageBackend as _,
        backend::{Parts, WorkerId},
    },
};
use serde_json::json;

use crate::{
    Effort,
    child::{self, Child},
    duel::Factor,
    monitor::Monitor,
    stored::{NOW, Store},
    table::{Row, Table, Verdict},
    talk::{Revision, Talk},
};

/// Time a task lasts: its client has asked for it and waits when it ends.
const LASTS: Duration = Duration::from_millis(10);

/// Time in which a server has looked for all that it may have to go on with.
const STARTS_WITHIN: Duration = Duration::from_secs(1);

const BUDGET: f64 = 4.0;

/// Ends after a while.
#[task_tool(support = "required")]
async fn linger() -> Result<String, ToolError> {
    tokio::time::sleep(LASTS).await;
    Ok("lingered".to_owned())
}

async fn server(url: &str) -> anyhow::Result<Server<()>> {
    Ok(Server::new("bench", "1").tool::<linger>().store(TaskStore::connect(url).await?))
}

/// Is the process of a worker.
pub(crate) fn work(url: &str) -> anyhow::Result<()> {
    let url = url.to_owned();
    Workers::new(2)?.run(async move {
        let worker = server(&url).await?.worker(4);
        child::tell("ready");
        Ok(worker.work().await?)
    })
}

/// Counts for the store at this URL, whose keys begin with the prefix.
pub(crate) fn measure(
    workers: &Workers,
    effort: Effort,
    table: &mut Table,
    url: &str,
    prefix: &str,
) -> anyhow::Result<()> {
    let tasks = effort.of(200, 50);
    let (place, word) = (url.to_owned(), prefix.to_owned());
    let bare = workers.run(async move { at_the_store(&place, &word, tasks).await })?;
    table.add(Row {
        name: "Redis commands on the wire at the store: create, get, wait and complete".into(),
        ours: told(bare),
        peer: String::new(),
        ratio: String::new(),
        verdict: Verdict::Budget { text: "≤ 4", met: bare[0] <= BUDGET },
    });
    let alone = counted(workers, url, prefix, Execution::Immediate, tasks)?;
    table.add(Row {
        name: "the same of a server: tools/call, tasks/get, tasks/result".into(),
        ours: told(alone),
        peer: String::new(),
        ratio: String::new(),
        verdict: Verdict::Budget { text: "≤ 4", met: alone[0] <= BUDGET },
    });
    let mut worker = Child::start("work-on", Path::new(""), url)?;
    ensure!(worker.line()? == "ready", "the worker does not start");
    let apart = counted(workers, url, prefix, Execution::Queued, tasks)?;
    table.add(Row {
        name: "the same where another process runs the task".into(),
        ours: told(apart),
        peer: String::new(),
        ratio: String::new(),
        verdict: Verdict::None,
    });
    Ok(())
}

fn told([sent, in_scripts]: [f64; 2]) -> String {
    format!("{}, and {} inside scripts", Factor(sent), Factor(in_scripts))
}

/// The commands of a task whose end is waited for with a subscription, as by another process than the one that ends it.
async fn at_the_store(url: &str, prefix: &str, tasks: u32) -> anyhow::Result<[f64; 2]> {
    let (store, waiting) = (Store::open(url).await?, RedisBackend::connect(url).await?);
    let mut feed = waiting.feed(&WorkerId(2)).context("Redis tells of changes")?;
    let mut monitor = None;
    for number in 0..tasks + 3 {
        if number == 3 {
            monitor = Some(Monitor::start(url, prefix)?);
        }
        let key = store.create(0).await?;
        ensure!(waiting.get(&key, Parts::empty(), NOW).await?.is_some());
        feed.interest.send((key.clone(), true))?;
        // It may have changed before: the subscription tells that it stands.
        feed.hints.recv().await.context("the feed ended")?;
        store.complete(&key).await?;
        feed.hints.recv().await.context("the feed ended")?;
        feed.interest.send((key, false))?;
    }
    // The last word of the subscription.
    tokio::time::sleep(LASTS).await;
    let seen = monitor.context("there are tasks")?.end()?;
    Ok([seen.sent, seen.in_scripts].map(|count| f64::from(count) / f64::from(tasks)))
}

/// The commands of a task: those that were sent, and those that scripts called.
fn counted(workers: &Workers, url: &str, prefix: &str, execution: Execution, tasks: u32) -> anyhow::Result<[f64; 2]> {
    let (url, prefix) = (url.to_owned(), prefix.to_owned());
    workers.run(async move {
        let server = server(&url).await?.execution(execution);
        let mut client = Talk::connect(server, Revision::V2025).await?;
        // The first ones teach the service its scripts, and what a server does when it starts is over.
        for _ in 0..3 {
            lifecycle(&mut client).await?;
        }
        tokio::time::sleep(STARTS_WITHIN).await;
        let monitor = Monitor::start(&url, &prefix)?;
        for _ in 0..tasks {
            lifecycle(&mut client).await?;
        }
        let seen = monitor.end()?;
        Ok([seen.sent, seen.in_scripts].map(|count| f64::from(count) / f64::from(tasks)))
    })
}

/// A task whose client looks at it once, and then waits for its end.
async fn lifecycle(client: &mut Talk) -> anyhow::Result<()> {
    let created = client.ask("tools/call", json!({ "name": "linger", "arguments": {}, "task": {} })).await?;
    let id = json!({ "taskId": created["task"]["taskId"] });
    let state = client.ask("tasks/get", id.clone()).await?;
    ensure!(state["status"] == "working", "the task has already ended: {state}");
    let result = client.ask("tasks/result", id).await?;
    ensure!(result["content"][0]["text"] == "lingered", "the task ended with {result}");
    Ok(())
}
