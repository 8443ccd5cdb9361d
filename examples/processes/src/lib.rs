//! Programs that examples and their tests start as children, and stores that those share.

mod child;
mod place;
mod served;

pub use child::{Child, Role, say};
pub use place::Place;
pub use served::{Served, Way};

/// The outcome of an example: an error is for the person who runs it.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
