//! Runs of workflows: what parked ones cost everybody else, what steps cost beside their writes, what a client waits for, and how
//! soon one goes on whose worker is killed.

mod bound;
mod parked;
mod recovery;
mod steps;

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use measure::{PAYLOAD, Workers};
use pmcp_tasks::{
    Limits, TaskRouter, TaskStore,
    call::{CallContext, Caller, Revision},
    prelude::*,
    router::TaskRouterBuilder,
    store::{MemoryBackend, RedisBackend, SqliteBackend, StorageBackend},
    task::Owner,
};
pub(crate) use recovery::run;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Effort, child, counted::Counted, services, table::Table};

const STANDING: &str = "run.pmcp/workflow";

/// Five steps of the server, which do nothing.
#[derive(Deserialize, JsonSchema)]
struct Five {
    text: String,
}

#[workflow]
impl Five {
    #[step]
    async fn one(&self) -> String {
        self.text.clone()
    }

    #[step]
    async fn two(&self, one: &str) -> String {
        one.to_owned()
    }

    #[step]
    async fn three(&self, two: &str) -> String {
        two.to_owned()
    }

    #[step]
    async fn four(&self, three: &str) -> String {
        three.to_owned()
    }

    #[step]
    async fn five(&self, four: &str) -> String {
        four.to_owned()
    }
}

/// A step of the server, two of the client, and one of the server that it never comes to.
#[derive(Deserialize, JsonSchema)]
struct Parks {
    text: String,
}

#[workflow]
impl Parks {
    #[step]
    async fn first(&self) -> String {
        self.text.clone()
    }

    /// Call the tool.
    #[step(client, tool = say)]
    fn said(&self, first: &str) -> SayArgs {
        SayArgs { text: first.to_owned() }
    }

    /// Give a text.
    #[step(client, output = String)]
    fn given(&self, said: &str) -> String {
        said.to_owned()
    }

    #[step]
    async fn last(&self, given: &str) -> String {
        given.to_owned()
    }
}

/// Gives back its text.
#[task_tool(support = "forbidden")]
async fn say(text: String) -> String {
    text
}

/// Runs as a task, and does nothing.
#[task_tool(support = "required")]
async fn nothing() -> String {
    PAYLOAD.to_owned()
}

/// A store that may be opened several times.
#[derive(Clone)]
enum Place {
    Memory,
    Url(String),
}

impl Place {
    async fn open(&self) -> anyhow::Result<Counted> {
        let backend: Arc<dyn StorageBackend> = match self {
            Self::Memory => Arc::new(MemoryBackend::new()),
            Self::Url(url) => match url.strip_prefix("sqlite:") {
                Some(path) => Arc::new(SqliteBackend::open(Path::new(path).to_owned()).await?),
                None => Arc::new(RedisBackend::connect(url).await?),
            },
        };
        Ok(Counted::of(backend))
    }
}

/// A router with the workflows and tools, as one process has it.
fn router(
    store: &Counted,
    settings: impl FnOnce(TaskRouterBuilder<()>) -> TaskRouterBuilder<()>,
) -> anyhow::Result<TaskRouter> {
    let limits = Limits { workflows_per_owner: 1000, tasks_per_owner: 2000, ..Limits::default() };
    let builder = TaskRouter::builder().workflow::<Five>().workflow::<Parks>().tool::<nothing>();
    Ok(settings(builder.limits(limits)).build(TaskStore::new(store.clone()))?)
}

/// A client of 2025-11-25.
struct Asks {
    router: TaskRouter,
    cx: CallContext,
}

impl Asks {
    fn new(router: TaskRouter, owner: usize) -> Self {
        let owner = Owner { subject: format!("{}-{owner}", std::process::id()), ..Owner::local() };
        let caller = Caller::Known { owner, principal: None, may_list: true };
        Self { router, cx: CallContext::new(Revision::V2025, caller) }
    }

    async fn ask(&self, method: &str, params: Value) -> anyhow::Result<Value> {
        let answer = self.router.handle(method, &params, &self.cx).await.answer();
        answer.map_err(|error| anyhow::anyhow!("{method}: {error}"))
    }

    /// Begins a run of this workflow; how it stands then.
    async fn begin(&self, workflow: &str) -> anyhow::Result<Value> {
        let arguments = json!({ "text": PAYLOAD, "_task_id": "new" });
        let mut begun = self.ask("prompts/get", json!({ "name": workflow, "arguments": arguments })).await?;
        Ok(begun["_meta"][STANDING].take())
    }
}

fn run_id(standing: &Value) -> anyhow::Result<&str> {
    standing["taskId"].as_str().with_context(|| format!("there is no run: {standing}"))
}

pub(crate) fn measure(workers: &Workers, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let directory = child::directory()?;
    let sqlite = |name: &str| Place::Url(format!("sqlite:{}", directory.path().join(name).display()));
    let redis = |name: &str| -> anyhow::Result<Place> {
        Ok(Place::Url(format!("{}{name}", services::url("PMCP_TEST_REDIS_URL", "prefix")?)))
    };
    let stores = [("SQLite", [sqlite("none.db"), sqlite("many.db")]), ("Redis", [redis("none")?, redis("many")?])];
    for (name, places) in stores.clone() {
        parked::measure(workers, effort, table, name, places)?;
    }
    for (name, [place, _]) in stores.clone() {
        steps::measure(workers, effort, table, name, &place)?;
    }
    let memory = ("memory", [Place::Memory, Place::Memory]);
    for (name, [place, _]) in [memory].into_iter().chain(stores) {
        bound::measure(workers, effort, table, name, place)?;
    }
    recovery::measure(workers, effort, table, ("SQLite", &sqlite("killed.db")))?;
    recovery::measure(workers, effort, table, ("Redis", &redis("killed")?))
}

/// Lease of the workers here: short, so that they look often.
const LEASE: Duration = Duration::from_secs(1);
