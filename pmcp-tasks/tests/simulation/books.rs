//! What the store holds, kept beside it: every operation is entered in the moment it is applied.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
    time::Duration,
};

use pmcp_tasks::{
    store::backend::{Claimed, Create, Holder, HolderChange, NewTask, Put, Recorded, Step, TaskKey, WorkerId, Written},
    time::Millis,
};
use serde_json::Value;

use crate::{
    promise,
    trace::{Trace, count},
};

#[derive(Debug, Default)]
pub(crate) struct Books(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    tasks: BTreeMap<TaskKey, Entry>,
    /// By call.
    steps: BTreeSet<(u64, String)>,
    workers: BTreeMap<WorkerId, Worker>,
    /// Beginning and end of the last time in which nobody could renew.
    stall: (Duration, Duration),
}

/// A task.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: TaskKey,
    pub(crate) open: bool,
    pub(crate) holder: Option<Holder>,
    pub(crate) expires: Millis,
    /// The call it is the task of; `None` of one that only keeps a call, which no client knows.
    pub(crate) job: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Worker {
    instance: usize,
    period: Duration,
    last_beat: Duration,
    buried: bool,
}

impl Inner {
    fn check_living(&self, worker: WorkerId, trace: &Trace) {
        if self.workers.get(&worker).is_some_and(|worker| worker.buried) {
            trace.violated(promise::BURIED, format!("{:08x} was given a task", worker.0 >> 96));
        }
    }
}

impl Books {
    /// A create that was asked for at one time and arrives at another.
    pub(crate) fn created(&self, new: &NewTask, answer: Create, (asked, now): (Millis, Millis), trace: &Trace) {
        let mut inner = self.0.lock().unwrap();
        let live = |inner: &Inner, at: Millis| {
            let of_owner = inner.tasks.values().filter(|task| task.key.owner == new.key.owner);
            of_owner.filter(|task| task.open && at < task.expires).count()
        };
        match answer {
            Create::Created => {
                count(&trace.counters.tasks);
                if let Holder::Worker(worker) = new.holder {
                    inner.check_living(worker, trace);
                }
                let body: Value = serde_json::from_slice(&new.body).unwrap();
                inner.tasks.insert(
                    new.key.clone(),
                    Entry {
                        key: new.key.clone(),
                        open: true,
                        holder: Some(new.holder),
                        expires: new.expires,
                        job: body["arguments"]["job"].as_u64(),
                    },
                );
                let live = live(&inner, now);
                if live > new.quota as usize {
                    trace.violated(promise::QUOTA, format!("{live} live tasks, {} are allowed", new.quota));
                }
            }
            Create::Full => {
                count(&trace.counters.refused_by_quota);
                let live = live(&inner, asked);
                if live < new.quota as usize {
                    trace.violated(promise::QUOTA, format!("refused with {live} of {} live tasks", new.quota));
                }
            }
            Create::Replayed | Create::Same(_) | Create::Differs | Create::NoRoom | Create::Buried => {}
        }
    }

    pub(crate) fn written(&self, key: &TaskKey, put: &Put, written: &Written, trace: &Trace) {
        if !matches!(written, Written::Done { .. }) {
            return;
        }
        let mut inner = self.0.lock().unwrap();
        let Some(task) = inner.tasks.get_mut(key) else { return };
        if !task.open {
            trace.violated(promise::OUTCOME, format!("{} was written after its end", key.id));
        }
        task.open = put.open;
        match put.holder {
            _ if !put.open => task.holder = None,
            HolderChange::Keep => {}
            HolderChange::Take(worker) => task.holder = Some(Holder::Worker(worker)),
            HolderChange::Queue => task.holder = Some(Holder::Queue),
            HolderChange::Release => task.holder = None,
        }
    }

    pub(crate) fn claimed(&self, from: &Holder, to: &WorkerId, claimed: &[Claimed], trace: &Trace) {
        let mut inner = self.0.lock().unwrap();
        inner.check_living(*to, trace);
        for Claimed { key, .. } in claimed {
            if matches!(from, Holder::Worker(_)) {
                count(&trace.counters.takeovers);
            }
            if let Some(task) = inner.tasks.get_mut(key) {
                task.holder = Some(Holder::Worker(*to));
            }
        }
    }

    pub(crate) fn recorded(&self, key: &TaskKey, step: &Step, recorded: &Recorded, trace: &Trace) {
        if *recorded == Recorded::Recorded {
            count(&trace.counters.steps);
            let mut inner = self.0.lock().unwrap();
            let Some(job) = inner.tasks.get(key).and_then(|task| task.job) else { return };
            if !inner.steps.insert((job, step.name.clone())) {
                trace.violated(promise::STEP, format!("{}/{} was recorded again", key.id, step.name));
            }
        }
    }

    pub(crate) fn deleted(&self, key: &TaskKey) {
        self.0.lock().unwrap().tasks.remove(key);
    }

    pub(crate) fn has_step(&self, job: u64, name: &str) -> bool {
        self.0.lock().unwrap().steps.contains(&(job, name.to_owned()))
    }

    pub(crate) fn beat(&self, worker: WorkerId, of: (usize, Duration), now: Duration, trace: &Trace) {
        let mut inner = self.0.lock().unwrap();
        let (instance, period) = of;
        let mut former = inner.workers.iter().filter(|(id, one)| **id != worker && one.instance == instance);
        if !inner.workers.contains_key(&worker) && former.any(|(_, former)| !former.buried) {
            trace.violated(promise::OWN_WORK, format!("i{instance} begins anew though nobody has buried it"));
        }
        let buried = inner.workers.get(&worker).is_some_and(|worker| worker.buried);
        inner.workers.insert(worker, Worker { instance, period, last_beat: now, buried });
    }

    pub(crate) fn buried(&self, worker: WorkerId, by: usize, now: Duration, trace: &Trace) {
        let mut inner = self.0.lock().unwrap();
        let (stalled_from, stalled_until) = inner.stall;
        let Some(worker) = inner.workers.get_mut(&worker) else { return };
        if std::mem::replace(&mut worker.buried, true) {
            return;
        }
        count(&trace.counters.burials);
        // Who was alive when the store stalled for long has half a period afterwards, in which it renews twice. A shorter
        // stall is made up for by the renewals that are left; and who was dead before is dead.
        let is_excused = stalled_until.saturating_sub(stalled_from) > worker.period / 2
            && stalled_from.saturating_sub(worker.last_beat) < worker.period;
        let (since, least) =
            if is_excused { (stalled_until, worker.period / 2) } else { (worker.last_beat, worker.period) };
        let silent = now.saturating_sub(since.max(worker.last_beat));
        if worker.instance != by && silent < least {
            let what = format!(
                "i{by} buried i{} which has let {silent:?} pass without renewing; its period is {:?}",
                worker.instance, worker.period
            );
            trace.violated(promise::PERIOD, what);
        }
    }

    /// The store takes nothing in this time, from anybody.
    pub(crate) fn stalls(&self, from: Duration, until: Duration) {
        self.0.lock().unwrap().stall = (from, until);
    }

    /// It takes everything from now on at the latest.
    pub(crate) fn stall_ends(&self, now: Duration) {
        let stall = &mut self.0.lock().unwrap().stall;
        stall.1 = stall.1.min(now);
    }

    /// The instance a worker is, unless it was buried.
    pub(crate) fn living(&self, worker: WorkerId) -> Option<usize> {
        let inner = self.0.lock().unwrap();
        inner.workers.get(&worker).filter(|worker| !worker.buried).map(|worker| worker.instance)
    }

    pub(crate) fn job(&self, key: &TaskKey) -> Option<u64> {
        self.0.lock().unwrap().tasks.get(key)?.job
    }

    pub(crate) fn tasks(&self) -> Vec<Entry> {
        self.0.lock().unwrap().tasks.values().cloned().collect()
    }
}
