//! Holds the messages of this workspace's tests against the official JSON schemas, from the folder `MCP_SPEC_DIR` names.
//!
//! Test support hands every message that passes to a [`Watch`], which fails the test over one that does not fit. What the
//! server says is always checked, what clients say unless a test sends [bad input on purpose](bad_input_on_purpose). Without
//! `MCP_SPEC_DIR` nothing is checked; a test in a module `needs_mcp_spec_dir` of each suite shows that as ignored.

mod client;
mod rules;
mod schema;
#[cfg(feature = "tap")]
mod tap;
mod watch;

pub use rules::{Emitted, Inspector, Revision};
pub use schema::Schemas;
#[cfg(feature = "tap")]
pub use tap::{Sender, Tap};
pub use watch::{BadInput, Watch, assert_answer, bad_input_on_purpose, checked};
