//! New apps and widgets: what they are called, where the crates come from, and the files, which are written all or none.

pub(crate) mod crates;
pub(crate) mod name;
pub(crate) mod place;
pub(crate) mod template;
