//! The store as plainly as it can be written: one map, and a scan for everything.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bytes::Bytes;

use crate::{
    owner::OwnerKey,
    store::backend::{
        Beat, Create, Field, FieldOp, Guard, Holder, HolderChange, Merge, Merged, NewTask, Parts, Position, Put,
        Recorded, Scope, Step, StoredTask, TASK_BYTES, TaskKey, Worker, WorkerId, WriteId, Written,
    },
    time::Millis,
};

#[derive(Debug, Default)]
pub(super) struct Reference {
    tasks: BTreeMap<TaskKey, Task>,
    workers: BTreeMap<WorkerId, Worker>,
    buried: BTreeSet<WorkerId>,
    unsettled: BTreeSet<WorkerId>,
}

#[derive(Debug)]
struct Task {
    new: NewTask,
    stored: StoredTask,
    sealed: Option<Millis>,
    puts: Vec<WriteId>,
    merges: Vec<WriteId>,
}

impl Task {
    fn bytes(&self) -> u64 {
        let stored = &self.stored;
        let variables = stored.variables.iter().flatten().map(|(name, value)| name.len() + value.len());
        let steps = stored.steps.iter().flatten().map(|(name, value)| name.len() + value.len());
        let parts = [Some(&stored.head), stored.body.as_ref(), stored.outcome.as_ref()];
        let parts = parts.into_iter().flatten().map(Bytes::len);
        TASK_BYTES + variables.chain(steps).chain(parts).sum::<usize>() as u64
    }

    fn without_parts(&self) -> StoredTask {
        StoredTask { body: None, variables: None, steps: None, outcome: None, ..self.stored.clone() }
    }
}

impl Reference {
    fn living(&self, now: Millis) -> impl Iterator<Item = (&TaskKey, &Task)> {
        self.tasks.iter().filter(move |(_, task)| task.stored.expires > now)
    }

    fn task(&self, key: &TaskKey, now: Millis) -> Option<&Task> {
        self.tasks.get(key).filter(|task| task.stored.expires > now)
    }

    fn task_mut(&mut self, key: &TaskKey, now: Millis) -> Option<&mut Task> {
        self.tasks.get_mut(key).filter(|task| task.stored.expires > now)
    }

    pub(super) fn head(&self, key: &TaskKey, now: Millis) -> Option<&StoredTask> {
        self.task(key, now).map(|task| &task.stored)
    }

    /// Tells whether it was created and not deleted, expired or not.
    pub(super) fn exists(&self, key: &TaskKey) -> bool {
        self.tasks.contains_key(key)
    }

    pub(super) fn created(&self, key: &TaskKey, now: Millis) -> Option<NewTask> {
        self.task(key, now).map(|task| task.new.clone())
    }

    pub(super) fn create(&mut self, new: &NewTask, now: Millis) -> Create {
        if self.task(&new.key, now).is_some() {
            return Create::Replayed;
        }
        let owned = || self.living(now).filter(|(key, _)| key.owner == new.key.owner);
        if let Some((digest, payload)) = new.idempotency {
            let known = owned().find_map(|(key, task)| {
                let (known, payload) = task.new.idempotency?;
                (known == digest).then_some((key.id, payload))
            });
            match known {
                Some((id, known)) if known == payload => return Create::Same(id),
                Some(_) => return Create::Differs,
                None => {}
            }
        }
        if matches!(new.holder, Holder::Worker(worker) if self.buried.contains(&worker)) {
            return Create::Buried;
        }
        if owned().filter(|(_, task)| task.stored.open).count() >= new.quota as usize {
            return Create::Full;
        }
        let live: u64 = owned().filter(|(_, task)| task.stored.open).map(|(_, task)| task.bytes()).sum();
        if live + new.bytes() > new.max_bytes {
            return Create::NoRoom;
        }
        let stored = StoredTask {
            version: 1,
            fence: 1,
            holder: Some(new.holder),
            open: true,
            stamp: new.stamp,
            expires: new.expires,
            head: new.head.clone(),
            body: Some(new.body.clone()),
            variables: Some(BTreeMap::new()),
            steps: Some(BTreeMap::new()),
            outcome: None,
        };
        let task = Task { new: new.clone(), stored, sealed: None, puts: Vec::new(), merges: Vec::new() };
        self.tasks.insert(new.key.clone(), task);
        Create::Created
    }

    /// The tasks of an owner, expired or not.
    fn all_of(&self, owner: OwnerKey) -> impl Iterator<Item = (&TaskKey, &Task)> {
        self.tasks.iter().filter(move |(key, _)| key.owner == owner)
    }

    /// The sealed task of an owner that was sealed first, expired or not, of those beside `spared`.
    pub(super) fn first_sealed(&self, owner: OwnerKey, spared: &BTreeSet<TaskKey>) -> Option<TaskKey> {
        let sealed = self
            .all_of(owner)
            .filter(|(key, _)| !spared.contains(key))
            .filter_map(|(key, task)| Some((task.sealed?, key)));
        sealed.min().map(|(_, key)| key.clone())
    }

    /// Bytes an owner's tasks take: those that have not expired, and all.
    pub(super) fn taken(&self, owner: OwnerKey, now: Millis) -> (u64, u64) {
        let all = || self.all_of(owner).map(|(_, task)| task);
        let living = all().filter(|task| task.stored.expires > now).map(Task::bytes).sum();
        (living, all().map(Task::bytes).sum())
    }

    pub(super) fn get(&self, key: &TaskKey, parts: Parts, now: Millis) -> Option<StoredTask> {
        let mut stored = self.task(key, now)?.stored.clone();
        stored.body = stored.body.filter(|_| parts.contains(Parts::BODY));
        stored.variables = stored.variables.filter(|_| parts.contains(Parts::VARIABLES));
        stored.steps = stored.steps.filter(|_| parts.contains(Parts::STEPS));
        stored.outcome = stored.outcome.filter(|_| parts.contains(Parts::OUTCOME));
        Some(stored)
    }

    pub(super) fn put(&mut self, key: &TaskKey, put: &Put, now: Millis) -> Written {
        let may_take = !matches!(put.holder, HolderChange::Take(worker) if self.buried.contains(&worker));
        let Some(task) = self.task_mut(key, now) else { return Written::Missing };
        if task.puts.contains(&put.write) {
            return Written::Replayed(task.without_parts());
        }
        let stored = &mut task.stored;
        let fits = put.version == stored.version && put.fence.is_none_or(|fence| fence == stored.fence);
        if !stored.open || !fits {
            return Written::Conflict(task.without_parts());
        }
        if !may_take {
            return Written::Buried;
        }
        stored.version += 1;
        stored.head = put.head.clone();
        stored.open = put.open;
        stored.outcome.clone_from(&put.outcome);
        task.sealed = (!put.open).then_some(now);
        stored.holder = match put.holder {
            HolderChange::Keep => stored.holder,
            HolderChange::Take(worker) => Some(Holder::Worker(worker)),
            HolderChange::Queue => Some(Holder::Queue),
            HolderChange::Release => None,
        };
        if matches!(put.holder, HolderChange::Take(_) | HolderChange::Queue) {
            stored.fence += 1;
        }
        if let Some((name, value)) = &put.step {
            stored.steps.get_or_insert_default().entry(name.clone()).or_insert_with(|| value.clone());
        }
        task.puts.push(put.write);
        Written::Done { version: task.stored.version, fence: task.stored.fence }
    }

    pub(super) fn merge(&mut self, key: &TaskKey, merge: &Merge, now: Millis) -> Merged {
        let Some(task) = self.task_mut(key, now) else { return Merged::Missing };
        if task.merges.contains(&merge.write) {
            return Merged::Replayed;
        }
        let fenced_off = matches!(merge.guard, Guard::Fence(fence) if fence != task.stored.fence);
        if !task.stored.open || fenced_off {
            return Merged::Lost;
        }
        let variables = match changed(task.stored.variables.clone().unwrap_or_default(), &merge.ops, merge.max_bytes) {
            Ok(variables) => variables,
            Err(Some(field)) => return Merged::Changed(field),
            Err(None) => return Merged::TooLarge,
        };
        task.stored.variables = Some(variables);
        task.merges.push(merge.write);
        Merged::Done
    }

    pub(super) fn record(&mut self, key: &TaskKey, step: &Step, now: Millis) -> Recorded {
        let Some(task) = self.task_mut(key, now) else { return Recorded::Missing };
        if !task.stored.open || step.fence != task.stored.fence {
            return Recorded::Lost;
        }
        if let Some(value) = task.stored.steps.get_or_insert_default().get(&step.name) {
            return Recorded::Exists(value.clone());
        }
        if !step.changes.is_empty() {
            let before = task.stored.variables.clone().unwrap_or_default();
            match changed(before, &step.changes, step.max_bytes) {
                Ok(variables) => task.stored.variables = Some(variables),
                Err(Some(field)) => return Recorded::Changed(field),
                Err(None) => return Recorded::TooLarge,
            }
        }
        task.stored.steps.get_or_insert_default().insert(step.name.clone(), step.value.clone());
        Recorded::Recorded
    }

    pub(super) fn delete(&mut self, key: &TaskKey) {
        self.tasks.remove(key);
    }

    /// The whole list, newest first.
    pub(super) fn list(&self, scope: Scope, now: Millis) -> Vec<(TaskKey, StoredTask)> {
        let listed = self.living(now).filter(|(_, task)| task.new.scope == Some(scope));
        let mut list: Vec<_> = listed.map(|(key, task)| (key.clone(), task.without_parts())).collect();
        list.sort_by_key(|(key, task)| std::cmp::Reverse(Position { stamp: task.stamp, id: key.id }));
        list
    }

    pub(super) fn held(&self, by: Holder, now: Millis) -> Vec<TaskKey> {
        let held = self.living(now).filter(|(_, task)| task.stored.open && task.stored.holder == Some(by));
        held.map(|(key, _)| key.clone()).collect()
    }

    pub(super) fn take(&mut self, key: &TaskKey, worker: WorkerId) {
        if let Some(task) = self.tasks.get_mut(key) {
            task.stored.holder = Some(Holder::Worker(worker));
            task.stored.version += 1;
            task.stored.fence += 1;
        }
    }

    pub(super) fn is_buried(&self, worker: WorkerId) -> bool {
        self.buried.contains(&worker)
    }

    pub(super) fn beat(&mut self, id: WorkerId, period: Duration, clock: Millis) -> Beat {
        if self.is_buried(id) {
            return Beat::Buried;
        }
        let counter = self.counter(id).unwrap_or(0) + 1;
        self.workers.insert(id, Worker { id, counter, period, clock });
        Beat::Alive(counter)
    }

    /// The counter of a worker that has beaten, dead or alive.
    pub(super) fn counter(&self, worker: WorkerId) -> Option<u64> {
        self.workers.get(&worker).map(|worker| worker.counter)
    }

    pub(super) fn bury(&mut self, worker: WorkerId, seen: u64) -> bool {
        let dies = !self.is_buried(worker) && self.counter(worker) == Some(seen);
        if dies {
            self.buried.insert(worker);
            self.unsettled.insert(worker);
        }
        self.is_buried(worker)
    }

    /// Settles a worker that holds no open task. Whether an expired one is still there is the backend's affair, which is seen
    /// by whether it lists the worker.
    pub(super) fn settle(&mut self, worker: WorkerId, is_listed: bool, now: Millis) {
        let holder = Some(Holder::Worker(worker));
        let holds = self.tasks.values().any(|task| task.stored.open && task.stored.holder == holder);
        let holds_living = !self.held(Holder::Worker(worker), now).is_empty();
        if !holds || !holds_living && !is_listed {
            self.unsettled.remove(&worker);
        }
    }

    /// The buried workers that were not settled.
    pub(super) fn unsettled(&self) -> Vec<WorkerId> {
        self.unsettled.iter().copied().collect()
    }

    pub(super) fn workers(&self) -> Vec<Worker> {
        self.workers.values().filter(|worker| !self.is_buried(worker.id)).copied().collect()
    }
}

/// Variables after changes. If they cannot be made: the field that was another, or none where they are too large.
fn changed(
    mut variables: BTreeMap<Field, Bytes>,
    ops: &[(Field, FieldOp)],
    max_bytes: u32,
) -> Result<BTreeMap<Field, Bytes>, Option<Field>> {
    for (field, op) in ops {
        match op {
            FieldOp::Set(value) => {
                variables.insert(field.clone(), value.clone());
            }
            FieldOp::Remove => {
                variables.remove(field);
            }
            FieldOp::SetIf { was, value } => {
                if variables.get(field) != was.as_ref() {
                    return Err(Some(field.clone()));
                }
                variables.insert(field.clone(), value.clone());
            }
        }
    }
    let size: usize = variables.iter().map(|(field, value)| field.len() + value.len()).sum();
    if size > max_bytes as usize { Err(None) } else { Ok(variables) }
}
