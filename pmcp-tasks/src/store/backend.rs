//! The port a store implements: keys, opaque parts, compare-and-swap. No rule of tasks lives behind it.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc;

use super::StoreError;
use crate::{id::TaskId, owner::OwnerKey, time::Millis};

/// Result of a backend's methods.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Place of a task in a store: its owner and its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskKey {
    /// The owner's key; tasks of different owners never share one.
    pub owner: OwnerKey,
    /// The task.
    pub id: TaskId,
}

/// The list a task appears in. Tasks with none are in no list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(pub OwnerKey);

/// Time of a task's creation, as a number that orders tasks: milliseconds since the epoch in the high 44 bits, a
/// counter in the low 20. Monotone in a process; two processes may produce equal ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub u64);

/// A place in a list: tasks are ordered by stamp, then id. Pages run from the newest down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Creation of the task.
    pub stamp: Stamp,
    /// Decides between equal stamps.
    pub id: TaskId,
}

/// A process that runs tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerId(pub u128);

/// Party that is responsible for running a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// Nobody yet: any worker may claim it.
    Queue,
    /// This worker.
    Worker(WorkerId),
}

/// Identifies one write, so that a retry after a lost reply is recognised. A retry reuses the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WriteId(pub u128);

/// The name of a task variable.
pub type Field = Arc<str>;

bitflags::bitflags! {
    /// Parts of a task to read. The head and what is stored beside it always come.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Parts: u8 {
        /// Request of the task; never changes.
        const BODY = 1;
        /// The variables.
        const VARIABLES = 1 << 1;
        /// The recorded steps.
        const STEPS = 1 << 2;
        /// The outcome.
        const OUTCOME = 1 << 3;
    }
}

/// A task as it is stored. Parts that were not asked for are `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTask {
    /// Raised by one at every write of the head; the first is 1.
    pub version: u64,
    /// Raised whenever another worker takes the task over; the first is 1.
    pub fence: u64,
    /// Holder that runs it, if anybody does.
    pub holder: Option<Holder>,
    /// Set while it may still change. A sealed task never does.
    pub open: bool,
    /// Time of its creation, for ordering.
    pub stamp: Stamp,
    /// Time at which it ceases to exist, in milliseconds since the epoch.
    pub expires: Millis,
    /// Status, timestamps and message, opaque to the backend.
    pub head: Bytes,
    /// Request of the task, opaque.
    pub body: Option<Bytes>,
    /// One cell a field, opaque.
    pub variables: Option<BTreeMap<Field, Bytes>>,
    /// One value a step, opaque.
    pub steps: Option<BTreeMap<String, Bytes>>,
    /// The outcome, once sealed. `None` if it was not asked for or there is none.
    pub outcome: Option<Bytes>,
}

/// A digest that stands for an idempotency key or a payload.
pub type Digest = [u8; 32];

/// A task to create.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// Place it goes to.
    pub key: TaskKey,
    /// The list it appears in.
    pub scope: Option<Scope>,
    /// Its place in that list.
    pub stamp: Stamp,
    /// Time at which it ceases to exist, in milliseconds since the epoch.
    pub expires: Millis,
    /// Number of live tasks (open and not expired) the owner may have, this one included.
    pub quota: u32,
    /// Bytes all tasks of the owner may take, finished ones and this one included: see [`TASK_BYTES`].
    pub max_bytes: u64,
    /// Holder that runs it.
    pub holder: Holder,
    /// The first head.
    pub head: Bytes,
    /// Request of the task.
    pub body: Bytes,
    /// The digests of an idempotency key and of the payload it stands for.
    pub idempotency: Option<(Digest, Digest)>,
    /// Identifies this write.
    pub write: WriteId,
}

/// Bytes a task takes beside its parts, for its row, its entries in indexes and the writes that are remembered. To them come
/// the lengths of its head, body and outcome, and of the names and values of its variables and steps.
pub const TASK_BYTES: u64 = 1024;

impl NewTask {
    /// Counts the bytes it takes when it is created.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        TASK_BYTES + self.head.len() as u64 + self.body.len() as u64
    }
}

/// Outcome of a create.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Create {
    /// The task exists now.
    Created,
    /// This very write had been applied before.
    Replayed,
    /// The idempotency key stands for this task, with the same payload.
    Same(TaskId),
    /// The idempotency key stands for another payload.
    Differs,
    /// The owner has as many live tasks as the quota allows.
    Full,
    /// The owner's live tasks leave fewer bytes than it takes, though all finished ones went.
    NoRoom,
    /// The worker that was to hold it was declared dead. Nothing was stored, and no try of this write ever will be.
    Buried,
}

/// Effect of a head's write on the holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HolderChange {
    /// Nothing.
    Keep,
    /// This worker takes the task; the fence rises by one.
    Take(WorkerId),
    /// Back to the queue; the fence rises by one.
    Queue,
    /// Nobody holds it any more.
    Release,
}

/// A write of the head.
#[derive(Clone, Debug)]
pub struct Put {
    /// The version it was made from.
    pub version: u64,
    /// The fence the writer holds the task under; `None` from anybody else.
    pub fence: Option<u64>,
    /// The new head.
    pub head: Bytes,
    /// The outcome; given exactly when `open` is false.
    pub outcome: Option<Bytes>,
    /// Name and result of a step to record with it.
    pub step: Option<(String, Bytes)>,
    /// Set if the task may still change. `false` seals it: every later write fails.
    pub open: bool,
    /// Effect on the holder.
    pub holder: HolderChange,
    /// Identifies this write.
    pub write: WriteId,
}

/// Outcome of a write of the head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// Applied; the task has this version now.
    Done {
        /// The new version.
        version: u64,
        /// The fence now.
        fence: u64,
    },
    /// This very write had been applied before; the task as it is now, without parts.
    Replayed(StoredTask),
    /// Version or fence do not match, or the task is sealed; the task as it is now, without parts.
    Conflict(StoredTask),
    /// There is no such task, or it has expired.
    Missing,
    /// The worker that was to take it was declared dead; nothing was written.
    Buried,
}

/// Condition under which variables are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// The worker that holds the task under this fence.
    Fence(u64),
    /// Anybody, while the task is open.
    Open,
}

/// Change of one variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldOp {
    /// It gets this value.
    Set(Bytes),
    /// It goes.
    Remove,
    /// It gets this value if it still has the value `was` (`None`: if it does not exist).
    SetIf {
        /// The expected value.
        was: Option<Bytes>,
        /// The new one.
        value: Bytes,
    },
}

/// A write of variables: all of it or nothing.
#[derive(Clone, Debug)]
pub struct Merge {
    /// Condition of the write.
    pub guard: Guard,
    /// The fields, each at most once.
    pub ops: Vec<(Field, FieldOp)>,
    /// Largest size of the names and values of all variables together, in bytes.
    pub max_bytes: u32,
    /// Identifies this write.
    pub write: WriteId,
}

/// Outcome of a write of variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merged {
    /// Applied.
    Done,
    /// This very write had been applied before.
    Replayed,
    /// A `SetIf` of this field found another value; nothing was written.
    Changed(Field),
    /// The guard does not hold: the task is sealed or another worker has it.
    Lost,
    /// The variables would become too large; nothing was written.
    TooLarge,
    /// There is no such task, or it has expired.
    Missing,
}

/// A step's result to record.
#[derive(Clone, Debug)]
pub struct Step {
    /// The fence the writer holds the task under.
    pub fence: u64,
    /// The step's name, unique in the task.
    pub name: String,
    /// Its result.
    pub value: Bytes,
    /// Changes of variables that are made in the very write that records it; the fields, each at most once.
    pub changes: Vec<(Field, FieldOp)>,
    /// Largest size of the names and values of all variables together after the changes, in bytes.
    pub max_bytes: u32,
    /// Identifies this write.
    pub write: WriteId,
}

/// Outcome of recording a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is recorded now.
    Recorded,
    /// It had been recorded before, with this value; that one stands.
    Exists(Bytes),
    /// A `SetIf` of this field found another value; nothing was written.
    Changed(Field),
    /// The variables would become too large; nothing was written.
    TooLarge,
    /// The fence does not match or the task is sealed.
    Lost,
    /// There is no such task, or it has expired.
    Missing,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The tasks, newest first, without parts.
    pub tasks: Vec<(TaskKey, StoredTask)>,
    /// Beginning of the next page; `None` on the last.
    pub next: Option<Position>,
}

/// A task that was claimed: with its body, variables and steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Key of the task.
    pub key: TaskKey,
    /// As it is after the claim.
    pub task: StoredTask,
}

/// Outcome of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The worker holds these now.
    Taken(Vec<Claimed>),
    /// It was declared dead, and can take nothing any more.
    Buried,
}

impl Claim {
    /// The tasks it holds now; none if it was declared dead.
    #[must_use]
    pub fn taken(self) -> Vec<Claimed> {
        match self {
            Self::Taken(claimed) => claimed,
            Self::Buried => Vec::new(),
        }
    }
}

/// A living worker, as it beat last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worker {
    /// Its id.
    pub id: WorkerId,
    /// Number of its beats.
    pub counter: u64,
    /// Time it may go without a beat before others may bury it: its own, whatever theirs are. Whole milliseconds.
    pub period: Duration,
    /// Its wall clock at the beat.
    pub clock: Millis,
}

/// Outcome of a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// The counter has this value now.
    Alive(u64),
    /// Others declared this worker dead. That is final.
    Buried,
}

/// Hints that tasks changed: they may be lost, repeated and reordered.
#[derive(Debug)]
pub struct Feed {
    /// Tasks that may have changed.
    pub hints: mpsc::Receiver<TaskKey>,
    /// Tells the backend which tasks somebody waits for (`true`) or no longer waits for (`false`).
    pub interest: mpsc::UnboundedSender<(TaskKey, bool)>,
}

/// Abilities of a backend and its limits; parameters of the contract suite, not excuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The backend's name for messages.
    pub name: &'static str,
    /// The largest part it stores, in bytes.
    pub max_part: u32,
    /// Set if other processes may use the same tasks.
    pub shared: bool,
    /// Promise of a write, in words for the log.
    pub durability: String,
}

/// A store of tasks.
///
/// Methods take `now` where expiry matters: an expired task is missing to every one of them, whether or not it was
/// removed. Every write carries a [`WriteId`]; a backend remembers the last 8 of a head and the last 64 of the variables
/// and answers `Replayed` to one of them.
///
/// Each sentence of a *Contract* paragraph is a case of `storage_contract!` in `testing`.
#[async_trait]
pub trait StorageBackend: fmt::Debug + Send + Sync + 'static {
    /// Describes what the backend can do.
    fn capabilities(&self) -> Capabilities;

    /// Stores a new task: head, body, list entry, quota entry, holder entry and idempotency entry in one atomic write.
    ///
    /// *Contract.* The first version and fence are 1. The same write again is `Replayed`, at a full quota too. Of many
    /// creates racing against a quota of n, n succeed. An expired or sealed task frees its place though nothing swept.
    /// The same idempotency key and payload give `Same`, another payload `Differs`; an entry whose task has expired is
    /// no entry. A buried worker gets no task: once its burial was answered, nothing it is to hold is created.
    ///
    /// Where all tasks of the owner would take more than `max_bytes`, sealed ones of his are removed in the same write, those
    /// that were sealed first (by the `now` of the sealing write, then by id), and no more than it takes; if the live ones
    /// alone leave no room, it is `NoRoom` and none is removed. An expired or deleted task takes nothing, though an
    /// expired one that nothing swept may have another removed in its stead. What is written to open tasks may pass
    /// `max_bytes`: it has bounds of its own.
    async fn create(&self, new: &NewTask, now: Millis) -> Result<Create>;

    /// Reads a task with the given parts.
    ///
    /// *Contract.* A missing key, another owner's key and an expired task are `None`. A deleted and recreated key starts
    /// at version 1.
    async fn get(&self, key: &TaskKey, parts: Parts, now: Millis) -> Result<Option<StoredTask>>;

    /// Writes the head if version (and fence, when given) match and the task is open.
    ///
    /// *Contract.* The current version is accepted; a stale one conflicts and reports the actual task. Of racing writers
    /// one wins. A sealing write stores the outcome, frees the quota and leaves the holder's set in one operation; every
    /// later write conflicts. It makes room as `create` does, with the `max_bytes` of its own task, which is kept
    /// whatever it takes. `Take` and `Queue` raise the fence. A buried worker takes nothing. A step that comes with it is recorded
    /// if and when the head is written, in the same write; if one of its name was recorded before, that one stands and the head
    /// is written all the same.
    async fn put(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Written>;

    /// Writes variables.
    ///
    /// *Contract.* Writers of different fields all succeed. A repeated write is applied once. A `SetIf` that finds
    /// another value writes nothing. A merge that would pass `max_bytes` writes nothing. A merge into a sealed task, or
    /// under an old fence, is `Lost`. Names may be long: of variables as of steps, 8 KiB at least.
    async fn merge(&self, key: &TaskKey, merge: &Merge, now: Millis) -> Result<Merged>;

    /// Records a step's result, and changes variables with it.
    ///
    /// *Contract.* The first value stands; recording again returns it. Under an old fence or in a sealed task it is
    /// `Lost`. The changes are made if the step is recorded now, and never again: both are one write. A `SetIf` that finds another
    /// value, or changes that would pass `max_bytes`, record nothing.
    async fn record(&self, key: &TaskKey, step: &Step, now: Millis) -> Result<Recorded>;

    /// Removes a task and everything about it, with its quota, list, holder and idempotency entries.
    ///
    /// *Contract.* Tells whether there was one; deleting again is `false`.
    async fn delete(&self, key: &TaskKey) -> Result<bool>;

    /// A page of a list, at most `n` tasks older than `before`, newest first.
    ///
    /// *Contract.* Lists one scope and nothing else. Equal stamps are ordered by id, across a page boundary too. Expired
    /// tasks are left out. `next` is `None` exactly when nothing older remains.
    async fn page(&self, scope: &Scope, before: Option<&Position>, n: u16, now: Millis) -> Result<Page>;

    /// Takes over at most `n` open tasks of a holder: the worker becomes the holder, version and fence rise by one.
    ///
    /// *Contract.* Of racing claimers each task goes to one. Writes under the old fence are rejected from then on. Sealed
    /// and expired tasks are not claimed. What a dead worker held stays where it is if it has expired by the claimer's clock. A
    /// buried worker claims nothing.
    async fn claim(&self, from: &Holder, to: &WorkerId, n: u16, now: Millis) -> Result<Claim>;

    /// The open tasks of a holder, in key order, after the given one; at most `n`.
    async fn held(&self, by: &Holder, after: Option<&TaskKey>, n: u16) -> Result<Vec<TaskKey>>;

    /// Raises the worker's counter by one, registering it at first use, and notes the period it may go without a beat and
    /// its wall clock.
    ///
    /// *Contract.* A buried worker stays buried.
    async fn beat(&self, worker: &WorkerId, period: Duration, now: Millis) -> Result<Beat>;

    /// The living workers, as they beat last.
    async fn workers(&self) -> Result<Vec<Worker>>;

    /// Declares a worker dead if its counter still has the value `seen`.
    ///
    /// *Contract.* Fails when the worker has renewed since. Of racing callers at least one learns `true`, and burying a
    /// buried worker is `true`.
    async fn bury(&self, worker: &WorkerId, seen: u64) -> Result<bool>;

    /// The buried workers whose tasks may still have to be claimed: those that were not settled.
    ///
    /// *Contract.* A buried worker is listed until it is settled, so that its tasks are found although whoever buried it
    /// died before claiming them.
    async fn buried(&self) -> Result<Vec<WorkerId>>;

    /// Notes that every task of a buried worker was claimed. It stays buried.
    ///
    /// *Contract.* Does nothing while the worker holds an open task, be it one that has expired and was not removed: a claimer
    /// whose clock is ahead leaves it, and another one is to find it.
    async fn settle(&self, worker: &WorkerId) -> Result<()>;

    /// Removes at most `n` expired tasks, found by index; tells how many. Does nothing where the service expires records.
    async fn sweep(&self, n: u16, now: Millis) -> Result<u16>;

    /// Hints of changes made by other processes; `None` if there are none or the caller has to poll.
    fn feed(&self, me: &WorkerId) -> Option<Feed>;
}
