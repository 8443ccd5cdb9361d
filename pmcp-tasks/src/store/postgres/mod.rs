//! Tasks in a PostgreSQL database.
//!
//! Each method is one statement, or one flight: a transaction that is sent whole, so that none ever waits for a client. Locks come
//! in one order: an owner's or a worker's, then rows of tasks. Processes tell each other of changes beside their writes.

mod cells;
mod claim;
mod connect;
mod create;
mod db;
mod error;
mod feed;
mod head;
mod hints;
mod hub;
mod keys;
mod list;
mod listener;
mod poll;
mod promises;
mod remove;
mod row;
mod schema;
mod sql;
mod texts;
mod tls;
mod url;
mod workers;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};

use self::{
    connect::Connector,
    db::Db,
    error::{Failure, NAME},
    hub::Hub,
    sql::Statements,
    url::Settings,
};
use super::{
    Missing, StorageBackend,
    backend::{
        Beat, Capabilities, Claim, Create, Feed, Holder, Merge, Merged, NewTask, Page, Parts, Position, Put, Recorded,
        Result, Scope, Step, StoredTask, TaskKey, Worker, WorkerId, Written,
    },
    part,
    turns::Turns,
};
use crate::time::Millis;

/// The largest part it stores: 64 MiB.
const MAX_PART: u32 = 64 << 20;

/// Keeps tasks in a PostgreSQL database, version 13 to 18, which any number of processes on any number of machines share.
///
/// An answered write survives a crash of the database as its settings promise: `fsync` and `synchronous_commit` are left as they
/// are, and what they mean is in [`Capabilities::durability`]. Without a synchronous standby a failover may lose the last
/// acknowledged writes.
///
/// The URL is `postgres://user:password@host:port/database`, with several hosts separated by commas if one of them is the
/// primary at a time, and these parameters beside those of the driver:
///
/// | parameter | meaning |
/// |---|---|
/// | `schema` | schema of the tables, of up to 63 bytes; `pmcp` if it is left out |
/// | `connections` | connections of a process beside the one that listens, 1 to 1000; 8 if it is left out |
/// | `sslmode` | `require` and `verify-full` encrypt, `prefer` does where the server can, `disable` does not. Where it encrypts, the server's certificate and name are verified. Left out it is `disable` for sockets and this machine and `require` elsewhere |
/// | `sslrootcert` | file with the certificates to trust, in place of the system's |
///
/// The tables are made at the first start if the account may do that. Where it may only read and write, an administrator runs
/// [`TABLES`](Self::TABLES) before.
///
/// A change that another process made and somebody waits for is seen within a few milliseconds. Behind a pooler that
/// lends connections for a transaction, such as PgBouncer, which is found out at the start, no notification arrives: it is seen
/// within about 20 ms then, by looking 100 times a second for as long as anybody waits.
///
/// Every call ends within 10 seconds. Tasks of one owner are created one after the other, as many in a second as the database
/// can commit in a row; those of different owners do not wait for each other.
pub struct PostgresBackend {
    inner: Inner,
    durability: String,
}

/// The means of operations.
struct Inner {
    db: Arc<Db>,
    schema: String,
    turns: Turns,
    hub: Hub,
}

impl Inner {
    /// Runs an operation in the time a call may take.
    async fn in_time<T>(&self, operation: impl Future<Output = error::Result<T>>) -> Result<T> {
        Ok(self.db.in_time(operation).await?)
    }
}

impl PostgresBackend {
    /// The script that makes the tables in a schema `pmcp`, for `psql` and an account that may. In its head it says which rights the
    /// server's account needs.
    pub const TABLES: &str = schema::TABLES;

    /// Connects to the database of a URL, and makes the tables if there are none.
    ///
    /// # Errors
    /// [`StoreError::Url`](super::StoreError::Url) if the URL cannot be read, which tells nothing of it;
    /// [`StoreError::Unavailable`](super::StoreError::Unavailable) if the server does not answer;
    /// [`StoreError::Refused`](super::StoreError::Refused) if it refuses the account or its certificate cannot be verified, if it is a
    /// replica or older than version 13, if the tables are missing and cannot be made or belong to a newer build, or if two
    /// connections lead to different servers.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::connect_to(url, Missing::Made).await
    }

    /// The same, where tables that are missing may be refused.
    pub(in crate::store) async fn connect_to(url: &str, missing: Missing) -> Result<Self> {
        let settings = Settings::from_url(url)?;
        let mut connector = Connector::new(&settings).await?;
        let channel = keys::channel(&settings.schema);
        let first = connector.link().await?;
        schema::ensure(&first, &settings.schema, missing).await?;
        let promises = promises::prove(&connector, first, &channel).await?;
        connector.is_pooled = promises.listening.is_none();
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_connect(connector.config(), connector.clone(), recycling);
        let pool = Pool::builder(manager).max_size(settings.connections).build();
        let db = Arc::new(Db {
            pool: pool.map_err(|error| Failure::refused(error.to_string()))?,
            sql: Statements::new(&keys::quoted(&settings.schema)),
            is_pooled: connector.is_pooled,
        });
        let hub = match promises.listening {
            Some(link) => Hub::listening(db.clone(), connector, channel, link),
            None => Hub::polling(db.clone(), channel),
        };
        let inner = Inner { db, schema: settings.schema, turns: Turns::default(), hub };
        Ok(Self { inner, durability: promises.durability })
    }
}

impl fmt::Debug for PostgresBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresBackend").field("schema", &self.inner.schema).finish_non_exhaustive()
    }
}

#[async_trait]
impl StorageBackend for PostgresBackend {
    fn capabilities(&self) -> Capabilities {
        Capabilities { name: NAME, max_part: MAX_PART, shared: true, durability: self.durability.clone() }
    }

    async fn create(&self, new: &NewTask, now: Millis) -> Result<Create> {
        part::check_sizes(NAME, MAX_PART, [&new.head, &new.body])?;
        Ok(self.inner.create(new, now).await?)
    }

    async fn get(&self, key: &TaskKey, parts: Parts, now: Millis) -> Result<Option<StoredTask>> {
        self.inner.in_time(self.inner.get(key, parts, now)).await
    }

    async fn put(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Written> {
        part::check_sizes(NAME, MAX_PART, part::of_put(put))?;
        self.inner.in_time(self.inner.put(key, put, now)).await
    }

    async fn merge(&self, key: &TaskKey, merge: &Merge, now: Millis) -> Result<Merged> {
        part::check_sizes(NAME, MAX_PART, part::values(&merge.ops))?;
        self.inner.in_time(self.inner.merge(key, merge, now)).await
    }

    async fn record(&self, key: &TaskKey, step: &Step, now: Millis) -> Result<Recorded> {
        part::check_sizes(NAME, MAX_PART, [&step.value].into_iter().chain(part::values(&step.changes)))?;
        self.inner.in_time(self.inner.record(key, step, now)).await
    }

    async fn delete(&self, key: &TaskKey) -> Result<bool> {
        self.inner.in_time(self.inner.delete(key)).await
    }

    async fn page(&self, scope: &Scope, before: Option<&Position>, n: u16, now: Millis) -> Result<Page> {
        self.inner.in_time(self.inner.page(*scope, before.copied(), n, now)).await
    }

    async fn claim(&self, from: &Holder, to: &WorkerId, n: u16, now: Millis) -> Result<Claim> {
        Ok(self.inner.claim(*from, *to, n, now).await?)
    }

    async fn held(&self, by: &Holder, after: Option<&TaskKey>, n: u16) -> Result<Vec<TaskKey>> {
        self.inner.in_time(self.inner.held(*by, after, n)).await
    }

    async fn beat(&self, worker: &WorkerId, period: Duration, now: Millis) -> Result<Beat> {
        self.inner.in_time(self.inner.beat(*worker, period, now)).await
    }

    async fn workers(&self) -> Result<Vec<Worker>> {
        self.inner.in_time(self.inner.workers()).await
    }

    async fn bury(&self, worker: &WorkerId, seen: u64) -> Result<bool> {
        self.inner.in_time(self.inner.bury(*worker, seen)).await
    }

    async fn buried(&self) -> Result<Vec<WorkerId>> {
        self.inner.in_time(self.inner.buried()).await
    }

    async fn settle(&self, worker: &WorkerId) -> Result<()> {
        self.inner.in_time(self.inner.settle(*worker)).await
    }

    async fn sweep(&self, n: u16, now: Millis) -> Result<u16> {
        self.inner.in_time(self.inner.sweep(n, now)).await
    }

    fn feed(&self, me: &WorkerId) -> Option<Feed> {
        self.inner.hub.feed(*me)
    }
}
