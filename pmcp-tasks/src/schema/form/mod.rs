//! Forms: what users are asked to fill in (elicitation, "Requested Schema").
//!
//! Types describe their own, so that one which no client can be asked does not compile; what is written by hand is
//! checked where it is used.

mod by_hand;
mod types;

pub(crate) use by_hand::{checked, elicited, form_answer, form_of};
pub(crate) use types::{ALONE, schema_of};
pub use types::{
    Form, FormChoice, FormField, FormFieldSpec, FormFields, FormLength, FormNumber, FormText, form_field, form_number,
    form_sized, form_text,
};
