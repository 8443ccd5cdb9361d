//! Bounds on what callers can make a server do.

use std::time::Duration;

/// Bounds on tasks and calls. The defaults suit a server for a team; change them with `Limits { …, ..Limits::default() }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Live tasks (neither finished nor expired) an owner may have. Default 100.
    pub tasks_per_owner: u32,
    /// Bytes all tasks of an owner may take in the store, live and finished: 1 KiB a task, and its state, call, result, variables
    /// and steps. A new task that does not fit removes finished ones of the same owner, those that finished first: they are
    /// unknown then, with their idempotency keys, as if they had expired. If the live ones alone leave no room it is
    /// refused (-32603, `data.reason` is `"stored_bytes"`). Default 64 MiB.
    ///
    /// Finished tasks make room for one that finishes, too. What live ones write may pass it: an owner takes at most this, and
    /// for each live task `max_variables`, and `max_result` a step; and one result. So much memory or disk a store needs for each
    /// owner it has at a time, though one in memory keeps less of finished tasks
    /// ([`MemoryBackend`](crate::store::MemoryBackend)). An SQLite file does not shrink, but fills what has become free.
    pub stored_bytes: u64,
    /// Lifetime of a task if neither client nor tool says; at most `max_ttl`. Default 1 hour.
    pub default_ttl: Duration,
    /// The longest a task exists, whatever a client asks for; a tool with a longer `ttl` is an error when the router is built.
    /// Default 24 hours.
    pub max_ttl: Duration,
    /// Time one run may take if the tool does not say. Default 30 minutes. A task waits for answers of its client
    /// beyond that, until ten minutes before it expires.
    pub default_timeout: Duration,
    /// The longest that clients are told to wait between looks at a task, if the tool does not say. A young task is looked at
    /// more often: after 25 ms, then after a quarter of its age. Default 500 ms.
    pub poll_interval: Duration,
    /// Time a call of a tool with optional tasks is waited for before it is answered with the task's handle, where the server
    /// decides (2026-07-28) and if the tool does not say. Zero answers with the handle at once. Default 100 ms.
    pub inline: Duration,
    /// Time cancelled code may go on before it is dropped. Default 5 seconds.
    pub cancel_grace: Duration,
    /// Time a call waits for an answer to a question that comes before its work; in 2026-07-28, for the retry that
    /// brings any answer. Default 10 minutes.
    pub question_ttl: Duration,
    /// Size of the arguments of a call or a prompt as JSON, in bytes. Default 1 MiB.
    pub max_arguments: u32,
    /// Size of all variables of a task, names and values, in bytes. Default 256 KiB.
    pub max_variables: u32,
    /// Size of a result or a step's result as JSON, in bytes. Default 4 MiB.
    pub max_result: u32,
    /// Size of an answer to a question as JSON, in bytes. Default 64 KiB.
    pub max_answer: u32,
    /// Questions a task may have open at once, and signals it may wait for. Default 16.
    pub open_questions: usize,
    /// Tasks one subscription may follow. Default 100.
    pub subscribed_tasks: usize,
    /// Tasks or other entries on a page of a list. Default 50.
    pub page_size: u16,
    /// Lifetime of a workflow's run, if the workflow does not say; at most `max_workflow_ttl`. Default 24 hours.
    pub workflow_ttl: Duration,
    /// The longest that a run of a workflow exists; a workflow with a longer `ttl` is an error when the router is built. Default 7 days.
    pub max_workflow_ttl: Duration,
    /// Live tasks an owner may have for another run of a workflow to begin: fewer than `tasks_per_owner`, so that runs nobody goes on
    /// with lock out no tool. Default 50.
    pub workflows_per_owner: u32,
    /// Size of the results of all steps of a run, in bytes. Default 16 MiB.
    pub max_workflow_results: u64,
    /// Time a call that begins a run or goes on with it waits while the server works, before it is answered with what runs: some hosts
    /// give up a prompt after five seconds. Default 4 seconds.
    pub prompt_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tasks_per_owner: 100,
            stored_bytes: 64 << 20,
            default_ttl: Duration::from_secs(60 * 60),
            max_ttl: Duration::from_secs(24 * 60 * 60),
            default_timeout: Duration::from_secs(30 * 60),
            poll_interval: Duration::from_millis(500),
            inline: Duration::from_millis(100),
            cancel_grace: Duration::from_secs(5),
            question_ttl: Duration::from_secs(10 * 60),
            max_arguments: 1 << 20,
            max_variables: 256 << 10,
            max_result: 4 << 20,
            max_answer: 64 << 10,
            open_questions: 16,
            subscribed_tasks: 100,
            page_size: 50,
            workflow_ttl: Duration::from_secs(24 * 60 * 60),
            max_workflow_ttl: Duration::from_secs(7 * 24 * 60 * 60),
            workflows_per_owner: 50,
            max_workflow_results: 16 << 20,
            prompt_wait: Duration::from_secs(4),
        }
    }
}

/// Time by which a task outlives its longest run, so that a client can fetch the result of work that took all its time.
pub(crate) const RESULT_TIME: Duration = Duration::from_secs(10 * 60);

impl Limits {
    /// The lifetime of a workflow's run.
    pub(crate) fn workflow_ttl(&self, workflow: Option<Duration>) -> Duration {
        workflow.unwrap_or(self.workflow_ttl).min(self.max_workflow_ttl)
    }

    /// Computes the lifetime of a tool's task: what the client asked for, else the tool, else the default; at most the
    /// maximum, and within that never shorter than the tool's timeout and ten minutes.
    #[must_use]
    pub fn ttl(&self, requested: Option<Duration>, tool: Option<Duration>, timeout: Option<Duration>) -> Duration {
        let wanted = requested.or(tool).unwrap_or(self.default_ttl);
        wanted.max(self.least_ttl(timeout)).min(self.max_ttl)
    }

    /// The lifetime that a tool with this timeout takes at least.
    pub(crate) fn least_ttl(&self, timeout: Option<Duration>) -> Duration {
        timeout.unwrap_or(self.default_timeout).saturating_add(RESULT_TIME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(60 * 60);
    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_ttl_is_bounded_on_both_sides() {
        let limits = Limits::default();
        assert_eq!(limits.ttl(None, None, None), HOUR);
        assert_eq!(limits.ttl(None, Some(2 * HOUR), None), 2 * HOUR);
        assert_eq!(limits.ttl(Some(3 * HOUR), Some(2 * HOUR), None), 3 * HOUR);
        assert_eq!(limits.ttl(Some(87_600 * HOUR), None, None), 24 * HOUR);
        assert_eq!(limits.ttl(Some(MINUTE), None, Some(MINUTE)), 11 * MINUTE);
        assert_eq!(limits.ttl(Some(MINUTE), None, None), 40 * MINUTE);
        for endless in [24 * HOUR, Duration::MAX] {
            assert_eq!(limits.ttl(None, None, Some(endless)), limits.max_ttl);
        }
    }
}
