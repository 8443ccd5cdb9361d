//! Time as the runtime sees it: injected, so that expiry, leases and timeouts are tested without waiting.

use std::{
    fmt,
    pin::Pin,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A point in time, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    /// This point plus a duration; saturates at the end of time.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// Returns the time until `later`; zero when it has passed.
    #[must_use]
    pub fn until(self, later: Self) -> Duration {
        Duration::from_millis(later.0.saturating_sub(self.0))
    }
}

/// As RFC 3339 in UTC with milliseconds, the form of every timestamp on the wire. Years beyond 9999, which it cannot have, are
/// the last moment of that year.
impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = i64::try_from(self.0).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        write!(f, "{:.3}", time.unwrap_or(Timestamp::MAX))
    }
}

/// A duration in whole milliseconds; saturates.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A future that ends when a span of the clock's time has passed.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The source of time. [`SystemClock`] outside tests, `testing::ManualClock` in them.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The wall clock: timestamps and expiry.
    fn now(&self) -> Millis;
    /// Time since an arbitrary origin that never goes back: leases.
    fn monotonic(&self) -> Duration;
    /// Ends after `duration` of this clock.
    fn sleep(&self, duration: Duration) -> Sleep;
    /// Ends some time after `duration` of this clock: for housekeeping whose time nobody can tell. A clock that a test moves need not stop for
    /// it on the way. As [`sleep`](Self::sleep) unless said otherwise.
    fn idle(&self, duration: Duration) -> Sleep {
        self.sleep(duration)
    }
    /// Tells whether time passes by itself, and [`sleep`](Self::sleep) ends on any Tokio runtime: then threads beside the
    /// runtime go by it, too. `false` unless said otherwise, as for clocks that a test moves.
    fn is_autonomous(&self) -> bool {
        false
    }
}

/// The clock of the operating system.
#[derive(Clone, Debug)]
pub struct SystemClock {
    origin: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Millis {
        Millis(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis))
    }

    fn monotonic(&self) -> Duration {
        self.origin.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }

    fn is_autonomous(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_rfc_3339_in_utc() {
        assert_eq!(Millis(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Millis(951_782_400_123).to_string(), "2000-02-29T00:00:00.123Z");
        assert_eq!(Millis(4_107_542_399_999).to_string(), "2100-02-28T23:59:59.999Z");
        assert_eq!(Millis(4_107_542_400_000).to_string(), "2100-03-01T00:00:00.000Z");
        assert_eq!(Millis(253_402_207_200_999).to_string(), "9999-12-30T22:00:00.999Z");
        for beyond in [253_402_300_800_000, u64::MAX] {
            assert_eq!(Millis(beyond).to_string(), Millis(253_402_207_200_999).to_string());
        }
    }
}
