//! The store as the runtime uses it: tasks instead of bytes, retries instead of conflicts.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use serde::Serialize;
use tokio::sync::OnceCell;

use super::{
    Draft, NotCreated, Owner, Task, TaskId, canonical,
    ending::kept,
    hub::{Hub, Observer, Watch},
    tries::Tries,
};
use crate::{
    error::StoreError,
    measure,
    random::{Randomness, SystemRandomness},
    store::{
        MemoryBackend, StorageBackend,
        backend::{
            Capabilities, Create, Field, FieldOp, Guard, Merge, Merged, NewTask, Parts, Scope, Stamp, StoredTask,
            TaskKey, WorkerId, WriteId,
        },
    },
    time::{Clock, Millis, SystemClock},
};

/// Store of tasks: a backend, with the clock and the randomness everything uses. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TaskStore {
    pub(super) backend: Arc<dyn StorageBackend>,
    capabilities: Arc<Capabilities>,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    pub(super) hub: Hub,
    stamp: Arc<AtomicU64>,
    writes: Arc<Writes>,
}

/// Write ids: a random half a process, a counter for the rest.
#[derive(Debug, Default)]
struct Writes {
    prefix: OnceCell<u64>,
    next: AtomicU64,
}

impl TaskStore {
    /// A store in memory: everything goes with the process.
    #[must_use]
    pub fn memory() -> Self {
        Self::new(MemoryBackend::new())
    }

    /// A store on this backend, on the system's clock and randomness.
    pub fn new(backend: impl StorageBackend) -> Self {
        #[cfg(feature = "metrics")]
        let backend = crate::store::Measured::new(backend);
        Self {
            capabilities: Arc::new(backend.capabilities()),
            backend: Arc::new(backend),
            clock: Arc::new(SystemClock::default()),
            randomness: Arc::new(SystemRandomness),
            hub: Hub::default(),
            stamp: Arc::default(),
            writes: Arc::default(),
        }
    }

    /// The same store on another clock.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// The same store with another source of ids.
    #[must_use]
    pub fn with_randomness(self, randomness: impl Randomness) -> Self {
        Self { randomness: Arc::new(randomness), ..self }
    }

    /// Returns what the backend can do.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// The clock everything in this store goes by.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub(crate) fn now(&self) -> Millis {
        self.clock.now()
    }

    pub(crate) fn random(&self) -> Result<[u8; 16], StoreError> {
        self.random_bytes()
    }

    /// Random bytes that nobody can predict.
    ///
    /// # Errors
    /// The source of randomness failed.
    pub fn random_bytes<const N: usize>(&self) -> Result<[u8; N], StoreError> {
        let mut bytes = [0; N];
        self.randomness.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// 128 random bits as 22 characters of URL-safe Base64: for ids that must not be guessed.
    ///
    /// # Errors
    /// The source of randomness failed.
    pub fn random_text(&self) -> Result<String, StoreError> {
        Ok(BASE64_URL_SAFE_NO_PAD.encode(self.random()?))
    }

    /// A task of this owner that works at `work`, yet to be created.
    pub(crate) fn draft(&self, owner: &Owner, ttl: Duration, work: &str) -> Result<Draft, StoreError> {
        Ok(Draft::new(TaskId::from_random(self.random()?), self.now(), owner, ttl, work))
    }

    /// Identifies a write, however often it is tried.
    pub(crate) async fn write_id(&self) -> Result<WriteId, StoreError> {
        let prefix = self
            .writes
            .prefix
            .get_or_try_init(|| async {
                let mut bytes = [0; 8];
                self.randomness.fill(&mut bytes)?;
                Ok::<_, StoreError>(u64::from_be_bytes(bytes))
            })
            .await?;
        let next = self.writes.next.fetch_add(1, Ordering::Relaxed);
        Ok(WriteId(u128::from(*prefix) << 64 | u128::from(next)))
    }

    /// A stamp later than every earlier one of this process.
    fn next_stamp(&self, now: Millis) -> Stamp {
        let floor = now.0 << 20;
        let earlier = self
            .stamp
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(floor.max(last + 1)))
            .unwrap_or_default();
        Stamp(floor.max(earlier + 1))
    }

    /// Creates a task. It can be read by anybody who shares the store when this returns. `None` if others have taken the
    /// worker that was to hold it for dead: then it is not there, and no try of this write will bring it there.
    pub(crate) async fn create(&self, draft: &mut Draft) -> Result<Option<Task>, NotCreated> {
        let now = self.now();
        let write = match draft.write {
            Some(write) => write,
            None => *draft.write.insert(self.write_id().await?),
        };
        let new = NewTask {
            scope: draft.listed.then_some(Scope(draft.key.owner)),
            key: draft.key.clone(),
            stamp: self.next_stamp(now),
            expires: now.after(draft.ttl),
            quota: draft.quota,
            max_bytes: draft.max_bytes,
            holder: draft.holder,
            head: self.encode(&draft.head)?,
            body: self.encode(&draft.body)?,
            idempotency: draft.idempotency,
            write,
        };
        match Tries::Few.of(&**self.clock(), || self.backend.create(&new, now)).await? {
            // What keeps a call for its retry is none that anybody knows, and may bear the URI of a resource.
            Create::Created if draft.head.hidden.is_none() => measure::created(&draft.body.tool),
            Create::Created => {}
            // Of an earlier try; others may have taken it over since.
            Create::Replayed => {
                if let Some(task) = self.read(&new.key, Parts::BODY).await? {
                    return Ok(Some(task));
                }
            }
            Create::Buried => return Ok(None),
            Create::Same(id) => return Err(NotCreated::Same(id)),
            Create::Differs => return Err(NotCreated::Differs),
            Create::Full => return Err(NotCreated::Quota),
            Create::NoRoom => return Err(NotCreated::NoRoom),
        }
        let stored = StoredTask {
            version: 1,
            fence: 1,
            holder: Some(new.holder),
            open: true,
            stamp: new.stamp,
            expires: new.expires,
            head: new.head,
            body: None,
            variables: None,
            steps: None,
            outcome: None,
        };
        let (head, body) = (draft.head.clone(), Some(draft.body.clone()));
        Ok(Some(Task { key: new.key, head, body, outcome: None, stored }))
    }

    /// Reads a task; `None` if this owner has none with the id, or it has expired.
    ///
    /// # Errors
    /// The store failed, or a record is corrupt.
    pub async fn get(&self, owner: &Owner, id: TaskId) -> Result<Option<Task>, StoreError> {
        let key = TaskKey { owner: owner.key(), id };
        let task = self.read(&key, Parts::BODY | Parts::VARIABLES | Parts::OUTCOME).await?;
        Ok(task.filter(|task| task.head.owner == *owner))
    }

    pub(crate) async fn read(&self, key: &TaskKey, parts: Parts) -> Result<Option<Task>, StoreError> {
        self.read_trying(Tries::Few, key, parts).await
    }

    pub(crate) async fn read_trying(
        &self,
        tries: Tries<'_>,
        key: &TaskKey,
        parts: Parts,
    ) -> Result<Option<Task>, StoreError> {
        let stored = tries.of(&**self.clock(), || self.backend.get(key, parts, self.now())).await?;
        stored.map(|stored| self.decode(key, stored)).transpose()
    }

    pub(super) fn decode(&self, key: &TaskKey, stored: StoredTask) -> Result<Task, StoreError> {
        Task::decode(self.capabilities.name, key.clone(), stored)
    }

    pub(crate) async fn merge(
        &self,
        tries: Tries<'_>,
        key: &TaskKey,
        guard: Guard,
        ops: Vec<(Field, FieldOp)>,
        max_bytes: u32,
    ) -> Result<Merged, StoreError> {
        let merge = Merge { guard, ops, max_bytes, write: self.write_id().await? };
        let merged = tries.of(&**self.clock(), || self.backend.merge(key, &merge, self.now())).await?;
        if matches!(merged, Merged::Done | Merged::Replayed) {
            self.hub.announce(key);
        }
        Ok(merged)
    }

    pub(crate) async fn delete(&self, key: &TaskKey) -> Result<bool, StoreError> {
        let deleted = Tries::Few.of(&**self.clock(), || self.backend.delete(key)).await?;
        self.hub.announce(key);
        Ok(deleted)
    }

    #[cfg(test)]
    pub(crate) fn watched(&self) -> usize {
        self.hub.len()
    }

    /// Watches a task for changes: those made through this store at once, those of other processes when they are hinted
    /// at, or looked for.
    pub(crate) fn watch(&self, key: &TaskKey) -> Watch {
        let looking = self.capabilities.shared.then(|| self.clock.clone());
        self.hub.watch(key, looking)
    }

    /// Tells this one, as long as it lives, of what is written to tasks from outside their runs in this process.
    pub(crate) fn observed_by(&self, observer: Weak<dyn Observer>) {
        self.hub.add_observer(observer);
    }

    /// Tells whoever runs a task in this process how it was just written.
    pub(crate) fn tell(&self, task: &Task) {
        for observer in self.hub.observers() {
            observer.observe(task);
        }
    }

    /// Tells whoever runs tasks in this process that this worker is dead and has left some.
    pub(crate) fn leave(&self, worker: WorkerId) {
        for observer in self.hub.observers() {
            observer.takes_over(worker);
        }
    }

    pub(super) fn encode<T: Serialize>(&self, record: &T) -> Result<Bytes, StoreError> {
        self.fitting(canonical(record).map(kept))
    }

    /// The JSON, if the backend takes so much.
    pub(super) fn fitting(&self, json: Result<Bytes, serde_json::Error>) -> Result<Bytes, StoreError> {
        let backend = self.capabilities.name;
        let bytes = json.map_err(|source| StoreError::Refused { backend, source: Box::new(source) })?;
        let max = self.capabilities.max_part;
        if bytes.len() > max as usize {
            return Err(StoreError::TooLarge { backend, size: bytes.len() as u64, max });
        }
        Ok(bytes)
    }
}
