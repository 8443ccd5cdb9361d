//! JSON Schemas: of arguments and results, and of the forms that clients are asked to fill in.
//!
//! Types describe themselves; this room puts what they say into the dialects that MCP allows. Arguments and results are
//! published in a part of JSON Schema 2020-12 that hosts take; a form is flat and knows few types, so that others do not compile, or
//! are refused with a reason where a form is written by hand. So is an answer that does not fit. It knows errors, and
//! nothing of tools or runs.

pub(crate) mod answer;
mod compiled;
pub(crate) mod form;
pub(crate) mod json;
pub(crate) mod page;
pub(crate) mod published;
mod reading;

pub(crate) use compiled::Compiled;
pub(crate) use reading::Misfit;
