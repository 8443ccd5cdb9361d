//! What a worker does all the time, beside many runs that wait for their clients and beside none: nobody holds those.

use std::time::{Duration, Instant};

use measure::{Samples, Workers};
use pmcp_tasks::{
    TaskRouter,
    router::Execution,
    store::backend::{Claim, Holder, WorkerId},
    task::TaskStatus,
    time::Millis,
};
use serde_json::json;
use tokio::task::JoinSet;

use super::{Asks, Counted, LEASE, Place, router};
use crate::{
    Effort,
    duel::Duel,
    table::{Row, Table, Verdict},
};

/// Runs that wait in the one store, and that have ended in the other: a file that has never been so large is slower.
const PARKED: usize = 10_000;
const OWNERS: usize = 100;

/// Claims and renewals of a round.
const EACH: u32 = 100;

/// Restarts of a round.
const RESTARTS: u32 = 10;

/// Time in which a worker's operations are counted.
const WATCHED: Duration = Duration::from_secs(5);

/// One store beside the other: with none, with many.
struct Side {
    place: Place,
    store: Counted,
    /// Puts tasks into the queue.
    front: Asks,
}

impl Side {
    async fn open(place: Place) -> anyhow::Result<Self> {
        let store = place.open().await?;
        let front = Asks::new(router(&store, |router| router.execution(Execution::Queued))?, OWNERS);
        Ok(Self { place, store, front })
    }

    /// Begins so many runs, which end or come to where their client is to act.
    async fn fill(&self, runs: usize, (workflow, state): (&'static str, &'static str)) -> anyhow::Result<()> {
        let router = router(&self.store, |router| router)?;
        let mut parking = JoinSet::new();
        for owner in 0..OWNERS {
            let asks = Asks::new(router.clone(), owner);
            parking.spawn(async move {
                for _ in 0..runs / OWNERS {
                    let standing = asks.begin(workflow).await?;
                    anyhow::ensure!(standing["state"] == state, "it is not {state}: {standing}");
                }
                anyhow::Ok(())
            });
        }
        parking.join_all().await.into_iter().collect::<anyhow::Result<Vec<()>>>()?;
        router.shut_down(Duration::ZERO).await;
        Ok(())
    }

    fn now(&self) -> Millis {
        self.front.router.store().clock().now()
    }

    /// The time of one renewal of a lease, in nanoseconds.
    async fn renewal(&self) -> anyhow::Result<f64> {
        let mut samples = Samples::default();
        for _ in 0..EACH {
            let start = Instant::now();
            self.store.bare().beat(&WorkerId(1), LEASE, self.now()).await?;
            samples.add(start.elapsed());
        }
        Ok(samples.median())
    }

    /// The time of a claim of the one task in the queue.
    async fn claim(&self) -> anyhow::Result<f64> {
        let mut samples = Samples::default();
        for _ in 0..EACH / 4 {
            self.queue().await?;
            let start = Instant::now();
            let claim = self.store.bare().claim(&Holder::Queue, &WorkerId(1), 1, self.now()).await?;
            samples.add(start.elapsed());
            let Claim::Taken(taken) = claim else { anyhow::bail!("the queue gave nothing: {claim:?}") };
            for task in taken {
                self.store.bare().delete(&task.key).await?;
            }
        }
        Ok(samples.median())
    }

    async fn queue(&self) -> anyhow::Result<String> {
        let created = self.front.ask("tools/call", json!({ "name": "nothing", "arguments": {}, "task": {} })).await?;
        Ok(created["task"]["taskId"].as_str().unwrap_or_default().to_owned())
    }

    /// The time from opening the store until a task that waited in the queue has ended.
    async fn restart(&self) -> anyhow::Result<f64> {
        let mut samples = Samples::default();
        for _ in 0..RESTARTS {
            samples.add(self.restart_once().await?);
        }
        Ok(samples.median())
    }

    async fn restart_once(&self) -> anyhow::Result<Duration> {
        let id = json!({ "taskId": self.queue().await? });
        let start = Instant::now();
        let worker = worker(&self.place.open().await?)?;
        loop {
            let task = self.front.ask("tasks/get", id.clone()).await?;
            if task["status"] == TaskStatus::Completed.as_str() {
                break;
            }
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
        let time = start.elapsed();
        worker.shut_down(Duration::from_secs(5)).await;
        Ok(time)
    }

    /// Operations of a worker with nothing to do, for each lease.
    async fn upkeep(&self) -> anyhow::Result<f64> {
        let store = self.place.open().await?;
        let worker = worker(&store)?;
        // What it does when it starts is over. Reading the counters sets them back.
        tokio::time::sleep(LEASE).await;
        let counted = || f64::from(store.upkeep() + store.operations());
        counted();
        tokio::time::sleep(WATCHED).await;
        let operations = counted();
        worker.shut_down(Duration::ZERO).await;
        Ok(operations / (WATCHED.as_secs_f64() / LEASE.as_secs_f64()))
    }
}

fn worker(store: &Counted) -> anyhow::Result<TaskRouter> {
    let worker = router(store, |router| router.worker(4).lease(LEASE))?;
    worker.keep_house();
    Ok(worker)
}

pub(super) fn measure(
    workers: &Workers,
    effort: Effort,
    table: &mut Table,
    name: &str,
    [none, many]: [Place; 2],
) -> anyhow::Result<()> {
    let rounds = effort.of(15, 5);
    let (duels, upkeep) = workers.run(async move {
        let (none, many) = (Side::open(none).await?, Side::open(many).await?);
        none.fill(PARKED, ("five", "completed")).await?;
        many.fill(PARKED, ("parks", "waiting")).await?;
        let mut duels = [Duel::default(), Duel::default(), Duel::default()];
        for round in 0..=rounds {
            let mut times = [[0.0; 2]; 3];
            // Who comes first finds another machine than who comes second.
            let mut sides = [(0, &none), (1, &many)];
            sides.rotate_left(round % 2);
            for (at, side) in sides {
                times[0][at] = side.renewal().await?;
                times[1][at] = side.claim().await?;
                times[2][at] = side.restart().await?;
            }
            // The first round warms up.
            if round > 0 {
                for (duel, [without, with]) in duels.iter_mut().zip(times) {
                    duel.round(without, with);
                }
            }
        }
        let upkeep = [none.upkeep().await?, many.upkeep().await?];
        Ok((duels, upkeep))
    })?;
    let names = ["renewal of a lease", "claim of a task", "restart, until a task that waited has ended"];
    for (what, duel) in names.into_iter().zip(&duels) {
        let ratio = duel.ratio();
        table.add(Row {
            name: format!("{what} beside 10,000 parked runs, {name}"),
            ours: duel.other().times(),
            peer: format!("beside none {}", duel.one().times()),
            ratio: format!("{} as long", ratio.factors()),
            verdict: Verdict::Budget { text: "≤ 1.2x", met: ratio.median <= 1.2 },
        });
    }
    let [none, many] = upkeep;
    table.add(Row {
        name: format!("store operations of an idle worker in a lease, beside 10,000 parked runs, {name}"),
        ours: format!("{many:.1}"),
        peer: format!("beside none {none:.1}"),
        ratio: format!("{:.2}x as many", many / none),
        // Where the time that is watched begins in a lease is chance.
        verdict: Verdict::Budget { text: "≤ 1.1x", met: many <= none * 1.1 },
    });
    Ok(())
}
