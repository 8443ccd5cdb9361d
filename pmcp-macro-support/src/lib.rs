//! Diagnostics, signatures and fallbacks shared by the macro crates.
//!
//! A macro runs in stages: *parse* rejects grammar only and returns [`syn::Result`]; *build* reports every other mistake
//! to [`Diagnostics`] and returns a checked model or nothing; *expand* turns the model into tokens and cannot fail. When
//! there is no model, [`Fallback`] keeps the user's item, so that one mistake is one error.

mod crate_path;
mod diagnostics;
mod docs;
mod fallback;
mod impl_sig;
mod keys;
mod names;
mod signature;
mod types;

pub use crate_path::CratePath;
pub use diagnostics::{Diagnostics, error};
pub use docs::{description, doc_text, summary};
pub use fallback::Fallback;
pub use impl_sig::{ImplSig, ImplSigItem};
pub use keys::{Keys, all_arguments, arguments, visible};
pub use names::{did_you_mean, is_primitive_type, listed};
pub use signature::{SigFn, strip_attributes};
pub use types::{last_segment, peel, type_argument};
