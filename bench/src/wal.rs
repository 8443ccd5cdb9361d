//! Costs of a task on PostgreSQL that no clock tells: bytes of its log, commits, and round trips a caller waits for.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use measure::{Samples, Workers};
use tokio_postgres::{Client, NoTls};

use crate::{
    Effort,
    duel::{Duel, Factor},
    relay::{self, Trips},
    services::Floor,
    stored::{CALLERS, Store},
    table::{Row, Table, Verdict},
};

const WAL_BUDGET: f64 = 3.5 * 1024.0;
/// Two, with what a server does by itself, and with messages that reached the relay in two parts.
const ABOUT_TWO: f64 = 2.05;

/// Each of 32 callers creates and completes so many tasks at a time.
const EACH: u32 = 40;

/// Log and transactions so far.
struct Position {
    bytes: f64,
    transactions: f64,
}

/// Whoever looks at the server.
struct Observer(Client);

impl Observer {
    async fn connect(url: &str) -> anyhow::Result<Self> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        Ok(Self(client))
    }

    /// Bytes that were inserted into the log, and transactions that got a number: those that write.
    async fn position(&self) -> anyhow::Result<Position> {
        const LOOK: &str = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8, \
             pg_snapshot_xmax(pg_current_snapshot())::text::float8";
        let row = self.0.query_one(LOOK, &[]).await?;
        Ok(Position { bytes: row.try_get(0)?, transactions: row.try_get(1)? })
    }

    /// Writes everything to the tables: the next change of a page puts the whole of it into the log.
    async fn checkpoint(&self) -> anyhow::Result<()> {
        Ok(self.0.batch_execute("CHECKPOINT").await?)
    }
}

/// Number of tasks that were done, and bytes and transactions of each.
async fn cost(observer: &Observer, work: impl Future<Output = anyhow::Result<u32>>) -> anyhow::Result<[f64; 3]> {
    let before = observer.position().await?;
    let tasks = f64::from(work.await?);
    let after = observer.position().await?;
    Ok([tasks, (after.bytes - before.bytes) / tasks, (after.transactions - before.transactions) / tasks])
}

/// Rows of the log and of commits.
pub(crate) fn log(
    workers: &Workers,
    effort: Effort,
    table: &mut Table,
    (server, url): (&str, &str),
    (floor, what): (&impl Floor, &str),
) -> anyhow::Result<()> {
    let (server, url, floor) = (server.to_owned(), url.to_owned(), floor.clone());
    let rounds = effort.of(7, 3);
    let (bytes, commits, notified) = workers.run(async move {
        let observer = Observer::connect(&server).await?;
        let counts = Arc::new(Trips::default());
        let store = relayed(&url, &counts).await?;
        let (mut bytes, mut commits, mut notified) = (Duel::default(), Duel::default(), Samples::default());
        observer.checkpoint().await?;
        // Touches every page there is: what follows is the cost of tasks, and not of the checkpoint.
        for _ in 0..3 {
            store.lifecycles(CALLERS, EACH).await?;
            bare(&floor).await?;
        }
        for _ in 0..rounds {
            let [_, bare_bytes, bare_count] = cost(&observer, bare(&floor)).await?;
            counts.take();
            let [tasks, our_bytes, our_count] = cost(&observer, store.lifecycles(CALLERS, EACH)).await?;
            // What the connection that listens sends are notifications: a transaction each, which nobody's disk waits for.
            let [_, hints] = counts.take().map(|count| f64::from(count) / tasks);
            bytes.round(our_bytes, bare_bytes);
            commits.round(our_count - hints, bare_count);
            notified.add_value(hints);
        }
        Ok((bytes, commits, notified))
    })?;
    let ratio = |duel: &Duel| format!("{}x as much", Factor(1.0 / duel.ratio().median));
    let kilobytes = |bytes: f64| format!("{} KB", Factor(bytes / 1024.0));
    let log = bytes.one().median;
    table.add(Row {
        name: "PostgreSQL log of a create and complete".into(),
        ours: kilobytes(log),
        peer: format!("{what} {}", kilobytes(bytes.other().median)),
        ratio: ratio(&bytes),
        verdict: Verdict::Budget { text: "≤ 3.5 KB", met: log <= WAL_BUDGET },
    });
    let count = commits.one().median;
    table.add(Row {
        name: "PostgreSQL commits of a create and complete".into(),
        ours: format!("{}, and {} of nothing but a notification", Factor(count), Factor(notified.median())),
        peer: format!("{what} {}", Factor(commits.other().median)),
        ratio: ratio(&commits),
        verdict: Verdict::Budget { text: "2", met: count <= ABOUT_TWO },
    });
    Ok(())
}

async fn bare(floor: &impl Floor) -> anyhow::Result<u32> {
    let mut running = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let floor = floor.clone();
        running.spawn(async move {
            for _ in 0..EACH {
                floor.lifecycle(caller, crate::services::number()).await?;
            }
            anyhow::Ok(EACH)
        });
    }
    Ok(running.join_all().await.into_iter().collect::<anyhow::Result<Vec<u32>>>()?.into_iter().sum())
}

/// The row of round trips, counted between a store with one caller and the server.
pub(crate) fn trips(workers: &Workers, effort: Effort, table: &mut Table, url: &str) -> anyhow::Result<()> {
    let url = url.to_owned();
    let tasks = effort.of(500, 100);
    let [worked, listened] = workers.run(async move {
        let counts = Arc::new(Trips::default());
        let store = relayed(&url, &counts).await?;
        // Statements are prepared with the first ones.
        store.lifecycles(1, 20).await?;
        counts.take();
        store.lifecycles(1, tasks).await?;
        Ok(counts.take().map(|count| f64::from(count) / f64::from(tasks)))
    })?;
    table.add(Row {
        name: "PostgreSQL round trips of a create and complete, one caller".into(),
        ours: Factor(worked).to_string(),
        peer: "an INSERT and an UPDATE 2".into(),
        ratio: format!("{} more that nobody waits for", Factor(listened)),
        verdict: Verdict::Budget { text: "2", met: worked <= ABOUT_TWO },
    });
    Ok(())
}

/// A store whose round trips are counted.
async fn relayed(url: &str, counts: &Arc<Trips>) -> anyhow::Result<Store> {
    let (before, server, after) = parts(url)?;
    let near = relay::start(server, counts.clone()).await?;
    Store::open(&format!("{before}{near}{after}")).await
}

/// A URL in three parts, of which the second says where the server is.
fn parts(url: &str) -> anyhow::Result<(&str, SocketAddr, &str)> {
    let start = url.rfind('@').context("the URL names no account")? + 1;
    let end = start + url[start..].find('/').context("the URL names no database")?;
    Ok((&url[..start], url[start..end].parse()?, &url[end..]))
}
