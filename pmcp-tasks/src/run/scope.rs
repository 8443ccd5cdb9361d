//! The part of a run that something in it works in: a step of a workflow, or a tool that is called from it. What it records, asks and
//! keeps has names of its own there, and it can be cancelled alone.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio_util::sync::CancellationToken;

use super::cancel::Cancel;

/// The part of a run that something works in.
#[derive(Debug)]
pub(crate) struct Scope {
    /// Beginning of the names of its steps and variables; empty for the whole run.
    names: String,
    /// Beginning of the keys of its questions.
    questions: String,
    asked: AtomicU32,
    cancel: Cancel,
    share: Option<Share>,
}

/// The share a part has in the progress of the whole.
#[derive(Clone, Debug)]
pub(crate) struct Share {
    /// Name of the part, for people.
    pub(crate) part: String,
    /// Number of parts that are done.
    pub(crate) done: u32,
    /// Number of parts.
    pub(crate) of: u32,
}

impl Scope {
    /// That of the whole run.
    pub(super) fn whole(cancel: Cancel) -> Self {
        let (names, questions) = (String::new(), String::new());
        Self { names, questions, asked: AtomicU32::new(0), cancel, share: None }
    }

    /// One with the names of a part of this one. `round` tells apart the questions of one that begins once more.
    pub(super) fn part(&self, name: &str, round: u32, share: Option<Share>) -> Self {
        let round = if round == 0 { String::new() } else { format!("{round}/") };
        Self {
            names: format!("{}{name}/", self.names),
            questions: format!("{}{name}/{round}", self.questions),
            asked: AtomicU32::new(0),
            cancel: self.cancel.part(),
            share: share.or_else(|| self.share.clone()),
        }
    }

    /// The name of a step or variable in the whole run.
    pub(super) fn name(&self, name: &str) -> String {
        format!("{}{name}", self.names)
    }

    /// Beginning of the names of its steps and variables.
    pub(super) fn names(&self) -> &str {
        &self.names
    }

    /// Beginning of the names of what belongs to this round of the part alone.
    pub(super) fn round(&self) -> &str {
        self.questions.strip_prefix(&*self.names).unwrap_or("")
    }

    /// The key of its next question.
    pub(super) fn next_question(&self) -> String {
        let n = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{}input-{n}", self.questions)
    }

    pub(super) fn cancelling(&self) -> &Cancel {
        &self.cancel
    }

    pub(super) fn cancellation(&self) -> &CancellationToken {
        self.cancel.token()
    }

    pub(super) fn share(&self) -> Option<&Share> {
        self.share.as_ref()
    }
}

impl Share {
    /// Progress of the whole when the part has come to `done` of `total`; without a total its part cannot be told.
    pub(super) fn of_whole(&self, done: f64, total: Option<f64>) -> (f64, f64) {
        let part = total.filter(|total| *total > 0.0).map_or(0.0, |total| (done / total).clamp(0.0, 1.0));
        (f64::from(self.done) + part, f64::from(self.of))
    }
}
