//! The client of a host that is emulated: what servers see of a preview, and what a preview sees of servers.
//!
//! A preview connects from its process, and its page may connect by itself; both do so with what is here, so that a page cannot tell which
//! of them it asks. [`Emulated`] is the client that servers see. A [`Session`] passes requests on, reads lists to their end, tells progress
//! and changes, and has tasks of every version as 2026-07-28 has them. What servers ask is put to [`Questions`], and all that happens is
//! told to a [`Told`].
//!
//! Nothing here needs sockets, threads or clocks: work in the background runs on the executor of the client. It compiles to `wasm32`.

mod asker;
mod emulated;
mod pump;
mod questions;
mod requests;
mod session;
mod tasks;
mod told;
mod translate;
mod work;

pub use emulated::Emulated;
pub use questions::{DuringRequest, Given, Questions};
pub use requests::{check, refusal};
pub use session::{Session, has_tasks};
pub use tasks::Tasks;
pub use told::Told;
