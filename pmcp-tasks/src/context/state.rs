//! The server's state, handed to functions by type.

use std::ops::Deref;

/// A part of the server's state, as a parameter: `State(db): State<Database>`.
///
/// The compiler checks where the function is registered that the server has a `Database`.
#[derive(Clone, Copy, Debug, Default)]
pub struct State<T>(pub T);

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Takes a part out of the server's state `S`. Every state provides itself; `#[derive(FromRef)]` provides its fields.
#[diagnostic::on_unimplemented(
    message = "the server's state `{S}` has no `{Self}`",
    label = "not in the server's state",
    note = "add a field of type `{Self}` to the state, with `#[derive(FromRef)]` on it, and pass it to `.state(…)` before registering the tool"
)]
pub trait FromRef<S> {
    /// A clone of the part.
    fn from_ref(state: &S) -> Self;
}

impl<T: Clone> FromRef<T> for T {
    fn from_ref(state: &T) -> T {
        state.clone()
    }
}
