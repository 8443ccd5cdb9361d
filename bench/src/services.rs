//! Stores that stand on a service, each beside the least that the service needs for the same: a create and a complete.

use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use anyhow::Context as _;
use measure::Workers;
use redis::{Script, aio::ConnectionManager};
use tokio::task::JoinSet;

use crate::{
    Effort, commands,
    duel::Duel,
    stored::{BODY, CALLERS, HEAD, RESULT, ROUND, Store, each, id},
    table::{Row, Table, Verdict},
    wal,
};

/// The URL of a service, with a part of it that is new: the tests' services are there already.
pub(crate) fn url(variable: &str, parameter: &str) -> anyhow::Result<String> {
    let url = setting(variable)?;
    let separator = if url.contains('?') { '&' } else { '?' };
    Ok(format!("{url}{separator}{parameter}={}", part()))
}

/// The name of that part.
pub(crate) fn part() -> String {
    format!("bench{}", std::process::id())
}

/// Setting of a service, by `cargo xtask bench`.
pub(crate) fn setting(variable: &str) -> anyhow::Result<String> {
    env::var(variable).with_context(|| format!("{variable} is not set: `cargo xtask bench` starts the services"))
}

/// What the service does without a store on it, as fast as it can.
#[async_trait::async_trait]
pub(crate) trait Floor: Clone + Send + Sync + 'static {
    /// A create and complete, unchecked.
    async fn lifecycle(&self, caller: usize, n: u64) -> anyhow::Result<()>;
}

/// Another number each time.
pub(crate) fn number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The time for each create and complete of so many concurrent callers, in nanoseconds.
fn lifecycle_of(floor: &impl Floor, workers: &Workers, callers: usize) -> anyhow::Result<f64> {
    let floor = floor.clone();
    workers.run(async move {
        let start = Instant::now();
        let mut running = JoinSet::new();
        for caller in 0..callers {
            let floor = floor.clone();
            running.spawn(async move {
                let mut count = 0;
                while start.elapsed() < ROUND {
                    floor.lifecycle(caller, number()).await?;
                    count += 1;
                }
                anyhow::Ok(count)
            });
        }
        let counts = running.join_all().await.into_iter().collect::<anyhow::Result<Vec<u32>>>()?;
        Ok(each(start, counts.into_iter().sum()))
    })
}

/// A row for each number of callers, with the ratio it has to hold.
fn rows<F: Floor>(
    workers: &Workers,
    effort: Effort,
    table: &mut Table,
    (store, name): (&Store, &str),
    (floor, what): (&F, &str),
    budgets: &[(usize, &'static str, f64)],
) -> anyhow::Result<()> {
    for (callers, text, least) in budgets {
        let mut duel = Duel::default();
        for round in 0..=effort.of(15, 5) {
            let bare = lifecycle_of(floor, workers, *callers)?;
            let ours = store.lifecycle_of(workers, *callers)?;
            // The first round fills caches.
            if round > 0 {
                duel.round(ours, bare);
            }
        }
        let ratio = duel.ratio();
        table.add(Row {
            name: format!("{name} create + complete, {callers} callers"),
            ours: duel.one().times(),
            peer: format!("{what} {}", duel.other().times()),
            ratio: ratio.factors(),
            verdict: Verdict::Budget { text, met: ratio.median >= *least },
        });
    }
    Ok(())
}

pub(crate) fn redis(workers: &Workers, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let url = url("PMCP_TEST_REDIS_URL", "prefix")?;
    let store = {
        let url = url.clone();
        workers.run(async move { Store::open(&url).await })?
    };
    let bare = setting("PMCP_TEST_REDIS_URL")?;
    let connection = workers.run(async move { Ok(ConnectionManager::new(redis::Client::open(bare)?).await?) })?;
    let same = Scripts {
        connection: connection.clone(),
        scripts: [SAME_CREATE, SAME_COMPLETE].map(Script::new).map(Arc::new),
    };
    let least = Scripts { connection, scripts: [LEAST_CREATE, LEAST_COMPLETE].map(Script::new).map(Arc::new) };
    let name = (&store, "Redis");
    rows(
        workers,
        effort,
        table,
        name,
        (&same, "two scripts with the same writes"),
        &[(1, "≥ 0.60x", 0.6), (CALLERS, "≥ 0.60x", 0.6)],
    )?;
    rows(
        workers,
        effort,
        table,
        name,
        (&least, "two minimal scripts"),
        &[(1, "≥ 0.50x", 0.5), (CALLERS, "≥ 0.50x", 0.5)],
    )?;
    commands::measure(workers, effort, table, &url, &part())
}

/// The writes of a store, without a look at anything.
const SAME_CREATE: &str = "\
    redis.call('HSET', KEYS[1], 'h', ARGV[1], 'b', ARGV[2], 'v', 1, 'f', 1, 'o', 1, 'w', ARGV[3], 'e', ARGV[4], 's', ARGV[5], 'wr', ARGV[6]) \
    redis.call('PEXPIRE', KEYS[1], 7200000) \
    redis.call('ZADD', KEYS[2], 0, ARGV[5]) redis.call('PEXPIRE', KEYS[2], 7200000) \
    redis.call('ZADD', KEYS[3], ARGV[4], ARGV[6]) redis.call('PEXPIRE', KEYS[3], 7200000) \
    redis.call('ZADD', KEYS[4], 0, ARGV[6]) return 1";
const SAME_COMPLETE: &str = "\
    redis.call('HSET', KEYS[1], 'h', ARGV[1], 'r', ARGV[2], 'v', 2, 'o', 0, 'w', '', 'wr', ARGV[6]) \
    redis.call('ZREM', KEYS[3], ARGV[6]) redis.call('ZREM', KEYS[4], ARGV[6]) \
    redis.call('PUBLISH', KEYS[1], ARGV[6]) return 1";

/// The least that is a task: a record that expires and an entry in a list.
const LEAST_CREATE: &str = "\
    redis.call('HSET', KEYS[1], 'h', ARGV[1], 'b', ARGV[2]) redis.call('PEXPIRE', KEYS[1], 7200000) \
    redis.call('ZADD', KEYS[2], 0, ARGV[5]) return 1";
const LEAST_COMPLETE: &str =
    "redis.call('HSET', KEYS[1], 'h', ARGV[1], 'r', ARGV[2]) redis.call('ZREM', KEYS[2], ARGV[5]) return 1";

/// Two scripts on one connection.
#[derive(Clone)]
struct Scripts {
    connection: ConnectionManager,
    scripts: [Arc<Script>; 2],
}

#[async_trait::async_trait]
impl Floor for Scripts {
    async fn lifecycle(&self, caller: usize, n: u64) -> anyhow::Result<()> {
        let mut connection = self.connection.clone();
        let id = id(n).to_string();
        for (script, part) in self.scripts.iter().zip([BODY, RESULT]) {
            let mut call = script.prepare_invoke();
            for key in ["t", "l", "q", "h"] {
                // As in a cluster: an owner stays in one slot.
                call.key(format!("{{floor}}{key}:{}", if key == "t" { id.clone() } else { caller.to_string() }));
            }
            call.arg(HEAD).arg(part).arg("worker").arg(1_764_028_800_000_u64).arg(format!("{n:020}{id}")).arg(&id);
            let _: i64 = call.invoke_async(&mut connection).await?;
        }
        Ok(())
    }
}

pub(crate) fn postgres(workers: &Workers, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let url = url("PMCP_TEST_POSTGRES_URL", "schema")?;
    let store = {
        let url = url.clone();
        workers.run(async move { Store::open(&url).await })?
    };
    let bare = setting("PMCP_TEST_POSTGRES_URL")?;
    let floor = {
        let bare = bare.clone();
        workers.run(async move { Statements::open(&bare).await })?
    };
    let budgets = [(1, "≥ 0.60x", 0.6), (CALLERS, "≥ 0.45x", 0.45)];
    let floor = (&floor, "bare INSERT and UPDATE");
    rows(workers, effort, table, (&store, "PostgreSQL"), floor, &budgets)?;
    wal::log(workers, effort, table, (&bare, &url), floor)?;
    wal::trips(workers, effort, table, &url)
}

/// As many connections as a store has by default, a statement at a time on each.
#[derive(Clone)]
struct Statements {
    connections: Arc<Vec<tokio::sync::Mutex<Prepared>>>,
}

struct Prepared {
    client: tokio_postgres::Client,
    insert: tokio_postgres::Statement,
    update: tokio_postgres::Statement,
}

impl Statements {
    async fn open(url: &str) -> anyhow::Result<Self> {
        const CONNECTIONS: usize = 8;
        let mut connections = Vec::new();
        for n in 0..CONNECTIONS {
            let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
            tokio::spawn(connection);
            if n == 0 {
                client
                    .batch_execute(
                        "DROP TABLE IF EXISTS floor; CREATE TABLE floor (id bytea PRIMARY KEY, head bytea, body bytea, result bytea)",
                    )
                    .await?;
            }
            let insert = client.prepare("INSERT INTO floor (id, head, body) VALUES ($1, $2, $3)").await?;
            let update = client.prepare("UPDATE floor SET head = $2, result = $3 WHERE id = $1").await?;
            connections.push(tokio::sync::Mutex::new(Prepared { client, insert, update }));
        }
        Ok(Self { connections: connections.into() })
    }
}

#[async_trait::async_trait]
impl Floor for Statements {
    async fn lifecycle(&self, caller: usize, n: u64) -> anyhow::Result<()> {
        let id = id(n);
        let id: &[u8] = id.as_bytes();
        let connection = self.connections[caller % self.connections.len()].lock().await;
        connection.client.execute(&connection.insert, &[&id, &HEAD, &BODY]).await?;
        connection.client.execute(&connection.update, &[&id, &HEAD, &RESULT]).await?;
        Ok(())
    }
}
