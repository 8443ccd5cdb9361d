//! Creating a task in memory, with few and with many tasks stored.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use crate::{
    Effort,
    duel::Duel,
    table::{Row, Table, Verdict},
};
use bytes::Bytes;
use measure::{Peer, Samples, Workers};
use pmcp_tasks::{
    store::{
        MemoryBackend, StorageBackend as _,
        backend::{Create, Holder, NewTask, Scope, Stamp, TaskKey, WorkerId, WriteId},
    },
    task::{OwnerKey, TaskId},
    time::Millis,
};

const FEW: usize = 100;
const MANY: usize = 1_000_000;

/// How many creates are timed together: one alone is too short to be timed.
const BATCH: usize = 32;

/// The size of a head and of a body as `tools/call` writes them.
const HEAD: usize = 290;
const BODY: usize = 130;

pub(crate) fn measure(workers: &Workers, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    for (owners, text) in [(MANY / FEW, "of 10,000 owners"), (1, "of one owner")] {
        let duel = workers.run(ours(owners, effort))?;
        let ratio = duel.ratio();
        table.add(Row {
            name: format!("create, 1,000,000 tasks {text} stored"),
            ours: duel.other().times(),
            peer: format!("ours with {FEW}: {}", duel.one().times()),
            ratio: ratio.factors(),
            verdict: Verdict::Budget { text: "≤ 2.5x", met: ratio.median <= 2.5 },
        });
    }
    let duel = theirs(effort)?;
    table.add(Row {
        name: "create, the same 10,000 owners, pmcp-tasks 0.2.0".into(),
        ours: String::new(),
        peer: format!("{}; with {FEW}: {}", duel.other().times(), duel.one().times()),
        ratio: duel.ratio().factors(),
        verdict: Verdict::None,
    });
    Ok(())
}

/// Tasks as a busy server would create them: one every millisecond, for an hour.
struct Source {
    owners: Vec<OwnerKey>,
    made: u64,
    random: u64,
}

impl Source {
    fn new(owners: usize) -> Self {
        let owners = (0..owners as u64)
            .map(|owner| {
                let mut key = [0; 32];
                // Owner keys are digests: every byte looks random.
                for (part, chunk) in (0..4).zip(key.chunks_exact_mut(8)) {
                    chunk.copy_from_slice(&mixed(owner * 4 + part).to_be_bytes());
                }
                OwnerKey(key)
            })
            .collect();
        Self { owners, made: 0, random: 0 }
    }

    fn now(&self) -> Millis {
        Millis(1_800_000_000_000 + self.made)
    }

    fn next(&mut self) -> NewTask {
        self.made += 1;
        self.random += 2;
        let mut id = [0; 16];
        id[..8].copy_from_slice(&mixed(self.random).to_be_bytes());
        id[8..].copy_from_slice(&mixed(self.random + 1).to_be_bytes());
        let owner = self.owners[usize::try_from(self.made).unwrap_or_default() % self.owners.len()];
        NewTask {
            key: TaskKey { owner, id: TaskId::from_random(id) },
            scope: Some(Scope(owner)),
            stamp: Stamp(self.now().0 << 20),
            expires: self.now().after(Duration::from_hours(1)),
            quota: u32::MAX,
            max_bytes: u64::MAX,
            holder: Holder::Worker(WorkerId(1)),
            head: Bytes::from(vec![b'h'; HEAD]),
            body: Bytes::from(vec![b'b'; BODY]),
            idempotency: None,
            write: WriteId(u128::from(self.made)),
        }
    }
}

/// The next number of `SplitMix64`.
fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

struct Filled {
    backend: MemoryBackend,
    source: Source,
}

impl Filled {
    async fn new(tasks: usize, owners: usize) -> anyhow::Result<Self> {
        let mut filled = Self { backend: MemoryBackend::new(), source: Source::new(owners) };
        for _ in 0..tasks {
            let new = filled.source.next();
            filled.backend.create(&new, filled.source.now()).await?;
        }
        Ok(filled)
    }

    /// The time of a create, of a batch of them.
    async fn batch(&mut self, samples: &mut Samples) -> anyhow::Result<Vec<NewTask>> {
        let tasks: Vec<NewTask> = (0..BATCH).map(|_| self.source.next()).collect();
        let now = self.source.now();
        let started = Instant::now();
        for new in &tasks {
            anyhow::ensure!(black_box(self.backend.create(black_box(new), now).await?) == Create::Created);
        }
        samples.add(started.elapsed() / u32::try_from(BATCH)?);
        Ok(tasks)
    }
}

/// `one` is with few tasks, `other` with many.
async fn ours(owners: usize, effort: Effort) -> anyhow::Result<Duel> {
    let mut few = Filled::new(FEW, 1).await?;
    let mut much = Filled::new(MANY, owners).await?;
    let mut duel = Duel::default();
    for round in 0..=effort.of(15, 5) {
        let (mut with_few, mut with_many) = (Samples::default(), Samples::default());
        for _ in 0..effort.of(100, 50) {
            // What was created goes again: the few stay few. The many may grow by a hundredth.
            for task in few.batch(&mut with_few).await? {
                few.backend.delete(&task.key).await?;
            }
            much.batch(&mut with_many).await?;
        }
        // The first round warms up.
        if round > 0 {
            duel.round(with_few.median(), with_many.median());
        }
    }
    Ok(duel)
}

/// The same of the registry's.
fn theirs(effort: Effort) -> anyhow::Result<Duel> {
    let (mut few, mut many) = (Peer::start("peer-registry", 2)?, Peer::start("peer-registry", 2)?);
    few.measure(&format!("fill {FEW}"))?;
    many.measure(&format!("fill {MANY}"))?;
    let mut duel = Duel::default();
    for _ in 0..effort.of(7, 3) {
        duel.round(few.one("create 200")?, many.one("create 1")?);
    }
    Ok(duel)
}
