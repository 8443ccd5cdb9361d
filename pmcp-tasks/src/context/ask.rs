//! Types that a client can be asked for.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

/// Type a client can be asked for: a flat struct of strings, numbers, booleans and enums (elicitation, "Requested
/// Schema").
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be asked for",
    label = "not an answer's type",
    note = "derive `Deserialize` and `JsonSchema` for `{Self}`, a flat struct of strings, numbers, booleans and enums"
)]
pub trait Elicit: DeserializeOwned + JsonSchema + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema + Send + 'static> Elicit for T {}
