//! Recorded steps: what they may return.

use serde::{Serialize, de::DeserializeOwned};

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
