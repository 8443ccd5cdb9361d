//! Workflows through the router: begun, handed over, gone on with, in both revisions.

mod begun;
mod crashes;
pub(crate) mod deploy;
mod gone_on;
mod habits;
mod hidden;
mod shown;
mod worded;
