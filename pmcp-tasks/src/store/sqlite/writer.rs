//! The one thread of a process that writes.
//!
//! A commit waits for the disk, whatever it carries. So everything that waits for the writer goes into one transaction,
//! a savepoint each, and is answered after its commit.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::Receiver,
};

use tokio::sync::oneshot;

use super::{
    db::Db,
    error::{Failure, Result},
    file::Location,
    schema,
};

/// Number of operations one transaction takes at most.
const GROUP: usize = 256;

/// One operation, and whom it is for.
pub(super) trait Job: Send {
    /// Does it, inside a transaction. Runs again if that transaction is lost.
    fn run(&mut self, db: &Db) -> Result<()>;
    /// Answers, once it is known whether the transaction holds.
    fn finish(self: Box<Self>, committed: Result<()>);
}

/// The [`Job`] of a closure.
pub(super) struct Write<F, T> {
    pub(super) operation: F,
    pub(super) answer: Option<Result<T>>,
    pub(super) reply: oneshot::Sender<Result<T>>,
}

impl<F, T> Job for Write<F, T>
where
    F: FnMut(&Db) -> Result<T> + Send,
    T: Send,
{
    fn run(&mut self, db: &Db) -> Result<()> {
        let answer = (self.operation)(db);
        let done = answer.as_ref().map(|_| ()).map_err(Clone::clone);
        self.answer = Some(answer);
        done
    }

    fn finish(self: Box<Self>, committed: Result<()>) {
        let Self { answer, reply, .. } = *self;
        // Who asked may have gone away.
        let _ = reply.send(committed.and_then(|()| answer.unwrap_or(Err(Failure::Stopped))));
    }
}

/// The writer's state; lives on its thread.
pub(super) struct Writer {
    pub(super) db: Db,
    pub(super) location: Location,
}

impl Writer {
    /// Works until nobody can ask any more.
    pub(super) fn run(self, jobs: &Receiver<Box<dyn Job>>) {
        while let Ok(first) = jobs.recv() {
            // Of a panic those whom the group was for learn that it is not known to be done; the next one is.
            let worked = catch_unwind(AssertUnwindSafe(|| self.work(first, jobs)));
            if worked.is_err() && !self.db.is_autocommit() {
                let _ = self.execute("ROLLBACK");
            }
        }
    }

    /// Does a job, and those that came meanwhile.
    fn work(&self, first: Box<dyn Job>, jobs: &Receiver<Box<dyn Job>>) {
        let lock = match self.location.lock() {
            Ok(lock) => lock,
            Err(failure) => return first.finish(Err(failure)),
        };
        // After the lock: what came while another process had it goes along.
        let mut group = vec![first];
        group.extend(jobs.try_iter().take(GROUP - 1));
        let finished = self.commit(group);
        drop(lock);
        for (job, committed) in finished {
            job.finish(committed);
        }
    }

    /// Does a group of jobs in one transaction. If that is more than the disk takes, each in one of its own, so that one
    /// that is too large fails alone.
    fn commit(&self, mut group: Vec<Box<dyn Job>>) -> Vec<(Box<dyn Job>, Result<()>)> {
        let committed = self.transaction(&mut group);
        match committed {
            Err(failure) if failure.is_full() && group.len() > 1 => {
                group.into_iter().flat_map(|job| self.commit(vec![job])).collect()
            }
            committed => group.into_iter().map(|job| (job, committed.clone())).collect(),
        }
    }

    fn transaction(&self, group: &mut [Box<dyn Job>]) -> Result<()> {
        self.checked(self.db.check_lengths())?;
        let done = self.in_transaction(group);
        if done.is_err() && !self.db.is_autocommit() {
            self.execute("ROLLBACK")?;
        }
        // After the commit and before the answers: nobody is told of a write that a restart would not find.
        self.checked(self.db.check()).and(done)
    }

    /// Saves what can be of files that are not the store's any more.
    fn checked(&self, check: Result<()>) -> Result<()> {
        check.inspect_err(|_| self.db.files.save(&self.db))
    }

    fn in_transaction(&self, group: &mut [Box<dyn Job>]) -> Result<()> {
        self.execute("BEGIN IMMEDIATE")?;
        schema::check_version(&self.db)?;
        match group {
            // The transaction is its savepoint.
            [job] => job.run(&self.db)?,
            group => group.iter_mut().try_for_each(|job| self.in_savepoint(job.as_mut()))?,
        }
        self.execute("COMMIT")
    }

    /// Does a job or leaves nothing of it; its failure is its own, and an error here is the transaction's.
    fn in_savepoint(&self, job: &mut dyn Job) -> Result<()> {
        self.execute("SAVEPOINT job")?;
        if let Err(failure) = job.run(&self.db) {
            if self.db.is_autocommit() {
                // SQLite gave up the whole transaction.
                return Err(failure);
            }
            self.execute("ROLLBACK TO job")?;
        }
        self.execute("RELEASE job")
    }

    fn execute(&self, sql: &str) -> Result<()> {
        self.db.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
