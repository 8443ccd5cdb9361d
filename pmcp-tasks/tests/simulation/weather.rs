//! What a seed makes of its run: how bad the network is, how the instances are set up, how long it lasts.

use std::time::Duration;

use pmcp_tasks::router::Execution;

use crate::random::Choices;

/// How a run is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) seed: u64,
    pub(crate) instances: usize,
    pub(crate) not_yet: NotYet,
}

/// Promises that are not held yet: where one is `false`, the simulation keeps away from what would break it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct NotYet {
    /// "No code runs again that did not ask for it." Today a create that arrives after its caller was told that there is no
    /// answer, and after a later try was refused or its task removed again, brings back a task whose call is over; its worker
    /// adopts it as one that was never begun, and begins it again. If `false`, whoever lives waits until its create arrives.
    pub(crate) late_creates: bool,
}

/// The settings of a run. Each seed leaves some kinds of trouble out, so that what is left gets further.
#[derive(Debug)]
pub(crate) struct Weather {
    /// In a thousand operations: not applied, and an error.
    pub(crate) fail: u64,
    /// In a thousand: applied, and an error.
    pub(crate) lose_reply: u64,
    /// In a thousand: applied later, whatever has become of the caller.
    pub(crate) late: u64,
    /// In a thousand: takes some time before or after it is applied.
    pub(crate) slow: u64,
    /// The longest an operation takes.
    pub(crate) slowest: u64,
    /// Whether instances tell each other of changes, and how many in a thousand hints are lost.
    pub(crate) hints: Option<u64>,
    /// In milliseconds.
    pub(crate) lease: u64,
    /// The lease of every other instance, as a multiple.
    pub(crate) longer: u32,
    /// Time that passes with every poll, in microseconds.
    pub(crate) lag: u64,
    /// In milliseconds.
    pub(crate) chaos: u64,
    pub(crate) incidents: u64,
    pub(crate) quota: u32,
    pub(crate) queued: bool,
}

impl Weather {
    pub(crate) fn new(choices: &Choices) -> Self {
        Self {
            fail: choices.pick(&[0, 0, 10, 40, 120]),
            lose_reply: choices.pick(&[0, 10, 40, 120, 250]),
            late: choices.pick(&[0, 0, 10, 40]),
            slow: choices.pick(&[20, 100, 400]),
            slowest: choices.pick(&[5, 60, 400, 1500]),
            hints: choices.pick(&[None, Some(0), Some(300)]),
            lease: choices.pick(&[1600, 2400]),
            longer: choices.pick(&[1, 1, 4]),
            lag: choices.pick(&[0, 0, 200, 1500]),
            chaos: choices.between(6000, 14_000),
            incidents: choices.between(2, 8),
            quota: choices.pick(&[2, 4, 8]),
            queued: choices.chance(350),
        }
    }

    pub(crate) fn lease(&self) -> Duration {
        Duration::from_millis(self.lease)
    }

    /// How instance `number` is set up: who runs the tasks it creates, and how many queued ones it runs at once.
    pub(crate) fn role(&self, number: usize) -> (Execution, Option<usize>) {
        match (self.queued, number % 3) {
            (false, _) => (Execution::Immediate, None),
            (true, 0) => (Execution::Queued, Some(2)),
            (true, 1) => (Execution::Queued, None),
            (true, _) => (Execution::Immediate, Some(3)),
        }
    }
}
