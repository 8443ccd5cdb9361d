//! Programs that examples and their tests start as children, and stores that those share.

mod child;
mod place;

pub use child::{Child, Role, say};
pub use place::Place;

/// The outcome of an example: an error is for the person who runs it.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
