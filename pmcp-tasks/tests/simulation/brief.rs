//! Replies of the store, as the trace shows them.

use pmcp_tasks::store::backend::{
    Beat, Claim, Create, Holder, Merged, Page, Recorded, StoredTask, TaskKey, Worker, WorkerId, Written,
};

/// A few words on what a store replied.
pub(crate) trait Brief {
    fn brief(&self) -> String;
}

pub(crate) fn task(key: &TaskKey) -> String {
    format!("{:.8}", key.id.to_string())
}

pub(crate) fn worker(worker: WorkerId) -> String {
    format!("{:08x}", worker.0 >> 96)
}

pub(crate) fn holder(holder: Holder) -> String {
    match holder {
        Holder::Queue => "the queue".to_owned(),
        Holder::Worker(id) => worker(id),
    }
}

fn list<T>(all: &[T], one: impl Fn(&T) -> String) -> String {
    format!("[{}]", all.iter().map(one).collect::<Vec<_>>().join(" "))
}

macro_rules! as_they_are {
    ($($type:ty),*) => {$(
        impl Brief for $type {
            fn brief(&self) -> String {
                format!("{self:?}")
            }
        }
    )*};
}

as_they_are!((), bool, u16, Create, Merged, Recorded, Beat);

impl Brief for StoredTask {
    fn brief(&self) -> String {
        let held = self.holder.map_or_else(|| "nobody's".to_owned(), |by| format!("of {}", holder(by)));
        let state = if self.open { "open" } else { "ended" };
        format!("{state}, {held}, version {} fence {}", self.version, self.fence)
    }
}

impl Brief for Option<StoredTask> {
    fn brief(&self) -> String {
        self.as_ref().map_or_else(|| "none".to_owned(), Brief::brief)
    }
}

impl Brief for Written {
    fn brief(&self) -> String {
        match self {
            Self::Done { version, fence } => format!("done, version {version} fence {fence}"),
            Self::Replayed(task) => format!("replayed; {}", task.brief()),
            Self::Conflict(task) => format!("conflict; {}", task.brief()),
            Self::Missing => "missing".to_owned(),
            Self::Buried => "buried".to_owned(),
        }
    }
}

impl Brief for Page {
    fn brief(&self) -> String {
        list(&self.tasks, |(key, _)| task(key))
    }
}

impl Brief for Claim {
    fn brief(&self) -> String {
        match self {
            Self::Taken(claimed) => list(claimed, |one| format!("{} fence {}", task(&one.key), one.task.fence)),
            Self::Buried => "buried".to_owned(),
        }
    }
}

impl Brief for Vec<TaskKey> {
    fn brief(&self) -> String {
        list(self, task)
    }
}

impl Brief for Vec<Worker> {
    fn brief(&self) -> String {
        list(self, |one| format!("{}: {}", worker(one.id), one.counter))
    }
}

impl Brief for Vec<WorkerId> {
    fn brief(&self) -> String {
        list(self, |id| worker(*id))
    }
}
