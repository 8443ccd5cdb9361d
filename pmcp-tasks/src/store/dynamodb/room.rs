//! Making room among an owner's tasks: sealed ones go, those that were sealed first.

use super::{
    Store,
    error::{Result, corrupt},
    expression::Expression,
    head::Head,
    item::{Attributes as _, Item},
    key::{self, BODY, HEAD, Key, OUTCOME, VARIABLES},
    ledger::Ledger,
    table::{Query, Range, Write},
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
        let tasks = ledger.live().filter(|id| Some(*id) != beside).map(|id| TaskKey { owner, id });
        let keys = tasks.flat_map(|task| [HEAD, VARIABLES].map(|sk| self.keys.part(&task, sk)));
        let mut bytes = 0;
        for item in self.table.get_all(keys.collect(), true).await? {
            bytes += match item.text("sk")? {
                HEAD => Head::read(&item)?.bytes(),
                _ => Variables::read(&item)?.bytes(),
            };
        }
        Ok(bytes)
    }

    /// The sealed tasks that have to go for so many bytes, at most as many as go at once; fewer if there are no more. A second
    /// value tells whether they do.
    pub(super) async fn leaving(&self, owner: OwnerKey, ledger: &Ledger, excess: u64) -> Result<(Vec<Leaving>, bool)> {
        let (mut leaving, mut bytes) = (Vec::new(), 0);
        // Before all: no key may be empty.
        let mut last = "!".to_owned();
        // Seldom more than a few have to go.
        let mut wanted = 4;
        loop {
            let mut query = Query::of(self.keys.sealed(owner), Range::After(last.clone()));
            query.limit = Some(wanted);
            let items = self.table.query(query).await?;
            for item in &items {
                let first = Leaving::read(owner, item)?;
                bytes += if ledger.counts(first.expires) { first.bytes } else { 0 };
                last.clone_from(&first.entry.sk);
                leaving.push(first);
                if bytes >= excess || leaving.len() == REMOVED_AT_ONCE {
                    return Ok((leaving, bytes >= excess));
                }
            }
            if items.len() < wanted {
                return Ok((leaving, false));
            }
            wanted = REMOVED_AT_ONCE;
        }
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
        for task in gone {
            if let Err(failure) = self.clear_one(task.key, task.position, task.idempotency, task.steps > 0).await {
                tracing::warn!(%failure, "parts of a task that made room are left until it expires");
            }
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
