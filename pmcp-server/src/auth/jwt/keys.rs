//! The keys of an issuer, kept: fetched by one at a time, and not again at once, whoever asks for whatever key.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use parking_lot::Mutex;
use pmcp_tasks::time::{Clock, SystemClock};
use tokio::sync::watch;

use super::{
    algorithm::{JwtAlgorithm, Key},
    refused::Refused,
    source::{Place, Source},
};

/// The age at which keys are fetched anew, while those that are there are used on.
const RENEWED: Duration = Duration::from_secs(5 * 60);
/// The age from which they are waited for: so long a key is good at most after its issuer has withdrawn it, unless it is away.
const WAITED: Duration = Duration::from_secs(10 * 60);
/// The age to which they are used if the issuer is away.
const OUTLIVE: Duration = Duration::from_secs(60 * 60);
/// The time between two attempts to fetch them, however many ask for a key that is not there.
const PAUSE: Duration = Duration::from_secs(10);

/// The keys of an issuer.
pub(super) struct Keys {
    source: Source,
    clock: OnceLock<Arc<dyn Clock>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The keys, and when they came.
    kept: Option<(Arc<[Key]>, Duration)>,
    tried: Option<Duration>,
    /// Closed when the fetch that is under way has ended.
    running: Option<watch::Receiver<()>>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("source", &self.source).finish_non_exhaustive()
    }
}

impl Keys {
    pub(super) fn new(source: Source) -> Arc<Self> {
        Arc::new(Self { source, clock: OnceLock::new(), state: Mutex::default() })
    }

    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// Goes by this clock, unless there is one already.
    pub(super) fn go_by(&self, clock: &Arc<dyn Clock>) {
        let _ = self.clock.set(clock.clone());
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        self.clock.get_or_init(|| Arc::new(SystemClock::default()))
    }

    /// Tells whether the signature is by the issuer's key with this id; without an id, by the only one that fits.
    pub(super) async fn verify(
        self: &Arc<Self>,
        (id, algorithm): (Option<&str>, JwtAlgorithm),
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Refused> {
        let verified = |keys: &[Key]| Some(found(keys, id, algorithm)?.verifies(algorithm, message, signature));
        if let Place::Given { keys } = &self.source.place {
            return judged(verified(keys));
        }
        let age = self.age();
        if age.is_some_and(|age| age >= RENEWED) {
            // Beside the request, until they are too old for that.
            drop(self.fetching());
        }
        let mut verdict = self.kept(WAITED).and_then(|keys| verified(&keys));
        if verdict.is_none() {
            if let Some(mut fetching) = self.fetching() {
                // Closed at its end.
                let _ = fetching.changed().await;
            }
            let keys = self.kept(OUTLIVE).ok_or(Refused::Unavailable)?;
            verdict = verified(&keys);
        }
        judged(verdict)
    }

    fn age(&self) -> Option<Duration> {
        let now = self.clock().monotonic();
        self.state.lock().kept.as_ref().map(|(_, at)| now.saturating_sub(*at))
    }

    /// The keys, if they are younger than that.
    fn kept(&self, than: Duration) -> Option<Arc<[Key]>> {
        let now = self.clock().monotonic();
        let state = self.state.lock();
        let (keys, at) = state.kept.as_ref()?;
        (now.saturating_sub(*at) < than).then(|| keys.clone())
    }

    /// The fetch that is under way, or one that begins now; `None` if the last one was a moment ago. It goes on when whoever asked is
    /// gone: others wait for it, too.
    fn fetching(self: &Arc<Self>) -> Option<watch::Receiver<()>> {
        let now = self.clock().monotonic();
        let mut state = self.state.lock();
        if let Some(running) = state.running.as_ref().filter(|running| running.has_changed().is_ok()) {
            return Some(running.clone());
        }
        if state.tried.is_some_and(|tried| now.saturating_sub(tried) < PAUSE) {
            return None;
        }
        state.tried = Some(now);
        let (ended, running) = watch::channel(());
        state.running = Some(running.clone());
        let keys = self.clone();
        tokio::spawn(async move {
            let clock = keys.clock().clone();
            match keys.source.fetch(&*clock).await {
                Ok(fetched) => keys.state.lock().kept = Some((fetched, clock.monotonic())),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the keys of the authorization server could not be fetched");
                }
            }
            drop(ended);
        });
        Some(running)
    }
}

/// The verdict on a signature: by the key, by another one, or there is no such key.
fn judged(verdict: Option<bool>) -> Result<(), Refused> {
    match verdict {
        Some(true) => Ok(()),
        Some(false) => Err(Refused::Signature),
        None => Err(Refused::Key),
    }
}

/// The key with this id; without one, the only one that fits.
fn found<'a>(keys: &'a [Key], id: Option<&str>, algorithm: JwtAlgorithm) -> Option<&'a Key> {
    let mut fitting = keys.iter().filter(|key| key.fits(algorithm));
    match id {
        Some(id) => fitting.find(|key| key.id.as_deref() == Some(id)),
        None => fitting.next().filter(|_| fitting.next().is_none()),
    }
}
