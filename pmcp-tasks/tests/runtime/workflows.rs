//! Workflows through the router: begun, handed over, gone on with, in both revisions.

mod asked;
mod away;
mod begun;
mod crashes;
pub(crate) mod deploy;
mod gone_on;
mod habits;
mod hidden;
mod large;
pub(crate) mod planned;
mod refused;
mod repeated;
mod shown;
mod worded;
