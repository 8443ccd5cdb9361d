//! JSON Schemas: of arguments and results, and of the forms that clients are asked to fill in.

pub(crate) mod form;
pub(crate) mod json;
