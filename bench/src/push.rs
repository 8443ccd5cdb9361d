//! From the end of a task's function to the client that waits for its result.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use measure::{Peer, Samples, Workers};
use pmcp_client::Version;
use pmcp_server::Server;
use pmcp_tasks::prelude::*;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::{
    Effort,
    duel::Nanos,
    ours::Ours,
    table::{Row, Table, Verdict},
};

const BUDGET: Duration = Duration::from_millis(5);

/// How long the client waits before the task may end: its request has long arrived then.
const SETTLED: Duration = Duration::from_millis(2);

/// Opens for one task at a time, and knows when that task ended.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Arc<(Semaphore, Mutex<Option<Instant>>)>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self(Arc::new((Semaphore::new(0), Mutex::default())))
    }

    /// Waits until it opens, and notes when it has.
    pub(crate) async fn pass(&self) {
        if let Ok(permit) = self.0.0.acquire().await {
            permit.forget();
        }
        *self.0.1.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    pub(crate) fn open(&self) {
        self.0.0.add_permits(1);
    }

    pub(crate) fn passed(&self) -> Option<Instant> {
        self.0.1.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Ends when the gate opens.
#[task_tool(support = "required")]
async fn pass(State(gate): State<Gate>) -> Result<String, ToolError> {
    gate.pass().await;
    Ok("passed".into())
}

pub(crate) fn measure(workers: &Workers, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let tasks = effort.of(2000, 1000);
    let late = Peer::start("peer-rmcp", 2)?.measure(&format!("late {}", effort.of(200, 50)))?;
    for (version, text) in [(Version::V2026_07_28, "subscriptions/listen"), (Version::V2025_11_25, "tasks/result")] {
        let samples = workers.run(ours(version, tasks))?;
        let parts = [0.5, 0.99, 1.0].map(|part| samples.quantile(part));
        table.add(Row {
            name: format!("end of a task to a client in {text}"),
            ours: summary(&parts),
            peer: format!("rmcp, polled as it asks: {}", summary(&late)),
            ratio: format!("{:.0}x at p50", late[0] / parts[0]),
            verdict: Verdict::Budget { text: "p99 ≤ 5 ms", met: parts[1] <= BUDGET.as_secs_f64() * 1e9 },
        });
    }
    Ok(())
}

pub(crate) fn summary(parts: &[f64]) -> String {
    let names = ["p50", "p99", "max"].iter().zip(parts);
    names.map(|(name, nanos)| format!("{name} {}", Nanos(*nanos))).collect::<Vec<_>>().join(", ")
}

async fn ours(version: Version, tasks: usize) -> anyhow::Result<Samples> {
    let gate = Gate::new();
    let server = Server::new("bench", "1").state(gate.clone()).tool::<pass>();
    let stateless = !version.has_handshake();
    let server = Ours::connect(server, version).await?;
    let mut samples = Samples::default();
    for number in 0..tasks + 50 {
        let call = if stateless {
            server.client.call_tool("pass", json!({})).await?
        } else {
            server.client.call_tool_as_task("pass", json!({}), None).await?
        };
        let task = call.into_task().context("our server answered without a task")?;
        let waiting = tokio::spawn(async move {
            let result = task.wait().await;
            (result, Instant::now())
        });
        tokio::time::sleep(SETTLED).await;
        gate.open();
        let (result, told) = waiting.await?;
        anyhow::ensure!(result?.first_text() == Some("passed"));
        let passed = gate.passed().context("the task has ended")?;
        // The first ones warm up.
        if number >= 50 {
            samples.add(told - passed);
        }
    }
    Ok(samples)
}
