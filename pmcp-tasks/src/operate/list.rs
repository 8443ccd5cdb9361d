//! Lists for operators: of an owner's tasks some, and what workers and the queue hold.

use serde::Serialize;

use super::HeldBy;
use crate::{
    error::StoreError,
    store::backend::{Holder, Parts, TaskKey},
    task::{Owner, Task, TaskPage, TaskStatus, TaskStore, Tries},
    time::{Millis, millis},
};

/// The largest page of what a holder has, as each task is read by itself.
const LARGEST: u16 = 100;

/// The tasks of a list that are wanted. An empty filter wants all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those in one of these states; all if it is empty.
    pub statuses: Vec<TaskStatus>,
    /// Those of this tool or workflow.
    pub tool: Option<String>,
}

/// A page of the tasks of a holder.
#[derive(Debug)]
pub struct HeldPage {
    /// The tasks with their requests, in the order of their keys.
    pub tasks: Vec<Task>,
    /// Beginning of the next page; `None` on the last.
    pub next: Option<TaskKey>,
}

/// A process that runs tasks, as it renewed its lease last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LookedWorker {
    /// Its id, in hexadecimal.
    pub id: String,
    /// Time after which others take its tasks over if it does not renew its lease, in milliseconds.
    pub period_ms: u64,
    /// Its wall clock when it did so last, in milliseconds since the epoch.
    pub renewed: Millis,
    #[serde(skip)]
    pub(crate) holder: Holder,
}

impl LookedWorker {
    /// The holder of its tasks, for [`TaskStore::held_by`].
    #[must_use]
    pub fn holder(&self) -> Holder {
        self.holder
    }
}

impl TaskStore {
    /// The tasks of a page of an owner's list that a filter wants; `None` if the cursor is not one of that list.
    ///
    /// A page is `n` tasks of the list, newest first, so that it costs the same however few are wanted: one may be empty and have a
    /// [`next`](TaskPage::next). Where a tool is asked for, each task that is in a wanted state is read by itself.
    ///
    /// # Errors
    /// The store failed.
    pub async fn list_only(
        &self,
        owner: &Owner,
        filter: &Filter,
        cursor: Option<&str>,
        n: u16,
    ) -> Result<Option<TaskPage>, StoreError> {
        let Some(page) = self.list(owner, cursor, n).await? else { return Ok(None) };
        let mut tasks = Vec::new();
        for task in page.tasks {
            if !filter.statuses.is_empty() && !filter.statuses.contains(&task.status()) {
                continue;
            }
            let Some(tool) = &filter.tool else {
                tasks.push(task);
                continue;
            };
            // It may have ended or expired since.
            let read = self.read_or_report(&task.key).await?;
            tasks.extend(read.filter(|task| task.tool() == Some(tool)));
        }
        Ok(Some(TaskPage { tasks, ..page }))
    }

    /// The workers that live, as the store knows them: those that share it.
    ///
    /// # Errors
    /// The store failed.
    pub async fn list_workers(&self) -> Result<Vec<LookedWorker>, StoreError> {
        let workers = self.workers().await?.into_iter().map(|worker| LookedWorker {
            id: format!("{:032x}", worker.id.0),
            period_ms: millis(worker.period),
            renewed: worker.clock,
            holder: Holder::Worker(worker.id),
        });
        Ok(workers.collect())
    }

    /// The tasks that a worker holds, of all owners, or that wait in the queue: a page of at most `n`, and of at most a hundred, as
    /// each task is read by itself. A task that cannot be read is left out and reported in the log; what stands for a call that waits for its
    /// retry is none.
    ///
    /// # Errors
    /// The store failed.
    pub async fn held_by(&self, holder: Holder, after: Option<&TaskKey>, n: u16) -> Result<HeldPage, StoreError> {
        let n = n.clamp(1, LARGEST);
        let keys = self.held(&holder, after, n).await?;
        let next = (keys.len() == usize::from(n)).then(|| keys.last().cloned()).flatten();
        let mut tasks = Vec::with_capacity(keys.len());
        for key in keys {
            tasks.extend(self.read_or_report(&key).await?.filter(|task| task.head.hidden.is_none()));
        }
        Ok(HeldPage { tasks, next })
    }

    /// Reads a task with its request; one that cannot be read is reported in the log.
    async fn read_or_report(&self, key: &TaskKey) -> Result<Option<Task>, StoreError> {
        match self.read_trying(Tries::Few, key, Parts::BODY).await {
            Err(error @ StoreError::Corrupt { .. }) => {
                crate::heard::error!(task = %key.id, error = &error as &dyn std::error::Error, "task left out of a list");
                Ok(None)
            }
            read => read,
        }
    }
}

impl Task {
    /// Whoever is to run it; nobody once it has ended, and while a workflow waits for its client.
    #[must_use]
    pub fn holder(&self) -> Option<HeldBy> {
        self.stored.holder.map(Into::into)
    }
}
