//! The runtime through its seam, `TaskRouter`, as clients of both revisions see it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::needless_pass_by_value, clippy::cloned_ref_to_slice_refs, reason = "a literal reads better in place")]

mod blocking;
mod calls;
mod cancellation;
mod costs;
mod dynamic_tasks;
mod dynamic_tools;
mod exactness;
mod execution;
mod fallback;
mod idempotency;
mod ids;
mod inline;
mod leases;
mod limits;
mod listen;
mod logged;
mod lost_replies;
mod older;
mod operate;
mod owners;
mod panics;
mod principals;
mod progress;
mod questions;
mod queue;
mod quota;
mod recovery;
mod round_trip;
mod session;
mod shown;
mod shutdown;
mod signals;
mod silence;
mod store_faults;
mod support;
mod timeouts;
mod traces;
mod typed_calls;
mod updates;
mod v2025;
mod v2026;
mod values;
mod variables;
mod widgets;
mod withdrawal;
mod workflows;
