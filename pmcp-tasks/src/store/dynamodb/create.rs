//! Creating a task: one transaction where nothing is in the way, and otherwise a look at what is.

use super::{
    Store, absent,
    error::Result,
    expression::Expression,
    head::{self, Head},
    item::{self, Attributes as _, Item},
    key::{BODY, HEAD, Key},
    ledger::{self, Entry, Ledger},
    room::Leaving,
    table::{Tries, Write},
    ttl,
};
use crate::{
    id::TaskId,
    store::backend::{Create, Holder, NewTask, Position, TaskKey},
    time::Millis,
};

/// Time a ledger outlives the last task that was created, in seconds. One that goes before another task of its owner expires
/// counts that task no more.
pub(super) const LEDGER_KEPT: u64 = 30 * 24 * 3600;

/// An idempotency key whose task is gone, and that is to stand for another one.
type Stale = Option<TaskId>;

/// A look at what is in the way of a create.
enum Look {
    /// Nothing can be done.
    Answer(Create),
    /// It can be done like this.
    Way(Box<Way>),
    /// It has to be looked again: what is about to be seen may be seen then.
    Again,
    /// The same, at once: something was removed.
    Removed,
}

/// A way to create a task.
struct Way {
    ledger: Expression,
    stale: Stale,
    /// Tasks that make room, and the writes by which they go.
    leaving: Vec<Leaving>,
    others: Vec<Write>,
}

impl Store {
    pub(super) async fn create(&self, new: &NewTask, now: Millis) -> Result<Create> {
        let _turn = self.turn(new.key.owner).await;
        let entry = Entry { expires: new.expires, bytes: head::reserved(new) };
        // Bytes that other tasks may take: if they take less than is known of them, nothing else has to be read.
        if let (Some(rest), Some(others)) = (new.max_bytes.checked_sub(entry.bytes), new.quota.checked_sub(1)) {
            let ledger = Expression::new()
                .when("(attribute_not_exists(#n) OR #n <= :others)")
                .when("(attribute_not_exists(#bytes) OR #bytes <= :rest)")
                .when("attribute_not_exists(#entry)")
                .set("#ttl = :ttl")
                .add("#n :one")
                .add("#bytes :bytes")
                .add("#rev :one")
                .number(":others", others)
                .number(":rest", rest)
                .number(":one", 1)
                .number(":bytes", entry.bytes)
                .number(":ttl", ttl(new.expires, now) + LEDGER_KEPT);
            let ledger = ledger::entered(ledger, new.key.id, entry);
            if self.try_create(new, ledger, Vec::new(), None, now).await? {
                return Ok(Create::Created);
            }
        }
        let mut tries = Tries::new();
        loop {
            match self.look(new, entry, tries.count(), now).await? {
                Look::Answer(answer) => return Ok(answer),
                Look::Again => {}
                Look::Removed => continue,
                Look::Way(way) => {
                    let Way { ledger, others, stale, leaving } = *way;
                    if self.try_create(new, ledger, others, stale, now).await? {
                        self.clear(leaving).await;
                        return Ok(Create::Created);
                    }
                }
            }
            tries.pause().await?;
        }
    }

    /// Creates the task unless something is in the way; tells whether it did.
    async fn try_create(
        &self,
        new: &NewTask,
        ledger: Expression,
        others: Vec<Write>,
        stale: Stale,
        now: Millis,
    ) -> Result<bool> {
        let (keys, ttl) = (&self.keys, ttl(new.expires, now));
        let mut body = item::item(keys.part(&new.key, BODY), ttl);
        body.insert("value".to_owned(), item::bytes(&new.body));
        let mut writes = vec![
            Write::Put(Head::create(new, keys.part(&new.key, HEAD), ttl), absent()),
            Write::Put(body, Expression::new()),
            Write::Update(keys.ledger(new.key.owner), ledger),
            self.entry_of(new.holder, &new.key, new.expires, now),
        ];
        writes.extend(others);
        if let Some(scope) = new.scope {
            let position = Position { stamp: new.stamp, id: new.key.id };
            let mut entry = item::item(keys.list_entry(scope, position), ttl);
            entry.insert("expires".to_owned(), item::number(new.expires.0));
            entry.insert("owner".to_owned(), item::text(new.key.owner.to_string()));
            writes.push(Write::Put(entry, Expression::new()));
        }
        if let Some((digest, payload)) = &new.idempotency {
            let mut entry = item::item(keys.idempotency(new.key.owner, digest), ttl);
            entry.insert("expires".to_owned(), item::number(new.expires.0));
            entry.insert("task".to_owned(), item::bytes(new.key.id.as_bytes()));
            entry.insert("payload".to_owned(), item::bytes(payload));
            let is_free = match stale {
                None => Expression::new().when("(attribute_not_exists(#pk) OR #expires <= :now)"),
                Some(task) => Expression::new()
                    .when("(attribute_not_exists(#pk) OR #expires <= :now OR #task = :stale)")
                    .value(":stale", item::bytes(task.as_bytes())),
            };
            writes.push(Write::Put(entry, is_free.number(":now", now.0)));
            if let Some(id) = stale.filter(|id| *id != new.key.id) {
                // The task may be there, and not have been seen yet.
                let gone =
                    Expression::new().when("(attribute_not_exists(#pk) OR #expires <= :now)").number(":now", now.0);
                writes.push(Write::Check(keys.part(&TaskKey { owner: new.key.owner, id }, HEAD), gone));
            }
        }
        let turn = match new.holder {
            Holder::Worker(worker) => {
                let (turn, check) = self.alive(worker).await;
                writes.push(check);
                Some(turn)
            }
            Holder::Queue => None,
        };
        let created = self.table.transact(writes).await?.is_ok();
        drop(turn);
        Ok(created)
    }

    /// Looks what is in the way, in the order of what is told.
    async fn look(&self, new: &NewTask, entry: Entry, looked: u32, now: Millis) -> Result<Look> {
        let (keys, owner) = (&self.keys, new.key.owner);
        let mut wanted = vec![keys.part(&new.key, HEAD), keys.ledger(owner)];
        let idempotency = new.idempotency.as_ref().map(|(digest, _)| keys.idempotency(owner, digest));
        wanted.extend(idempotency.clone());
        let mark = match new.holder {
            Holder::Worker(worker) => Some(keys.mark(worker, 0)),
            Holder::Queue => None,
        };
        wanted.extend(mark.clone());
        let found = self.table.get_all(wanted, true).await?;
        let item = |key: &Key| found.iter().find(|item| is_under(item, key));

        if let Some(head) = item(&keys.part(&new.key, HEAD)) {
            if Head::read(head)?.exists(now) {
                return Ok(Look::Answer(Create::Replayed));
            }
            self.delete_in_turn(&new.key).await?;
            return Ok(Look::Removed);
        }
        let mut ledger = Ledger::read(item(&keys.ledger(owner)), now)?;
        if ledger.contains(new.key.id) && looked < 3 {
            // This very create is about to be seen.
            return Ok(Look::Again);
        }
        let mut stale = None;
        if let (Some(known), Some((_, payload))) = (idempotency.as_ref().and_then(item), &new.idempotency)
            && now.0 < known.natural("expires")?
        {
            let task = <[u8; 16]>::try_from(&known.blob("task")?[..]).map(TaskId::from_bytes);
            let task = task.map_err(|_| super::error::corrupt("an idempotency key", "it stands for no task"))?;
            if self.head(&TaskKey { owner, id: task }).await?.is_some_and(|head| head.exists(now)) {
                let same = known.blob("payload")? == payload[..];
                return Ok(Look::Answer(if same { Create::Same(task) } else { Create::Differs }));
            }
            stale = Some(task);
        }
        if mark.as_ref().and_then(item).is_some() {
            // A try that was given up may have been stored since the head was read, but not since the mark was.
            let stored = self.head(&new.key).await?.is_some_and(|head| head.exists(now));
            return Ok(Look::Answer(if stored { Create::Replayed } else { Create::Buried }));
        }
        ledger.remove(new.key.id);
        if ledger.count() >= usize::try_from(new.quota).unwrap_or(usize::MAX) {
            return Ok(Look::Answer(Create::Full));
        }
        self.find_room(new, entry, ledger, stale, now).await
    }

    async fn find_room(
        &self,
        new: &NewTask,
        entry: Entry,
        mut ledger: Ledger,
        stale: Stale,
        now: Millis,
    ) -> Result<Look> {
        let owner = new.key.owner;
        // Bytes that other tasks may take.
        let Some(rest) = new.max_bytes.checked_sub(new.bytes()) else { return Ok(Look::Answer(Create::NoRoom)) };
        let (mut others, mut leaving) = (Vec::new(), Vec::new());
        if ledger.live_bytes().saturating_add(ledger.sealed_bytes()) > rest {
            let live = self.weigh(owner, &ledger, None).await?;
            let Some(rest) = rest.checked_sub(live) else { return Ok(Look::Answer(Create::NoRoom)) };
            if let Some(excess) = ledger.sealed_bytes().checked_sub(rest).filter(|excess| *excess > 0) {
                let (found, suffices) = self.leaving(owner, &ledger, excess, now).await?;
                let goes_first = !suffices && found.len() == super::room::REMOVED_AT_ONCE;
                others = self.depart(&found, &mut ledger);
                if goes_first {
                    let mut writes = others;
                    writes.push(Write::Update(
                        self.keys.ledger(owner),
                        ledger.write(ttl(new.expires, now) + LEDGER_KEPT),
                    ));
                    if self.table.transact(writes).await?.is_err() {
                        return Ok(Look::Again);
                    }
                    self.clear(found).await;
                    return Ok(Look::Removed);
                }
                if !suffices {
                    ledger.forget_all();
                }
                leaving = found;
            }
        }
        ledger.insert(new.key.id, entry);
        let write = ledger.write(ttl(new.expires, now) + LEDGER_KEPT);
        let ledger = ledger::entered(write, new.key.id, entry);
        Ok(Look::Way(Box::new(Way { ledger, stale, leaving, others })))
    }
}

fn is_under(item: &Item, key: &Key) -> bool {
    let is = |name: &str, text: &str| item.maybe_text(name).is_ok_and(|found| found == Some(text));
    is("pk", &key.pk) && is("sk", &key.sk)
}
