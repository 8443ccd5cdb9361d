//! The open connections: what each of them waits for, how long it may, and which gives way to a new one.
//!
//! A connection notes what it is at in one number, so that a request costs a few stores; one look a round at all of them takes
//! the place of a timer each.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use pmcp_tasks::time::Clock;
use tokio::sync::Notify;

use crate::service::ServeLimits;

/// The longest time between two looks at the connections.
const ROUND: Duration = Duration::from_secs(1);

/// The phase of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It was just opened, or a request has begun to come: its head is waited for.
    Head,
    /// It waits for the next request.
    Idle,
    /// The head of a request has come: the rest of its body is waited for.
    Body,
    /// A request is answered.
    Busy,
    /// It is to be closed, unless a request comes before.
    GivesWay,
}

/// A phase and its beginning, in milliseconds of the monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    phase: Phase,
    since: u64,
}

impl State {
    fn packed(self) -> u64 {
        self.since << 3 | self.phase as u64
    }

    fn unpacked(packed: u64) -> Self {
        let phase = match packed & 7 {
            0 => Phase::Head,
            1 => Phase::Idle,
            2 => Phase::Body,
            3 => Phase::Busy,
            _ => Phase::GivesWay,
        };
        Self { phase, since: packed >> 3 }
    }
}

/// A connection, as its own task and who looks after all of them see it.
#[derive(Debug)]
pub(super) struct Connection {
    clock: Arc<dyn Clock>,
    state: AtomicU64,
    /// Told when it is to be closed, now or after what is being answered, and when its client may have gone.
    told: Notify,
    /// Set when it is time to look for its client.
    looked_for: AtomicBool,
    /// Set once it was told to give way: what has come by then is answered, and nothing after it.
    leaves: AtomicBool,
}

impl Connection {
    fn state(&self) -> State {
        State::unpacked(self.state.load(Ordering::Acquire))
    }

    fn set(&self, phase: Phase) {
        self.state.store(State { phase, since: millis(self.clock.monotonic()) }.packed(), Ordering::Release);
    }

    /// Bytes have come.
    pub(super) fn received(&self) {
        let seen = self.state();
        if seen.phase == Phase::Idle {
            let next = State { phase: Phase::Head, since: millis(self.clock.monotonic()) };
            // If that fails it gives way, which only a whole head prevents.
            let _ = self.exchange(seen, next);
        }
    }

    /// Bytes have gone out: a client that is still reading its answer has not waited before that.
    pub(super) fn sent(&self) {
        let seen = self.state();
        if seen.phase == Phase::Idle {
            let next = State { since: millis(self.clock.monotonic()), ..seen };
            // If that fails it gives way.
            let _ = self.exchange(seen, next);
        }
    }

    /// A request has come.
    pub(super) fn begin(&self) {
        self.set(Phase::Busy);
    }

    /// The head of a request has come, its body is to follow.
    pub(super) fn begin_body(&self) {
        self.set(Phase::Body);
    }

    /// No more of the body is waited for.
    pub(super) fn has_come(&self) {
        let seen = self.state();
        // It stays even if it was to give way: there is something to answer. What has been answered is waited for no more.
        if matches!(seen.phase, Phase::Body | Phase::GivesWay) {
            let next = State { phase: Phase::Busy, ..seen };
            if !self.exchange(seen, next) {
                self.begin();
            }
        }
    }

    /// Its answer was handed out.
    pub(super) fn end(&self) {
        self.set(Phase::Idle);
    }

    /// Waits until it is told something; then whether it is to be closed at once.
    pub(super) async fn gives_way(&self) -> bool {
        self.told.notified().await;
        self.state().phase == Phase::GivesWay
    }

    /// Tells whether it is to be closed after what is being answered: its next request came when it was told to give way.
    pub(super) fn leaves(&self) -> bool {
        self.leaves.load(Ordering::Acquire)
    }

    /// Tells, once a round, that it is time to look whether the client of the request being answered is still there: who reads
    /// from it does not see that behind bytes that were sent ahead.
    pub(super) fn looks_for_client(&self) -> bool {
        self.looked_for.load(Ordering::Relaxed) && self.looked_for.swap(false, Ordering::Relaxed)
    }

    fn exchange(&self, seen: State, next: State) -> bool {
        let exchanged = self.state.compare_exchange(seen.packed(), next.packed(), Ordering::AcqRel, Ordering::Acquire);
        exchanged.is_ok()
    }

    /// Has it closed if it is still as it was seen.
    fn give_way(&self, seen: State) -> bool {
        let gives_way = self.exchange(seen, State { phase: Phase::GivesWay, ..seen });
        if gives_way {
            self.leaves.store(true, Ordering::Release);
            self.told.notify_one();
        }
        gives_way
    }
}

/// The open connections of a server.
#[derive(Debug)]
pub(super) struct Connections {
    clock: Arc<dyn Clock>,
    header_timeout: u64,
    idle_timeout: u64,
    open: Mutex<HashMap<u64, Arc<Connection>>>,
    next: AtomicU64,
    closing: AtomicBool,
}

impl Connections {
    pub(super) fn new(limits: &ServeLimits, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            clock,
            header_timeout: millis(limits.header_timeout),
            idle_timeout: millis(limits.connection_idle),
            open: Mutex::default(),
            next: AtomicU64::new(0),
            closing: AtomicBool::new(false),
        })
    }

    /// Notes a new connection until the guard is dropped.
    pub(super) fn open(self: &Arc<Self>) -> Open {
        let connection = Connection {
            clock: self.clock.clone(),
            state: AtomicU64::new(0),
            told: Notify::new(),
            looked_for: AtomicBool::new(false),
            leaves: AtomicBool::new(false),
        };
        connection.set(Phase::Head);
        let (id, connection) = (self.next.fetch_add(1, Ordering::Relaxed), Arc::new(connection));
        self.open.lock().insert(id, connection.clone());
        Open { connections: self.clone(), id, connection }
    }

    /// Closes the connection that has waited for a request, or the rest of one, for longest; `false` if none waits.
    pub(super) fn make_room(&self) -> bool {
        let open = self.open.lock();
        let waiting = || {
            let all = open.values().map(|connection| (connection.state(), connection));
            let waiting = all.filter(|(seen, _)| matches!(seen.phase, Phase::Head | Phase::Idle | Phase::Body));
            waiting.min_by_key(|(seen, _)| seen.since)
        };
        // One that gets its request in this moment stays.
        while let Some((seen, connection)) = waiting() {
            if connection.give_way(seen) {
                return true;
            }
        }
        false
    }

    /// Closes again and again what has waited for too long, and has what is busy look for its client.
    pub(super) async fn look_after(self: Arc<Self>) {
        let round = Duration::from_millis(self.header_timeout.min(self.idle_timeout) / 4);
        loop {
            self.clock.sleep(round.clamp(Duration::from_millis(1), ROUND)).await;
            let now = millis(self.clock.monotonic());
            for connection in self.open.lock().values() {
                let seen = connection.state();
                let most = match seen.phase {
                    Phase::Head => self.header_timeout,
                    Phase::Idle => self.idle_timeout,
                    Phase::Busy => {
                        connection.looked_for.store(true, Ordering::Relaxed);
                        connection.told.notify_one();
                        continue;
                    }
                    // A body has its own time, and an answer when that is over.
                    Phase::Body | Phase::GivesWay => continue,
                };
                if now.saturating_sub(seen.since) >= most {
                    connection.give_way(seen);
                }
            }
        }
    }

    /// Has every connection close once what came over it is answered.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.open.lock().values().for_each(|connection| connection.told.notify_one());
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }
}

/// A connection that is open, until this is dropped.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) connections: Arc<Connections>,
    id: u64,
    pub(super) connection: Arc<Connection>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.connections.open.lock().remove(&self.id);
    }
}

/// A duration in whole milliseconds; saturates.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use pmcp_tasks::testing::ManualClock;

    use super::*;

    #[tokio::test]
    async fn a_client_that_reads_its_answer_slowly_is_not_idle() {
        let (clock, limits) = (ManualClock::new(), ServeLimits::default());
        let connections = Connections::new(&limits, Arc::new(clock.clone()));
        let looking = tokio::spawn(connections.clone().look_after());
        let open = connections.open();
        open.connection.begin();
        open.connection.end();
        let almost = limits.connection_idle.saturating_sub(ROUND);
        for _ in 0..3 {
            clock.advance(almost).await;
            open.connection.sent();
        }
        clock.advance(almost).await;
        assert_eq!(open.connection.state().phase, Phase::Idle);
        clock.advance(2 * ROUND).await;
        assert_eq!(open.connection.state().phase, Phase::GivesWay);
        looking.abort();
    }
}
