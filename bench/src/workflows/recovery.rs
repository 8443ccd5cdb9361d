//! A run whose worker is killed in the middle of it, and another worker.

use std::{
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;
use measure::{Samples, Workers};
use pmcp_client::Version;
use pmcp_server::Server;
use pmcp_tasks::{Limits, TaskStore, prelude::*, router::Execution};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{LEASE, Place, STANDING, run_id};
use crate::{
    Effort,
    child::{self, Child},
    duel::Nanos,
    ours::Ours,
    table::{Row, Table, Verdict},
};

/// The second step lasts until the process dies; run again, it tells when that began.
#[derive(Deserialize, JsonSchema)]
struct Survives {}

#[workflow]
impl Survives {
    #[step]
    async fn first(&self) -> String {
        "done".to_owned()
    }

    #[step]
    async fn stays(&self, _first: &str, task: TaskContext) -> String {
        if task.attempt() == 1 {
            std::future::pending::<()>().await;
        }
        now().to_string()
    }
}

fn now() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()
}

async fn server(url: &str) -> anyhow::Result<Server<()>> {
    // Who begins a run is answered at once.
    let limits = Limits { prompt_wait: Duration::from_millis(20), ..Limits::default() };
    let store = TaskStore::connect(url).await?;
    Ok(Server::new("bench", "1").workflow::<Survives>().store(store).limits(limits).lease(LEASE))
}

/// Is the process of a worker.
pub(crate) fn run(url: &str) -> anyhow::Result<()> {
    let url = url.to_owned();
    Workers::new(2)?.run(async move {
        let worker = server(&url).await?.worker(4);
        child::tell("ready");
        Ok(worker.work().await?)
    })
}

fn start_worker(url: &str) -> anyhow::Result<Child> {
    let mut worker = Child::start("run", Path::new(""), url)?;
    anyhow::ensure!(worker.line()? == "ready", "the worker does not start");
    Ok(worker)
}

pub(super) fn measure(
    workers: &Workers,
    effort: Effort,
    table: &mut Table,
    (name, place): (&str, &Place),
) -> anyhow::Result<()> {
    let Place::Url(url) = place else { anyhow::bail!("processes share no memory") };
    let times = (0..effort.of(9, 5)).map(|_| recovery(workers, url)).collect::<anyhow::Result<Samples>>()?;
    let (median, high) = (times.median(), times.quantile(1.0));
    let leases = |nanos: f64| nanos / (LEASE.as_secs_f64() * 1e9);
    table.add(Row {
        name: format!("from kill -9 of a worker in the middle of a run until another does its step, {name}"),
        ours: format!("{}, max {}", Nanos(median), Nanos(high)),
        peer: format!("lease {} s", LEASE.as_secs()),
        ratio: format!("{:.2} leases, max {:.2}", leases(median), leases(high)),
        verdict: Verdict::Budget { text: "≤ 2 leases", met: leases(high) <= 2.0 },
    });
    Ok(())
}

/// How long a run stands still whose worker is killed, in nanoseconds. Another worker is there.
fn recovery(workers: &Workers, url: &str) -> anyhow::Result<f64> {
    let mut first = start_worker(url)?;
    let place = url.to_owned();
    let (front, run) = workers.run(async move {
        let front = Ours::connect(server(&place).await?.execution(Execution::Queued), Version::V2025_11_25).await?;
        let arguments = json!({ "_task_id": "new" });
        let mut standing = front.client.call_tool("survives", arguments).await?.into_result().context("no result")?;
        loop {
            let stands = &standing.meta[STANDING];
            let run = run_id(stands)?.to_owned();
            if stands["steps"][1]["state"] == "running" {
                return Ok((front, run));
            }
            let look = json!({ "_task_id": run, "wait_seconds": 0 });
            standing = front.client.call_tool("workflow_continue", look).await?.into_result().context("no result")?;
        }
    })?;
    let _second = start_worker(url)?;
    // Until the second has seen the first's lease renewed.
    std::thread::sleep(LEASE);
    let killed = now();
    first.kill()?;
    let result = workers.run(async move { Ok(front.client.task(run).result().await?) })?;
    let structured = result.structured.context("a run tells its steps")?;
    let began: u128 = structured["result"].as_str().context("the step tells when it began")?.parse()?;
    Ok(Duration::from_nanos(u64::try_from(began.saturating_sub(killed))?).as_secs_f64() * 1e9)
}
