//! The way of an instance to the store: it delays, fails and loses replies, and what is under way arrives although its
//! sender has died.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use pmcp_tasks::{
    store::{
        StorageBackend, StoreError,
        backend::{
            Beat, Capabilities, Claim, Create, Feed, Holder, Merge, Merged, NewTask, Page, Parts, Position, Put,
            Recorded, Result, Scope, Step, StoredTask, TaskKey, Worker, WorkerId, Written,
        },
    },
    time::Millis,
};
use tokio::sync::{mpsc, oneshot};

use crate::{
    brief::{self, Brief},
    sim::Sim,
    trace::count,
};

#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) sim: Arc<Sim>,
    pub(crate) instance: usize,
    pub(crate) cut: Arc<AtomicBool>,
    /// Set with each write of a task's head that is applied.
    pub(crate) has_put: Arc<AtomicBool>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connection").field(&self.instance).finish()
    }
}

/// What becomes of an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Done,
    Failed,
    ReplyLost,
    /// Applied after this time; the caller hears of it, or is told before that there is no answer.
    Late(Duration, bool),
}

fn unavailable(why: &'static str) -> StoreError {
    StoreError::Unavailable { backend: "simulated", source: why.into() }
}

impl Connection {
    fn fate(&self) -> Fate {
        let (weather, choices) = (&self.sim.weather, &self.sim.network);
        if self.sim.is_calm() {
            Fate::Done
        } else if choices.chance(weather.fail) {
            Fate::Failed
        } else if choices.chance(weather.lose_reply) {
            Fate::ReplyLost
        } else if choices.chance(weather.late) {
            Fate::Late(choices.span(1, 3 * weather.lease), choices.chance(300))
        } else {
            Fate::Done
        }
    }

    /// A while, in which other things happen.
    async fn on_the_way(&self) {
        let (weather, choices) = (&self.sim.weather, &self.sim.network);
        if !self.sim.is_calm() && choices.chance(weather.slow) {
            self.sim.time.sleep(choices.span(1, weather.slowest)).await;
        } else if choices.chance(400) {
            tokio::task::yield_now().await;
        }
    }

    async fn call<T: Brief + Send + 'static>(
        &self,
        name: &'static str,
        about: impl Fn() -> String + Send,
        operation: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let (sim, me) = (&self.sim, self.instance);
        let counters = &sim.trace.counters;
        count(&counters.operations);
        if self.cut.load(Ordering::Relaxed) {
            self.on_the_way().await;
            count(&counters.failed_operations);
            return Err(unavailable("the connection is cut"));
        }
        let fate = self.fate();
        if fate == Fate::Failed {
            self.on_the_way().await;
            count(&counters.failed_operations);
            sim.trace.line(|| format!("i{me} {name} {}: not applied", about()));
            return Err(unavailable("not applied"));
        }
        if let Fate::Late(after, heard) = fate {
            count(&counters.late_writes);
            sim.trace.line(|| format!("i{me} {name} {}: under way for {after:?}", about()));
            let (sender, reply) = oneshot::channel();
            let late = (sim.clone(), sim.time.sleep(after));
            sim.outside.spawn(async move {
                let (sim, arrival) = late;
                arrival.await;
                sim.until_it_answers(name).await;
                let result = operation.await;
                sim.trace.line(|| format!("i{me} {name}, late: {}", replied(&result)));
                // The caller may have given up, or died.
                let _ = sender.send(result);
            });
            // A create is waited for by whoever lives.
            return if heard || (name == "create" && !sim.options.not_yet.late_creates) {
                reply.await.unwrap_or_else(|_| Err(unavailable("never")))
            } else {
                sim.time.sleep(sim.network.span(1, 500)).await;
                Err(unavailable("no answer in time"))
            };
        }
        self.on_the_way().await;
        sim.until_it_answers(name).await;
        let result = operation.await;
        sim.trace.line(|| {
            let lost = if fate == Fate::ReplyLost { ", and the reply is lost" } else { "" };
            format!("i{me} {name} {}: {}{lost}", about(), replied(&result))
        });
        self.on_the_way().await;
        if fate == Fate::ReplyLost {
            count(&counters.lost_replies);
            return Err(unavailable("the reply is lost"));
        }
        result
    }
}

fn replied<T: Brief>(result: &Result<T>) -> String {
    match result {
        Ok(reply) => reply.brief(),
        Err(error) => format!("{error}: {:?}", std::error::Error::source(error).map(ToString::to_string)),
    }
}

#[async_trait]
impl StorageBackend for Connection {
    fn capabilities(&self) -> Capabilities {
        Capabilities { shared: true, name: "simulated", ..self.sim.store.capabilities() }
    }

    async fn create(&self, new: &NewTask, now: Millis) -> Result<Create> {
        let (sim, me, task) = (self.sim.clone(), self.instance, new.clone());
        self.call("create", || brief::task(&new.key), async move {
            let answer = sim.store.create(&task, now).await?;
            sim.books.created(&task, answer, (now, sim.time.wall()), &sim.trace);
            if let Some(job) = sim.books.job(&task.key) {
                sim.ledger.has_task(&sim, job, task.key.id);
            }
            sim.hint(me, &task.key);
            Ok(answer)
        })
        .await
    }

    async fn get(&self, key: &TaskKey, parts: Parts, now: Millis) -> Result<Option<StoredTask>> {
        let (sim, of) = (self.sim.clone(), key.clone());
        self.call("get", || brief::task(key), async move { sim.store.get(&of, parts, now).await }).await
    }

    async fn put(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Written> {
        let (sim, me, of, write) = (self.sim.clone(), self.instance, key.clone(), put.clone());
        let has_put = self.has_put.clone();
        self.call("put", || brief::task(key), async move {
            let written = sim.store.put(&of, &write, now).await?;
            has_put.store(true, Ordering::Relaxed);
            sim.books.written(&of, &write, &written, &sim.trace);
            sim.hint(me, &of);
            Ok(written)
        })
        .await
    }

    async fn merge(&self, key: &TaskKey, merge: &Merge, now: Millis) -> Result<Merged> {
        let (sim, me, of, write) = (self.sim.clone(), self.instance, key.clone(), merge.clone());
        self.call("merge", || brief::task(key), async move {
            let merged = sim.store.merge(&of, &write, now).await?;
            sim.hint(me, &of);
            Ok(merged)
        })
        .await
    }

    async fn record(&self, key: &TaskKey, step: &Step, now: Millis) -> Result<Recorded> {
        let (sim, of, write) = (self.sim.clone(), key.clone(), step.clone());
        self.call("record", || format!("{}/{}", brief::task(key), step.name), async move {
            let recorded = sim.store.record(&of, &write, now).await?;
            sim.books.recorded(&of, &write, &recorded, &sim.trace);
            Ok(recorded)
        })
        .await
    }

    async fn delete(&self, key: &TaskKey) -> Result<bool> {
        let (sim, of) = (self.sim.clone(), key.clone());
        self.call("delete", || brief::task(key), async move {
            let deleted = sim.store.delete(&of).await?;
            sim.books.deleted(&of);
            Ok(deleted)
        })
        .await
    }

    async fn page(&self, scope: &Scope, before: Option<&Position>, n: u16, now: Millis) -> Result<Page> {
        let (sim, scope, before) = (self.sim.clone(), *scope, before.copied());
        self.call("page", String::new, async move { sim.store.page(&scope, before.as_ref(), n, now).await }).await
    }

    async fn claim(&self, from: &Holder, to: &WorkerId, n: u16, now: Millis) -> Result<Claim> {
        let (sim, me, from, to) = (self.sim.clone(), self.instance, *from, *to);
        self.call("claim", || format!("from {}", brief::holder(from)), async move {
            let claim = sim.store.claim(&from, &to, n, now).await?;
            if let Claim::Taken(claimed) = &claim {
                sim.books.claimed(&from, &to, claimed, &sim.trace);
                for claimed in claimed {
                    sim.hint(me, &claimed.key);
                }
            }
            Ok(claim)
        })
        .await
    }

    async fn held(&self, by: &Holder, after: Option<&TaskKey>, n: u16) -> Result<Vec<TaskKey>> {
        let (sim, by, after) = (self.sim.clone(), *by, after.cloned());
        self.call("held", String::new, async move { sim.store.held(&by, after.as_ref(), n).await }).await
    }

    async fn beat(&self, worker: &WorkerId, period: Duration, now: Millis) -> Result<Beat> {
        let (sim, me, worker) = (self.sim.clone(), self.instance, *worker);
        self.call("beat", || brief::worker(worker), async move {
            let beat = sim.store.beat(&worker, period, now).await?;
            if matches!(beat, Beat::Alive(_)) {
                sim.books.beat(worker, (me, period), sim.time.now(), &sim.trace);
            }
            Ok(beat)
        })
        .await
    }

    async fn workers(&self) -> Result<Vec<Worker>> {
        let sim = self.sim.clone();
        self.call("workers", String::new, async move { sim.store.workers().await }).await
    }

    async fn bury(&self, worker: &WorkerId, seen: u64) -> Result<bool> {
        let (sim, me, worker) = (self.sim.clone(), self.instance, *worker);
        self.call("bury", || brief::worker(worker), async move {
            let buried = sim.store.bury(&worker, seen).await?;
            if buried {
                sim.books.buried(worker, me, sim.time.now(), &sim.trace);
            }
            Ok(buried)
        })
        .await
    }

    async fn buried(&self) -> Result<Vec<WorkerId>> {
        let sim = self.sim.clone();
        self.call("buried", String::new, async move { sim.store.buried().await }).await
    }

    async fn settle(&self, worker: &WorkerId) -> Result<()> {
        let (sim, worker) = (self.sim.clone(), *worker);
        self.call("settle", || brief::worker(worker), async move { sim.store.settle(&worker).await }).await
    }

    async fn sweep(&self, n: u16, now: Millis) -> Result<u16> {
        let sim = self.sim.clone();
        self.call("sweep", String::new, async move { sim.store.sweep(n, now).await }).await
    }

    fn feed(&self, _: &WorkerId) -> Option<Feed> {
        self.sim.weather.hints?;
        // What is waited for is not asked for: every change is hinted at.
        let (interest, _) = mpsc::unbounded_channel();
        Some(Feed { hints: self.sim.hear(self.instance), interest })
    }
}
