//! Style sheets: what they name, found by a scanner of their own. It knows strings, comments, addresses and blocks, and no property.

mod references;
mod tokens;

pub(crate) use references::{Form, Import, Reference, Sheet, attribute, sheet};
