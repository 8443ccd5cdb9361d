//! What is checked, in the words of whoever relies on it.

pub(crate) const LOST: &str = "nothing acknowledged is lost";
pub(crate) const OUTCOME: &str = "a task has one outcome, that of its function";
pub(crate) const STEP: &str = "a recorded step never runs again";
pub(crate) const QUOTA: &str = "quotas are exact";
pub(crate) const END: &str = "everything ends within two leases of calm";
pub(crate) const VARIABLE: &str = "no update is lost, and none is made twice";
pub(crate) const ANSWER: &str = "an answer is asked for once and kept";
pub(crate) const ONCE: &str = "no code runs again that did not ask for it";
pub(crate) const PERIOD: &str = "a worker is judged by its own lease period";
pub(crate) const OWN_WORK: &str = "a store that is away is no takeover";
pub(crate) const BURIED: &str = "a buried worker begins nothing";
pub(crate) const CANCELLED: &str = "a cancellation reaches the code within a lease";
pub(crate) const KEY: &str = "one idempotency key, one task";
pub(crate) const EXPIRY: &str = "what has expired is gone";
