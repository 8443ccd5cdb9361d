//! What examples and their tests share: programs that they start as children, and stores that those share.

mod child;
mod place;

pub use child::{Child, Role, say};
pub use place::Place;

/// What an example comes to: an error is for the person who runs it.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
