//! Recorded steps: how they may be called, and what they may return.

use serde::{Serialize, de::DeserializeOwned};

use crate::error::{Mistake, ToolError};

/// Beginning of the names of what the runtime records beside steps: answers, signals, timers.
const RESERVED: &str = "run.pmcp";

/// Fails if a step of this name could be taken for something that the runtime records: names are often made of what a client sent.
pub(super) fn not_reserved(name: &str) -> Result<(), ToolError> {
    match name.strip_prefix(RESERVED) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            Err(Mistake::new(format!("no step is called `{RESERVED}`, or anything that begins with `{RESERVED}/`"))
                .into())
        }
        _ => Ok(()),
    }
}

/// Type a step may return: any that serialises both ways, since its result is recorded and read back.
#[diagnostic::on_unimplemented(
    message = "the result of a step cannot be recorded: `{Self}` does not serialise both ways",
    label = "not recordable",
    note = "derive `Serialize` and `Deserialize` for `{Self}` and the types inside it",
    note = "if it is of another crate, turn on the feature `serde` of that crate"
)]
pub trait StepValue: Serialize + DeserializeOwned + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> StepValue for T {}
