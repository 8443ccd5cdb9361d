//! What happened in a run.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use crate::time::Time;

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Violation {
    pub(crate) promise: &'static str,
    pub(crate) what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.what)
    }
}

macro_rules! counters {
    ($($name:ident: $text:literal,)*) => {
        /// How often things happened.
        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            $(pub(crate) $name: AtomicU64,)*
        }

        impl Counters {
            pub(crate) fn add(&self, other: &Self) {
                $(self.$name.fetch_add(other.$name.load(Ordering::Relaxed), Ordering::Relaxed);)*
            }

            /// Each with what it counts.
            pub(crate) fn all(&self) -> Vec<(&'static str, u64)> {
                vec![$(($text, self.$name.load(Ordering::Relaxed)),)*]
            }
        }
    };
}

counters! {
    polls: "polls",
    operations: "store operations",
    failed_operations: "of them failed",
    lost_replies: "lost replies",
    late_writes: "late arrivals",
    kills: "kills",
    pauses: "standstills",
    shutdowns: "shutdowns",
    outages: "outages",
    stalls: "stalls of the store",
    burials: "burials",
    takeovers: "takeovers",
    tasks: "tasks",
    steps: "recorded steps",
    answers: "answers",
    refused_by_quota: "refused by a quota",
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// The record of a run. Lines are kept only if somebody is going to read them; the first violation always is.
pub(crate) struct Trace {
    time: Arc<Time>,
    lines: Option<Mutex<Vec<String>>>,
    violation: Mutex<Option<Violation>>,
    is_broken: AtomicBool,
    pub(crate) counters: Counters,
}

impl Trace {
    pub(crate) fn new(time: Arc<Time>, kept: bool) -> Self {
        Self {
            time,
            lines: kept.then(Mutex::default),
            violation: Mutex::default(),
            is_broken: AtomicBool::new(false),
            counters: Counters::default(),
        }
    }

    pub(crate) fn line(&self, line: impl FnOnce() -> String) {
        if let Some(lines) = &self.lines {
            let line = format!("{:>9.3} {}", self.time.now().as_secs_f64(), line());
            lines.lock().unwrap().push(line);
        }
    }

    pub(crate) fn violated(&self, promise: &'static str, what: impl Into<String>) {
        let what = what.into();
        self.line(|| format!("VIOLATED {promise}: {what}"));
        self.violation.lock().unwrap().get_or_insert(Violation { promise, what });
        self.is_broken.store(true, Ordering::Relaxed);
    }

    /// Whether a promise was broken.
    pub(crate) fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::Relaxed)
    }

    pub(crate) fn violation(&self) -> Option<Violation> {
        self.violation.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.as_ref().map(|lines| lines.lock().unwrap().clone()).unwrap_or_default()
    }
}
