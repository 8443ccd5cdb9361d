//! Wishes of a kind of work for its tasks, and how clients are to follow them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Fate of a task whose process died.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnCrash {
    /// It fails with a message that says so.
    #[default]
    Fail,
    /// The function is called again with the recorded arguments, variables, answers and steps.
    Restart,
}

/// Wishes of a kind of work for its tasks; `None` leaves what the server says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Policy {
    /// Lifetime of a task if the client does not say.
    pub(crate) ttl: Option<Duration>,
    /// The longest that clients are told to wait between looks.
    pub(crate) poll_interval: Option<Duration>,
    /// Time one run may take.
    pub(crate) timeout: Option<Duration>,
    /// Time a call is waited for before it is answered with its task, where the server decides.
    pub(crate) inline: Option<Duration>,
    pub(crate) on_crash: OnCrash,
}

/// The interval that clients are told while a run of a workflow waits for them: nothing changes but by what they do.
pub(super) const WHILE_PARKED: Duration = Duration::from_secs(5);

/// The interval that clients of a task just created are told.
const SHORTEST_POLL: Duration = Duration::from_millis(25);

/// The share of a task's age that clients wait before they ask again, so that they learn of its end after a quarter more
/// than its time.
const SHARE_OF_AGE: u32 = 4;

/// Computes how long clients should wait before they ask again for a task of this age: the longer it has run, the
/// longer, up to the tool's own interval.
pub(crate) fn poll_interval(longest: Duration, age: Duration) -> Duration {
    (age / SHARE_OF_AGE).max(SHORTEST_POLL).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn intervals_grow_with_the_age_up_to_the_tools() {
        let told = |age: u32| poll_interval(500 * MS, age * MS);
        assert_eq!([0, 100, 400, 1000, 2000, 60_000].map(told), [25, 25, 100, 250, 500, 500].map(|n: u32| n * MS));
        assert_eq!(poll_interval(10 * MS, Duration::ZERO), 10 * MS);
    }

    #[test]
    fn a_client_that_follows_them_learns_of_the_end_in_time() {
        for work in (1..20_000_u32).step_by(7).map(|ms| ms * MS) {
            let mut age = Duration::ZERO;
            while age < work {
                age += poll_interval(500 * MS, age);
            }
            let late = age.saturating_sub(work);
            assert!(late <= (work * 3 / 10).max(SHORTEST_POLL) && late <= 500 * MS, "{work:?}: {late:?} late");
        }
    }
}
