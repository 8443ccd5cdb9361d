//! Waiting for a task: one loop for all who do.

use std::ops::ControlFlow;

use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::{
    error::StoreError,
    store::backend::{Parts, TaskKey},
    task::{Task, Watch},
    time::Sleep,
};

/// Limits of a wait.
#[derive(Default)]
pub(crate) struct Patience<'a> {
    /// Until this fires.
    pub(crate) cancellation: Option<&'a CancellationToken>,
    /// At most until this ends.
    pub(crate) deadline: Option<Sleep>,
    /// Not longer than this process can go on with the task, where others can.
    pub(crate) until_left: bool,
}

/// Reason why a wait came to nothing.
#[derive(Debug)]
pub(crate) enum Ended {
    /// There is no such task any more.
    Missing,
    /// Whoever waits has given up.
    Cancelled,
    /// It took too long, or is left to others; the task as it was last.
    InTime(Box<Task>),
    /// The server has stopped.
    Stopped,
    /// The store failed.
    Store(StoreError),
}

impl Engine {
    /// Reads these parts of a task, now and whenever it may have changed, until `decide` has what it waits for.
    pub(crate) async fn until<T>(
        &self,
        key: &TaskKey,
        parts: Parts,
        patience: Patience<'_>,
        mut decide: impl FnMut(&Task) -> ControlFlow<T>,
    ) -> Result<T, Ended> {
        // Watched before it is read, so that a change in between is seen.
        let mut watch = self.host.store.watch(key);
        let task = self.host.store.read(key, parts).await.map_err(Ended::Store)?.ok_or(Ended::Missing)?;
        if let ControlFlow::Break(decided) = decide(&task) {
            return Ok(decided);
        }
        self.until_next(&mut watch, task, parts, patience, decide).await
    }

    /// The same of a task that was read after `watch` began, which is read again whenever it may have changed.
    pub(crate) async fn until_next<T>(
        &self,
        watch: &mut Watch,
        mut task: Task,
        parts: Parts,
        patience: Patience<'_>,
        mut decide: impl FnMut(&Task) -> ControlFlow<T>,
    ) -> Result<T, Ended> {
        let host = &self.host;
        let Patience { cancellation, mut deadline, until_left } = patience;
        loop {
            let cancelled = async {
                match cancellation {
                    Some(cancellation) => cancellation.cancelled().await,
                    None => std::future::pending().await,
                }
            };
            let overdue = async {
                match &mut deadline {
                    Some(deadline) => deadline.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // The end of a task may be what the server waited for to stop: it is told first.
                biased;
                () = watch.changed() => {}
                () = self.until_expired(&task) => {}
                () = cancelled => return Err(Ended::Cancelled),
                () = overdue => return Err(Ended::InTime(Box::new(task))),
                () = host.cancels(), if until_left && host.is_shared() => return Err(Ended::InTime(Box::new(task))),
                () = host.stopped() => return Err(Ended::Stopped),
            }
            task = host.store.read(&task.key, parts).await.map_err(Ended::Store)?.ok_or(Ended::Missing)?;
            if let ControlFlow::Break(decided) = decide(&task) {
                return Ok(decided);
            }
        }
    }

    /// Ends when the task's time is over.
    async fn until_expired(&self, task: &Task) {
        let left = self.host.now().until(task.stored.expires);
        self.host.clock().sleep(left).await;
    }
}
