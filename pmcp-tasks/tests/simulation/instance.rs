//! One server: a real router on a machine of its own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use pmcp_tasks::{Limits, TaskRouter, TaskStore, router::Execution};

use tokio_util::sync::CancellationToken;

use crate::{
    machine::Machine,
    network::Connection,
    random::{Choices, Ids},
    sim::Sim,
    time::InstanceClock,
    tools::{Host, fails, plain, restarts},
};

pub(crate) struct Instance {
    pub(crate) number: usize,
    pub(crate) machine: Machine,
    pub(crate) router: TaskRouter,
    /// How many queued tasks it runs at once.
    pub(crate) at_once: Option<usize>,
    pub(crate) execution: Execution,
    /// Nothing reaches the store until then.
    pub(crate) cut_until: Option<Duration>,
    cut: Arc<AtomicBool>,
    /// It stands still until then.
    pub(crate) paused_until: Option<Duration>,
    /// It is killed after so many polls.
    pub(crate) doomed: Option<u64>,
    /// It is killed soon after its next write of a task's head: much hangs on what is written before and after.
    pub(crate) is_doomed_with_put: bool,
    has_put: Arc<AtomicBool>,
    pub(crate) is_leaving: bool,
    has_left: Arc<AtomicBool>,
    /// Whoever waits for an answer of it learns that it is gone.
    pub(crate) closed: CancellationToken,
}

impl Instance {
    pub(crate) fn start(sim: &Arc<Sim>, number: usize) -> Self {
        let machine = Machine::new();
        let cut = Arc::new(AtomicBool::new(false));
        let period = sim.period(number);
        let has_put = Arc::new(AtomicBool::new(false));
        let connection = Connection { sim: sim.clone(), instance: number, cut: cut.clone(), has_put: has_put.clone() };
        let clock = InstanceClock { time: sim.time.clone(), origin: Duration::from_secs(1000 * number as u64) };
        let store = TaskStore::new(connection)
            .with_clock(clock)
            .with_randomness(Ids(Choices::new(sim.options.seed, 1000 + number as u64)));
        let (execution, at_once) = sim.weather.role(number);
        let limits = Limits {
            tasks_per_owner: sim.weather.quota,
            default_ttl: Duration::ZERO,
            cancel_grace: Duration::from_secs(1),
            question_ttl: Duration::from_secs(8),
            ..Limits::default()
        };
        let router = TaskRouter::builder()
            .state(Host { sim: sim.clone(), instance: number })
            .tool::<fails>()
            .tool::<restarts>()
            .tool::<plain>()
            .limits(limits)
            .lease(period)
            .execution(execution);
        let router = match at_once {
            Some(at_once) => router.worker(at_once),
            None => router,
        };
        let router = router.build(store).unwrap();
        {
            let _inside = machine.handle().enter();
            router.keep_house();
        }
        sim.trace.line(|| format!("i{number} starts: {execution:?}, runs {at_once:?} queued tasks at once"));
        Self {
            number,
            machine,
            router,
            at_once,
            execution,
            cut_until: None,
            cut,
            paused_until: None,
            doomed: None,
            is_doomed_with_put: false,
            has_put,
            is_leaving: false,
            has_left: Arc::default(),
            closed: CancellationToken::new(),
        }
    }

    /// Whether it runs tasks.
    pub(crate) fn works(&self) -> bool {
        self.execution == Execution::Immediate || self.at_once.is_some()
    }

    pub(crate) fn cut(&mut self, until: Option<Duration>) {
        self.cut_until = until;
        self.cut.store(until.is_some(), Ordering::Relaxed);
    }

    /// Whether it has written a task's head since this was last asked.
    pub(crate) fn has_put(&self) -> bool {
        self.has_put.swap(false, Ordering::Relaxed)
    }

    pub(crate) fn leave(&mut self, grace: Duration) {
        self.is_leaving = true;
        let (router, left) = (self.router.clone(), self.has_left.clone());
        self.machine.handle().spawn(async move {
            router.shut_down(grace).await;
            left.store(true, Ordering::Relaxed);
        });
    }

    pub(crate) fn has_left(&self) -> bool {
        self.has_left.load(Ordering::Relaxed)
    }
}
