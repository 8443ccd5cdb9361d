//! Workflows as `#[workflow]` makes them: three of different kinds, driven over `dyn Plan` by a small engine without a store.

mod deploy;
mod driver;
mod given;
mod incident;
mod places;
mod release_train;
mod spellings;
