//! Metrics of this crate and of `pmcp-server`: with the feature `metrics` they go to the recorder of the crate of that name, which a program
//! sets; without it nothing is counted, and nothing of this costs anything. There is no other item for programs here.
//!
//! | name | kind | labels | what |
//! |---|---|---|---|
//! | `pmcp.tasks.created` | counter | `work` | tasks that were stored; a call that is answered plainly in time is none |
//! | `pmcp.tasks.ended` | counter | `outcome` | tasks that ended here; one that expires before it ends is not counted |
//! | `pmcp.tasks.claimed` | counter | `from`: `queue`, `worker` | tasks that this worker took from the queue, or from dead ones |
//! | `pmcp.tasks.queue.wait` | histogram, seconds | `work` | from its creation until a worker began it |
//! | `pmcp.runs` | gauge | | runs of tools and workflows at work here: live tasks, and calls that are none |
//! | `pmcp.run.duration` | histogram, seconds | `work`, `outcome` | one run, waits for answers included |
//! | `pmcp.leases.lost` | counter | | times that others took this worker for dead, though it lives |
//! | `pmcp.store.duration` | histogram, seconds | `store`, `operation` | one try of an operation of the store |
//! | `pmcp.store.errors` | counter | `store`, `operation`, `code` | tries that failed |
//! | `pmcp.sessions` | gauge | | sessions over HTTP (2025-11-25 and before) |
//! | `pmcp.streams` | gauge | | streams of messages beside requests: GET of a session, `subscriptions/listen` |
//! | `mcp.server.operation.duration` | histogram, seconds | `mcp.method.name`, `gen_ai.tool.name`, `error.type` | a request, as the conventions of OpenTelemetry name it; labels that say nothing are empty |
//! | `mcp.server.session.duration` | histogram, seconds | | a session over HTTP |
//!
//! `outcome` is `completed`, `tool_error`, `failed`, `cancelled`; of a run also `parked` (a workflow that waits for its client) or `left`
//! (it goes on elsewhere). Labels have few values, whatever clients send: methods of the protocol, tools and workflows of the program, ends in one
//! word, operations of a store. No owner, id, argument or text of an error is one. A recorder that writes for Prometheus makes `_` of the dots.

use std::{sync::Arc, time::Duration};

use crate::protocol::Outcome;

/// Adds to a counter.
macro_rules! count {
    ($name:literal, $n:expr $(, $label:literal => $value:expr)*) => {{
        #[cfg(feature = "metrics")]
        ::metrics::counter!($name $(, $label => $value)*).increment($n);
        // Not even read.
        #[cfg(not(feature = "metrics"))]
        let _ = || {
            let _ = ($n, $(&$value,)*);
        };
    }};
}

/// Adds to what there is now, or takes from it.
macro_rules! level {
    ($name:literal, $change:ident) => {{
        #[cfg(feature = "metrics")]
        ::metrics::gauge!($name).$change(1.0);
    }};
}

/// Notes how long something took, in seconds.
macro_rules! took {
    ($name:literal, $time:expr $(, $label:literal => $value:expr)*) => {{
        #[cfg(feature = "metrics")]
        ::metrics::histogram!($name $(, $label => $value)*).record($time);
        #[cfg(not(feature = "metrics"))]
        let _ = || {
            let _ = ($time, $(&$value,)*);
        };
    }};
}

/// A task was stored.
pub(crate) fn created(work: &str) {
    count!("pmcp.tasks.created", 1, "work" => work.to_owned());
}

/// A task ended so.
pub(crate) fn ended(outcome: &'static str) {
    count!("pmcp.tasks.ended", 1, "outcome" => outcome);
}

/// A worker took so many tasks from the queue, or else from the dead.
pub(crate) fn claimed(from: &'static str, n: usize) {
    if n > 0 {
        count!("pmcp.tasks.claimed", n as u64, "from" => from);
    }
}

/// A task was in the queue until a worker began it.
pub(crate) fn waited(work: &str, time: Duration) {
    took!("pmcp.tasks.queue.wait", time, "work" => work.to_owned());
}

/// Others took this worker for dead.
pub(crate) fn lease_lost() {
    count!("pmcp.leases.lost", 1);
}

/// The end of a task or run in one word.
pub(crate) fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Result(result) if result.is_error => "tool_error",
        Outcome::Result(_) | Outcome::Raw(_) => "completed",
        Outcome::Error(_) => "failed",
        Outcome::Cancelled => "cancelled",
    }
}

/// A run that is counted among those at work until this is dropped.
#[derive(Debug)]
pub(crate) struct AtWork(());

impl AtWork {
    pub(crate) fn begin() -> Self {
        level!("pmcp.runs", increment);
        Self(())
    }
}

/// A run took so long, and ended so.
pub(crate) fn ran(work: &Arc<str>, time: Duration, outcome: &'static str) {
    took!("pmcp.run.duration", time, "work" => work.clone(), "outcome" => outcome);
}

impl Drop for AtWork {
    fn drop(&mut self) {
        level!("pmcp.runs", decrement);
    }
}

/// An operation of a store took so long, and failed with this code if it did.
#[cfg(feature = "metrics")]
pub(crate) fn stored(store: &'static str, operation: &'static str, time: Duration, error: Option<&'static str>) {
    took!("pmcp.store.duration", time, "store" => store, "operation" => operation);
    if let Some(code) = error {
        count!("pmcp.store.errors", 1, "store" => store, "operation" => operation, "code" => code);
    }
}

/// Requests, sessions and streams, as `pmcp-server` counts them.
#[doc(hidden)]
pub mod server {
    use std::time::Instant;

    use super::Duration;

    /// A request was answered, after this time; `error` is empty if with success, and `tool` if it was no call of one.
    pub fn answered(method: &'static str, tool: &str, error: &str, time: Duration) {
        took!("mcp.server.operation.duration", time,
            "mcp.method.name" => method, "gen_ai.tool.name" => tool.to_owned(), "error.type" => error.to_owned());
    }

    /// A session that is counted until this is dropped.
    #[derive(Debug)]
    pub struct Session(Instant);

    impl Session {
        /// It has begun.
        #[must_use]
        pub fn begin() -> Self {
            level!("pmcp.sessions", increment);
            Self(Instant::now())
        }
    }

    impl Drop for Session {
        fn drop(&mut self) {
            took!("mcp.server.session.duration", self.0.elapsed());
            level!("pmcp.sessions", decrement);
        }
    }

    /// A stream of messages to a client that is counted until this is dropped.
    #[derive(Debug)]
    pub struct Stream(());

    impl Stream {
        /// It was opened.
        #[must_use]
        pub fn open() -> Self {
            level!("pmcp.streams", increment);
            Self(())
        }
    }

    impl Drop for Stream {
        fn drop(&mut self) {
            level!("pmcp.streams", decrement);
        }
    }
}
