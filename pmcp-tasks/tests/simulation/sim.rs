//! What everything in a run shares.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use pmcp_tasks::store::{MemoryBackend, backend::TaskKey};
use tokio::{runtime::Handle, sync::mpsc};

use crate::{
    books::Books,
    ledger::Ledger,
    random::Choices,
    time::Time,
    trace::Trace,
    weather::{Options, Weather},
};

/// How a run proceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(crate) enum Phase {
    /// Anything goes wrong.
    Chaos,
    /// Nothing goes wrong any more; clients answer everything and want nothing new.
    Calm,
    /// What was under way has arrived.
    Settled,
    /// Clients do nothing.
    Over,
}

pub(crate) struct Sim {
    pub(crate) options: Options,
    pub(crate) weather: Weather,
    pub(crate) time: Arc<Time>,
    pub(crate) trace: Trace,
    pub(crate) store: Arc<MemoryBackend>,
    pub(crate) books: Books,
    pub(crate) ledger: Ledger,
    pub(crate) network: Choices,
    pub(crate) clients: Choices,
    pub(crate) schedule: Choices,
    /// Where what belongs to no instance runs: clients, and writes that are under way.
    pub(crate) outside: Handle,
    phase: AtomicU8,
    /// Until when the store takes no writes, and whether it answers no reads either.
    stall: Mutex<(Duration, bool)>,
    /// Where the hints for each instance go.
    hints: Mutex<BTreeMap<usize, mpsc::Sender<TaskKey>>>,
}

impl Sim {
    pub(crate) fn new(options: Options, traced: bool, outside: Handle) -> Arc<Self> {
        let weather = Weather::new(&Choices::new(options.seed, 0));
        let time = Arc::new(Time::default());
        let trace = Trace::new(time.clone(), traced);
        trace.line(|| format!("{weather:?}"));
        Arc::new(Self {
            options,
            weather,
            trace,
            time,
            store: Arc::new(MemoryBackend::new()),
            books: Books::default(),
            ledger: Ledger::default(),
            network: Choices::new(options.seed, 1),
            clients: Choices::new(options.seed, 2),
            schedule: Choices::new(options.seed, 3),
            outside,
            phase: AtomicU8::new(0),
            stall: Mutex::default(),
            hints: Mutex::default(),
        })
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Chaos,
            1 => Phase::Calm,
            2 => Phase::Settled,
            _ => Phase::Over,
        }
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        self.trace.line(|| format!("=== {phase:?} ==="));
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.phase() != Phase::Chaos
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.phase() >= Phase::Settled
    }

    /// The lease period of an instance.
    pub(crate) fn period(&self, instance: usize) -> Duration {
        self.weather.lease() * if instance % 2 == 1 { self.weather.longer } else { 1 }
    }

    pub(crate) fn longest_period(&self) -> Duration {
        self.period(1)
    }

    /// The store takes nothing until then: no writes, or nothing at all.
    pub(crate) fn stall(&self, until: Duration, reads_too: bool) {
        *self.stall.lock().unwrap() = (until, reads_too);
        self.books.stalls(self.time.now(), until);
    }

    pub(crate) fn end_stall(&self) {
        *self.stall.lock().unwrap() = Default::default();
        self.books.stall_ends(self.time.now());
    }

    /// Waits as long as the store takes no such operation.
    pub(crate) async fn until_it_answers(&self, operation: &str) {
        let is_read = ["get", "page", "held", "workers", "buried"].contains(&operation);
        loop {
            let (until, reads_too) = *self.stall.lock().unwrap();
            let left = until.saturating_sub(self.time.now());
            if left.is_zero() || (is_read && !reads_too) {
                return;
            }
            // It may end before.
            self.time.sleep(left.min(Duration::from_millis(100))).await;
        }
    }

    pub(crate) fn hear(&self, instance: usize) -> mpsc::Receiver<TaskKey> {
        let (sender, receiver) = mpsc::channel(64);
        self.hints.lock().unwrap().insert(instance, sender);
        receiver
    }

    pub(crate) fn forget(&self, instance: usize) {
        self.hints.lock().unwrap().remove(&instance);
    }

    /// Tells the others that a task changed, as far as hints are not lost.
    pub(crate) fn hint(&self, from: usize, key: &TaskKey) {
        let Some(lost) = self.weather.hints else { return };
        let hints = self.hints.lock().unwrap();
        for sender in hints.iter().filter(|(to, _)| **to != from).map(|(_, sender)| sender) {
            if self.is_calm() || !self.network.chance(lost) {
                // Who does not keep up loses some.
                let _ = sender.try_send(key.clone());
            }
        }
    }
}
