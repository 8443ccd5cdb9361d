//! Tasks in a table of DynamoDB.
//!
//! One table, no index: what has to be found in an order or by a holder has an item of its own, written in the transaction
//! that changes the task, as an index of the service would be behind. Reads are consistent. A task is an item for its head
//! ([`head`]) and one each for its variables ([`variables`]), outcome, body and steps; an owner has a [`ledger`] of what he
//! has. Writes are recognised by what they wrote, whoever repeats them. Workers that hold tasks are checked in the
//! transaction that gives them one, by a mark that a burial writes.

mod claim;
mod connect;
mod corrupt;
mod create;
mod delete;
mod error;
mod expression;
mod feed;
mod head;
mod item;
mod key;
mod ledger;
mod list;
mod merge;
mod put;
mod read;
mod record;
mod room;
mod seal;
mod settings;
mod table;
mod variables;
mod workers;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use tokio::sync::{Mutex, MutexGuard};

pub use self::settings::DynamoDbTable;
use self::{
    corrupt::Told,
    error::NAME,
    expression::Expression,
    key::{Keys, MARKS},
    table::{Table, Write},
};
use super::{
    Missing, StorageBackend,
    backend::{
        Beat, Capabilities, Claim, Create, Feed, Holder, Merge, Merged, NewTask, Page, Parts, Position, Put, Recorded,
        Result, Scope, Step, StoredTask, TaskKey, Worker, WorkerId, Written,
    },
    part,
    turns::{Turn, Turns},
};
use crate::{owner::OwnerKey, time::Millis};

/// The largest part it stores, in bytes: 390 KiB. An item is at most 400 KB, with names and what lies beside the part.
const MAX_PART: u32 = 390 << 10;

/// Time an item stays at least after its task has expired, in seconds: clocks differ.
const KEPT: u64 = 3600;

/// The time an operation may take, with all its calls and repetitions.
const TAKES_AT_MOST: Duration = Duration::from_secs(10);

/// Keeps tasks in a table of Amazon DynamoDB: what was answered is stored in three data centres.
///
/// Any number of processes may share the table, and several stores, each with a prefix. It is made from the templates of this
/// repository (`templates/cloudformation/tasks-table.yaml`, `templates/terraform/`) or by [`create_table`](Self::create_table).
/// Credentials are found as the SDK of AWS finds them: the environment, a profile, a role; those of its single sign-on need a
/// client of yours ([`with_client`](Self::with_client)). Expired tasks are removed by the service, which takes up to some days;
/// from the millisecond they expire nobody sees them.
///
/// | limit | |
/// |---|---|
/// | a part: body, head, outcome, a step's result | 390 KiB |
/// | names and values of all variables of a task | 350 KiB |
/// | open tasks of an owner | about 8,000 |
/// | creates and ends of one owner | about 100 a second with 100 open tasks, one a second with 8,000: all write his one ledger |
/// | a burial is remembered | 90 days |
///
/// What is larger is refused before it is sent. In units of write capacity, of which an item takes one for each KB and twice
/// that in a transaction, a task takes about 12 to be created and 10 to end, both 2 more for each 24 open tasks of its owner, 4 for a step, 1 for a change of its state or
/// variables; a worker that claims it 8. Operations wait ten seconds for the service at most. Changes made by other processes are looked for while somebody waits, as the
/// service tells nobody of them: see [`feed`](StorageBackend::feed).
///
/// ```no_run
/// use pmcp_tasks::{TaskStore, store::{DynamoDbBackend, DynamoDbTable}};
///
/// # async fn opened() -> Result<(), Box<dyn std::error::Error>> {
/// let table = DynamoDbTable::new("tasks").region("eu-central-1");
/// let store = TaskStore::new(DynamoDbBackend::connect(table).await?);
/// # Ok(())
/// # }
/// ```
pub struct DynamoDbBackend(Arc<Store>);

/// A store in a table.
struct Store {
    table: Table,
    keys: Keys,
    /// Those who write an owner's ledger in this process take turns: at once, the service would refuse all but one.
    owners: Turns,
    /// Likewise for the marks of this process's own worker.
    marks: [Mutex<()>; MARKS],
    next_mark: AtomicUsize,
    told: Told,
}

impl DynamoDbBackend {
    /// Opens a table, which must exist.
    ///
    /// # Errors
    /// [`StoreError::Refused`](super::StoreError::Refused) if there is no such table, its keys are others, it was written by a
    /// newer build, or region or permissions are missing; [`StoreError::Unavailable`](super::StoreError::Unavailable) if the
    /// service does not answer or there are no credentials.
    pub async fn connect(table: DynamoDbTable) -> Result<Self> {
        Self::connect_to(table, Missing::Made).await
    }

    /// The same, where a table that no server has used may be refused.
    pub(in crate::store) async fn connect_to(table: DynamoDbTable, missing: Missing) -> Result<Self> {
        let client = connect::client(&table).await?;
        Self::open(client, table, missing).await
    }

    /// Opens a table with a client of the caller's, whose credentials, region and address are used instead of the table's. Whatever
    /// its time-outs are, an operation ends after ten seconds.
    ///
    /// # Errors
    /// As of [`connect`](Self::connect).
    pub async fn with_client(client: aws_sdk_dynamodb::Client, table: DynamoDbTable) -> Result<Self> {
        Self::open(client, table, Missing::Made).await
    }

    async fn open(client: aws_sdk_dynamodb::Client, table: DynamoDbTable, missing: Missing) -> Result<Self> {
        table.check()?;
        let store = Store {
            keys: Keys { prefix: table.prefix },
            table: Table { client, name: table.name.into() },
            owners: Turns::default(),
            marks: Default::default(),
            next_mark: AtomicUsize::new(0),
            told: Told::default(),
        };
        in_time(Box::pin(connect::check(&store.table, &store.keys, missing))).await?;
        Ok(Self(Arc::new(store)))
    }

    /// Makes a table with capacity on demand and waits until it can be used; the templates also keep backups. Lets the service
    /// remove what has expired, from a table that is there, too.
    ///
    /// # Errors
    /// The service does not answer, or does not allow it.
    pub async fn create_table(table: &DynamoDbTable) -> Result<()> {
        let client = connect::client(table).await?;
        Ok(connect::create_table(&Table { client, name: table.name.as_str().into() }).await?)
    }
}

impl Store {
    /// Waits for the turn to write an owner's ledger, or what others of this process would write at the same time.
    async fn turn(&self, owner: OwnerKey) -> Turn<'_> {
        self.owners.of(owner).await
    }

    /// The turn if nobody has it.
    fn turn_now(&self, owner: OwnerKey) -> Option<Turn<'_>> {
        self.owners.now(owner)
    }

    /// A check, for a transaction, that a worker was not declared dead, and the turn to make it.
    async fn alive(&self, worker: WorkerId) -> (MutexGuard<'_, ()>, Write) {
        let n = self.next_mark.fetch_add(1, Ordering::Relaxed) % MARKS;
        let turn = self.marks[n].lock().await;
        (turn, Write::Check(self.keys.mark(worker, n), absent()))
    }

    fn entry_of(&self, holder: Holder, key: &TaskKey, expires: Millis, now: Millis) -> Write {
        let mut entry = item::item(self.keys.held_entry(holder, key), ttl(expires, now));
        entry.insert("expires".to_owned(), item::number(expires.0));
        Write::Put(entry, Expression::new())
    }
}

/// Ends an operation that takes too long: the service is silent, or busy. It may have been done.
async fn in_time<T>(operation: impl Future<Output = error::Result<T>> + Send) -> Result<T> {
    Ok(limited(operation).await?)
}

/// The same for operations inside.
async fn limited<T>(operation: impl Future<Output = error::Result<T>> + Send) -> error::Result<T> {
    tokio::time::timeout(TAKES_AT_MOST, operation).await.unwrap_or_else(|_| Err(error::Failure::late()))
}

/// The condition that there is no such item.
fn absent() -> Expression {
    Expression::new().when("attribute_not_exists(#pk)")
}

/// When the service removes what belongs to a task, in seconds since the epoch: as long after now by its clock as the task
/// expires by the caller's, and an hour. Until then the caller's clock decides.
fn ttl(expires: Millis, now: Millis) -> u64 {
    let left = expires.0.saturating_sub(now.0) / 1000;
    wall().saturating_add(left).saturating_add(KEPT)
}

/// This machine's clock, in seconds since the epoch.
fn wall() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl fmt::Debug for DynamoDbBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoDbBackend").field("table", &self.0.table.name).finish_non_exhaustive()
    }
}

#[async_trait]
impl StorageBackend for DynamoDbBackend {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: NAME,
            max_part: MAX_PART,
            shared: true,
            durability: "survives the loss of a data centre: the service stores every write in three".to_owned(),
        }
    }

    async fn create(&self, new: &NewTask, now: Millis) -> Result<Create> {
        part::check_sizes(NAME, MAX_PART, [&new.head, &new.body])?;
        in_time(self.0.create(new, now)).await
    }

    async fn get(&self, key: &TaskKey, parts: Parts, now: Millis) -> Result<Option<StoredTask>> {
        in_time(self.0.read(key, parts, now)).await
    }

    async fn put(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Written> {
        part::check_sizes(NAME, MAX_PART, part::of_put(put))?;
        if put.open { in_time(self.0.write(key, put, now)).await } else { in_time(self.0.seal(key, put, now)).await }
    }

    async fn merge(&self, key: &TaskKey, merge: &Merge, now: Millis) -> Result<Merged> {
        part::check_sizes(NAME, MAX_PART, part::values(&merge.ops))?;
        in_time(self.0.merge(key, merge, now)).await
    }

    async fn record(&self, key: &TaskKey, step: &Step, now: Millis) -> Result<Recorded> {
        part::check_sizes(NAME, MAX_PART, [&step.value].into_iter().chain(part::values(&step.changes)))?;
        in_time(self.0.record(key, step, now)).await
    }

    async fn delete(&self, key: &TaskKey) -> Result<bool> {
        in_time(self.0.delete(key)).await
    }

    async fn page(&self, scope: &Scope, before: Option<&Position>, n: u16, now: Millis) -> Result<Page> {
        in_time(self.0.page(*scope, before.copied(), n, now)).await
    }

    async fn claim(&self, from: &Holder, to: &WorkerId, n: u16, now: Millis) -> Result<Claim> {
        in_time(self.0.claim(*from, *to, n, now)).await
    }

    async fn held(&self, by: &Holder, after: Option<&TaskKey>, n: u16) -> Result<Vec<TaskKey>> {
        in_time(self.0.held(*by, after, usize::from(n))).await
    }

    async fn beat(&self, worker: &WorkerId, period: Duration, now: Millis) -> Result<Beat> {
        in_time(self.0.beat(*worker, period, now)).await
    }

    async fn workers(&self) -> Result<Vec<Worker>> {
        in_time(self.0.workers()).await
    }

    async fn bury(&self, worker: &WorkerId, seen: u64) -> Result<bool> {
        in_time(self.0.bury(*worker, seen)).await
    }

    async fn buried(&self) -> Result<Vec<WorkerId>> {
        in_time(self.0.buried()).await
    }

    async fn settle(&self, worker: &WorkerId) -> Result<()> {
        in_time(self.0.settle(*worker)).await
    }

    /// The service removes what has expired.
    async fn sweep(&self, _n: u16, _now: Millis) -> Result<u16> {
        Ok(0)
    }

    /// The service tells nobody of changes: tasks that are waited for are looked at four times a second, each for half a unit of
    /// read capacity.
    fn feed(&self, _me: &WorkerId) -> Option<Feed> {
        feed::start(&self.0)
    }
}
