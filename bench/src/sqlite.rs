//! The SQLite store against a floor: what bare SQLite needs for the same, an insert and an update, a commit each, at full
//! sync, with no index but the primary key. Floor and store take turns, as the disk is faster at some times than at others.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use measure::Workers;
use pmcp_tasks::store::SqliteBackend;

use crate::{
    Effort,
    child::{self, Child},
    duel::{Duel, Factor, Spread},
    stored::{BODY, CALLERS, HEAD, RESULT, ROUND, Store, each, id},
    table::{Row, Table, Verdict},
};

pub(crate) fn measure(workers: &Workers, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let directory = child::directory()?;
    let floor = Floor::open(&directory.path().join("floor.db"))?;
    let path = directory.path().join("tasks.db");
    let store = open(workers, &path)?;
    let (mut alone, mut together) = (Duel::default(), Duel::default());
    for round in 0..=effort.of(15, 5) {
        let bare = floor.lifecycle()?;
        let one = store.lifecycle_of(workers, 1)?;
        let many = store.lifecycle_of(workers, CALLERS)?;
        // The first round fills caches.
        if round > 0 {
            alone.round(one, bare);
            together.round(many, bare);
        }
    }
    for (name, duel, budget, least) in
        [("one caller", alone, "≥ 0.65x", 0.65), ("32 callers, each task", together, "≥ 2x", 2.0)]
    {
        let ratio = duel.ratio();
        table.add(Row {
            name: format!("SQLite create + complete, {name}"),
            ours: duel.one().times(),
            peer: format!("bare SQLite, one caller {}", duel.other().times()),
            ratio: ratio.factors(),
            verdict: Verdict::Budget { text: budget, met: ratio.median >= least },
        });
    }
    for (name, callers) in [("one caller each", 1), ("32 callers each", CALLERS)] {
        let shares = (0..effort.of(5, 3)).map(|_| smaller_share(callers)).collect::<anyhow::Result<Vec<_>>>()?;
        let share = Spread::of(shares.into_iter());
        let [median, low, high] = [share.median, share.low, share.high].map(Factor);
        table.add(Row {
            name: format!("two processes on one SQLite file, {name}"),
            ours: format!("the slower one's share {median} ({low} – {high})"),
            peer: String::new(),
            ratio: String::new(),
            verdict: Verdict::Budget { text: "≥ a third", met: share.median >= 1.0 / 3.0 },
        });
    }
    Ok(())
}

fn open(workers: &Workers, path: &Path) -> anyhow::Result<Store> {
    let path = path.to_owned();
    workers.run(async move { Ok(Store::new(Arc::new(SqliteBackend::open(path).await?))) })
}

/// What a process among several on one file does: waits until told, then writes for a round. Tells its rate.
pub(crate) fn share(path: &Path, callers: usize) -> anyhow::Result<()> {
    let workers = Workers::new(2)?;
    let store = open(&workers, path)?;
    child::tell("ready");
    child::wait()?;
    child::tell(&(1e9 / store.lifecycle_of(&workers, callers)?).to_string());
    Ok(())
}

/// The smaller share of two processes that write to one file without pause.
fn smaller_share(callers: usize) -> anyhow::Result<f64> {
    let directory = child::directory()?;
    let path = directory.path().join("tasks.db");
    let start = || Child::start("share", &path, &callers.to_string());
    let mut children = [start()?, start()?];
    for child in &mut children {
        anyhow::ensure!(child.line()? == "ready");
    }
    for child in &mut children {
        child.go()?;
    }
    let mut rates = [0.0_f64; 2];
    for (child, rate) in children.iter_mut().zip(&mut rates) {
        *rate = child.line()?.parse()?;
    }
    Ok(rates[0].min(rates[1]) / (rates[0] + rates[1]))
}

/// Bare SQLite.
struct Floor {
    connection: rusqlite::Connection,
    next: AtomicU64,
}

impl Floor {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let connection = rusqlite::Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.execute("CREATE TABLE task (id BLOB PRIMARY KEY, head BLOB, body BLOB, result BLOB)", [])?;
        Ok(Self { connection, next: AtomicU64::new(0) })
    }

    /// The time of one create and complete, in nanoseconds.
    fn lifecycle(&self) -> anyhow::Result<f64> {
        let mut insert = self.connection.prepare_cached("INSERT INTO task (id, head, body) VALUES (?1, ?2, ?3)")?;
        let mut update = self.connection.prepare_cached("UPDATE task SET head = ?2, result = ?3 WHERE id = ?1")?;
        let (start, mut count) = (Instant::now(), 0);
        while start.elapsed() < ROUND {
            let id = id(self.next.fetch_add(1, Ordering::Relaxed));
            insert.execute((id.as_bytes(), HEAD, BODY))?;
            update.execute((id.as_bytes(), HEAD, RESULT))?;
            count += 1;
        }
        Ok(each(start, count))
    }
}
