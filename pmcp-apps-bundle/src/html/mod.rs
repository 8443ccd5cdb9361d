//! HTML: tags with the places of their attributes, the nesting of elements, and what a reader who cannot see needs.

mod access;
mod nesting;
mod tokens;

pub(crate) use access::access;
pub(crate) use nesting::nesting;
pub(crate) use tokens::{Attribute, Tag, Token, tokens};
