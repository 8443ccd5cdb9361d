//! A machine that is run one poll at a time, and can be switched off between any two.

use std::{
    cell::Cell,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

use tokio::runtime::{Builder, Handle, Runtime};

/// A Tokio runtime of one thread, which is ours. Dropping it drops everything it runs where that waits.
pub(crate) struct Machine {
    runtime: Runtime,
    marker: Arc<Marker>,
    /// How many turns in a row nothing but the marker was there to run: after two there is nothing else.
    empty_turns: Cell<u8>,
}

/// A task that does nothing. It is put behind all others that are ready, so that it shows when there are none.
#[derive(Default)]
struct Marker {
    ran: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let runtime = Builder::new_current_thread().event_interval(1).global_queue_interval(1).build().unwrap();
        let marker = Arc::new(Marker::default());
        runtime.spawn(Mark(marker.clone()));
        Self { runtime, marker, empty_turns: Cell::new(0) }
    }

    pub(crate) fn handle(&self) -> &Handle {
        self.runtime.handle()
    }

    /// Whether there is something to run.
    pub(crate) fn is_ready(&self) -> bool {
        self.empty_turns.get() < 2 || self.is_woken()
    }

    /// What is woken from outside goes to the global queue.
    fn is_woken(&self) -> bool {
        self.runtime.metrics().global_queue_depth() > 0
    }

    /// Polls one of the tasks that are ready.
    pub(crate) fn step(&self) {
        self.marker.ran.store(false, Ordering::Relaxed);
        self.runtime.block_on(OneTurn { marker: &self.marker, begun: false });
        let empty = self.marker.ran.load(Ordering::Relaxed);
        self.empty_turns.set(if empty { self.empty_turns.get().saturating_add(1) } else { 0 });
    }
}

struct Mark(Arc<Marker>);

impl Future for Mark {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.ran.store(true, Ordering::Relaxed);
        *self.0.waker.lock().unwrap() = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// Ready when it is polled again: between the two polls the runtime runs as many tasks as its event interval says.
struct OneTurn<'a> {
    marker: &'a Marker,
    begun: bool,
}

impl Future for OneTurn<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.begun {
            return Poll::Ready(());
        }
        self.begun = true;
        if let Some(waker) = self.marker.waker.lock().unwrap().take() {
            waker.wake();
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
