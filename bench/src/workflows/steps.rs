//! A run of five steps beside its own writes, made again without an engine.

use std::{sync::Arc, time::Instant};

use anyhow::{Context as _, ensure};
use measure::Workers;
use pmcp_tasks::{
    store::{
        StorageBackend,
        backend::{Create, NewTask, Put, Stamp, TaskKey, WriteId, Written},
    },
    time::Millis,
};

use super::{Asks, Place, router};
use crate::{
    Effort,
    counted::Wrote,
    duel::Duel,
    services::number,
    stored::{ROUND, each, id},
    table::{Row, Table, Verdict},
};

/// Steps of the run.
const STEPS: u32 = 5;

/// The writes of a run, to be made again under other names.
struct Writes {
    new: NewTask,
    puts: Vec<Put>,
    now: Millis,
}

impl Writes {
    fn of(tape: Vec<Wrote>) -> anyhow::Result<Self> {
        let (mut creates, mut puts) = (Vec::new(), Vec::new());
        for wrote in tape {
            match wrote {
                Wrote::Create(new, now) => creates.push((new, now)),
                Wrote::Put(put) => puts.push(put),
            }
        }
        let (new, now) = creates.pop().context("the run was not created")?;
        ensure!(creates.is_empty(), "one create a run");
        Ok(Self { new, puts, now })
    }

    async fn again(&self, store: &Arc<dyn StorageBackend>) -> anyhow::Result<()> {
        let n = (u64::from(std::process::id()) << 32) + number();
        let write = |k: usize| WriteId((u128::from(n) << 8) + k as u128);
        let key = TaskKey { id: id(n), ..self.new.key.clone() };
        let new = NewTask {
            key: key.clone(),
            stamp: Stamp(self.new.stamp.0 + n % 1000),
            write: write(0),
            ..self.new.clone()
        };
        ensure!(store.create(&new, self.now).await? == Create::Created);
        for (k, put) in self.puts.iter().enumerate() {
            let put = Put { write: write(k + 1), ..put.clone() };
            let written = store.put(&key, &put, self.now).await?;
            ensure!(matches!(written, Written::Done { .. }), "a write was refused: {written:?}");
        }
        Ok(())
    }
}

pub(super) fn measure(
    workers: &Workers,
    effort: Effort,
    table: &mut Table,
    name: &str,
    place: &Place,
) -> anyhow::Result<()> {
    let (rounds, place) = (effort.of(15, 5), place.clone());
    let (duel, writes, operations) = workers.run(async move {
        let store = place.open().await?;
        let asks = Asks::new(router(&store, |router| router)?, 0);
        let run = async || {
            let standing = asks.begin("five").await?;
            ensure!(standing["state"] == "completed", "it has not ended: {standing}");
            anyhow::Ok(())
        };
        // The first one has this process registered.
        run().await?;
        store.tape();
        store.operations();
        run().await?;
        let operations = store.operations();
        let writes = Writes::of(store.taped())?;
        let mut duel = Duel::default();
        for round in 0..=rounds {
            let (start, mut count) = (Instant::now(), 0);
            while start.elapsed() < ROUND {
                writes.again(store.bare()).await?;
                count += 1;
            }
            let bare = each(start, count);
            let (start, mut count) = (Instant::now(), 0);
            while start.elapsed() < ROUND {
                run().await?;
                count += 1;
            }
            // The first round warms up.
            if round > 0 {
                duel.round(each(start, count), bare);
            }
        }
        Ok((duel, writes.puts.len() + 1, operations))
    })?;
    let ratio = duel.ratio();
    table.add(Row {
        name: format!("run of a workflow with five steps of the server, {name}"),
        ours: duel.one().rates(),
        peer: format!("its writes alone {}", duel.other().rates()),
        ratio: ratio.factors(),
        verdict: Verdict::Budget { text: "≥ 0.65x", met: ratio.median >= 0.65 },
    });
    table.add(Row {
        name: format!("writes of such a run, {name}"),
        ours: format!("{writes}, of {operations} operations"),
        peer: String::new(),
        ratio: String::new(),
        verdict: Verdict::Budget { text: "6", met: u32::try_from(writes)? == STEPS + 1 },
    });
    Ok(())
}
