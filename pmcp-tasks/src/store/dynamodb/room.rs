//! Making room among an owner's tasks: sealed ones go, those that were sealed first.

use std::{collections::HashMap, time::Duration};

use futures_util::{StreamExt as _, stream};

use super::{
    Store,
    error::{Result, corrupt},
    expression::Expression,
    head::Head,
    item::{Attributes as _, Item},
    key::{self, BODY, HEAD, Key, OUTCOME, VARIABLES},
    ledger::Ledger,
    table::{DELETED_AT_ONCE, PASSED_AT_ONCE, Query, Range, Write},
    variables::Variables,
};
use crate::{
    id::TaskId,
    owner::OwnerKey,
    store::backend::{Digest, Position, Scope, Stamp, TaskKey},
    time::Millis,
};

/// Number of tasks that one transaction removes: it has at most 100 writes, two for each.
pub(super) const REMOVED_AT_ONCE: usize = 40;

/// Number of calls at a time that clear what is left of tasks, and the time for which anybody waits for them.
const AT_ONCE: usize = 8;
const CLEARED_WITHIN: Duration = Duration::from_secs(3);

/// Number of entries of expired tasks that are cleared at once. The others are passed again.
const CLEARED_AT_ONCE: usize = 2500;

/// Word for the log of an entry that cannot be read.
const PASSED_OVER: &str = "a corrupt entry of a sealed task is passed over";

/// A sealed task that goes.
#[derive(Debug)]
pub(super) struct Leaving {
    key: TaskKey,
    entry: Key,
    expires: Millis,
    bytes: u64,
    steps: u64,
    position: Option<(Scope, Position)>,
    idempotency: Option<Digest>,
}

impl Leaving {
    fn read(owner: OwnerKey, item: &Item) -> Result<Self> {
        let wrong = || corrupt("the sealed tasks of an owner", "a key has another form than was written");
        let entry = Key { pk: item.text("pk")?.to_owned(), sk: item.text("sk")?.to_owned() };
        // The time of the seal is written as a stamp is.
        let id = key::read_place(&entry.sk).ok_or_else(wrong)?.id;
        let scope = item.maybe_text("scope")?.map(|text| key::owner(text).ok_or_else(wrong)).transpose()?;
        let stamp = Stamp(item.natural("stamp")?);
        Ok(Self {
            key: TaskKey { owner, id },
            entry,
            expires: Millis(item.natural("expires")?),
            bytes: item.natural("bytes")?,
            steps: item.natural("steps")?,
            position: scope.map(|scope| (Scope(scope), Position { stamp, id })),
            idempotency: item.maybe_text("idem")?.map(|text| key::digest(text).ok_or_else(wrong)).transpose()?,
        })
    }
}

impl Store {
    /// Counts the bytes that an owner's open tasks take now, beside one.
    pub(super) async fn weigh(&self, owner: OwnerKey, ledger: &Ledger, beside: Option<TaskId>) -> Result<u64> {
        let live = ledger.live().filter(|(id, _)| Some(*id) != beside);
        let reserved: HashMap<_, _> =
            live.map(|(id, entry)| (self.keys.task(&TaskKey { owner, id }), entry.bytes)).collect();
        let keys = reserved.keys().flat_map(|pk| [HEAD, VARIABLES].map(|sk| Key { pk: pk.clone(), sk: sk.to_owned() }));
        let mut bytes = 0;
        for item in self.table.get_all(keys.collect(), true).await? {
            let taken = match item.text("sk")? {
                HEAD => Head::read(&item).map(|head| head.bytes()),
                _ => Variables::read(&item).map(|variables| variables.bytes()),
            };
            let taken = self.readable(&item, taken, "a corrupt task takes the bytes that are reserved for it");
            bytes += taken.or_else(|| reserved.get(item.text("pk").ok()?).copied()).unwrap_or_default();
        }
        Ok(bytes)
    }

    /// The sealed tasks that have to go for so many bytes, at most as many as go at once; fewer if there are no more. A second
    /// value tells whether they do. Those that expired in an hour which the ledger does not count any more are passed.
    pub(super) async fn leaving(
        &self,
        owner: OwnerKey,
        ledger: &Ledger,
        excess: u64,
        now: Millis,
    ) -> Result<(Vec<Leaving>, bool)> {
        let (mut leaving, mut bytes, mut passed) = (Vec::new(), 0, Vec::new());
        // Before all: no key may be empty.
        let mut last = "!".to_owned();
        // Seldom more than a few have to go.
        let mut wanted = 4;
        'all: loop {
            let mut query = Query::of(self.keys.sealed(owner), Range::After(last));
            query.limit = Some(wanted);
            let items = self.table.query(query).await?;
            for item in &items {
                let Some(first) = self.readable(item, Leaving::read(owner, item), PASSED_OVER) else { continue };
                if ledger.counts(first.expires) {
                    bytes += first.bytes;
                    leaving.push(first);
                    if bytes >= excess || leaving.len() == REMOVED_AT_ONCE {
                        break 'all;
                    }
                } else if first.expires <= now {
                    passed.push(first.entry);
                }
            }
            let Some(item) = items.last().filter(|_| items.len() == wanted) else { break };
            last = item.text("sk")?.to_owned();
            wanted = if wanted < REMOVED_AT_ONCE { REMOVED_AT_ONCE } else { PASSED_AT_ONCE };
        }
        self.forget(passed).await;
        Ok((leaving, bytes >= excess))
    }

    /// Removes entries of expired tasks, so that nobody passes them again. Everything else about them the service removes.
    async fn forget(&self, mut entries: Vec<Key>) {
        entries.truncate(CLEARED_AT_ONCE);
        let some = entries.chunks(DELETED_AT_ONCE).map(<[Key]>::to_vec);
        let clearing = stream::iter(some).for_each_concurrent(AT_ONCE, |some| async move {
            if let Err(failure) = self.table.delete_all(some).await {
                tracing::warn!(%failure, "entries of expired tasks are left until the service removes them");
            }
        });
        // What is left is passed again.
        let _ = tokio::time::timeout(CLEARED_WITHIN, clearing).await;
    }

    /// The writes by which tasks go, and their ledger without them.
    pub(super) fn depart(&self, leaving: &[Leaving], ledger: &mut Ledger) -> Vec<Write> {
        let mut writes = Vec::with_capacity(2 * leaving.len());
        for task in leaving {
            ledger.forget(task.expires, task.bytes);
            let is_sealed = Expression::new().when("(attribute_not_exists(#pk) OR attribute_exists(#sealed))");
            writes.push(Write::Delete(self.keys.part(&task.key, HEAD), is_sealed));
            writes.push(Write::Delete(task.entry.clone(), Expression::new()));
        }
        writes
    }

    /// Removes what tasks that have gone left behind. Nobody sees it, and the service removes what is forgotten here.
    pub(super) async fn clear(&self, gone: Vec<Leaving>) {
        let clearing = stream::iter(gone).for_each_concurrent(AT_ONCE, |task| async move {
            if let Err(failure) = self.clear_one(task.key, task.position, task.idempotency, task.steps > 0).await {
                tracing::warn!(%failure, "parts of a task that made room are left until it expires");
            }
        });
        if tokio::time::timeout(CLEARED_WITHIN, clearing).await.is_err() {
            tracing::warn!("parts of tasks that made room are left until they expire: the service is slow");
        }
    }

    pub(super) async fn clear_one(
        &self,
        key: TaskKey,
        position: Option<(Scope, Position)>,
        idempotency: Option<Digest>,
        has_steps: bool,
    ) -> Result<()> {
        let mut keys = [VARIABLES, OUTCOME, BODY].map(|sk| self.keys.part(&key, sk)).to_vec();
        if has_steps {
            keys.extend(self.steps_of(&key).await?);
        }
        keys.extend(position.map(|(scope, position)| self.keys.list_entry(scope, position)));
        self.table.delete_all(keys).await?;
        if let Some(digest) = idempotency {
            // It may stand for another task by now.
            let ours = Expression::new().when("#task = :task").value(":task", super::item::bytes(key.id.as_bytes()));
            self.table.delete(self.keys.idempotency(key.owner, &digest), &ours).await?;
        }
        Ok(())
    }

    async fn steps_of(&self, key: &TaskKey) -> Result<Vec<Key>> {
        let mut query = Query::of(self.keys.task(key), Range::After(BODY.to_owned()));
        query.keys_only = true;
        let items = self.table.query(query).await?;
        items.iter().map(|item| Ok(Key { pk: item.text("pk")?.to_owned(), sk: item.text("sk")?.to_owned() })).collect()
    }
}
