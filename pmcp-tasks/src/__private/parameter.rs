//! Parameters that are not arguments: contexts and parts of the state.

use crate::{
    context::{FromRef, RunContext, State, TaskContext, TaskVariables, ToolContext},
    task::FieldDefinition,
};

/// Functions that give a function its context.
pub struct ContextSpec<C> {
    /// Makes it.
    pub make: fn(&RunContext) -> C,
    /// Describes the task's variables.
    pub fields: fn() -> Vec<FieldDefinition>,
}

/// The context of a task with these variables.
#[must_use]
pub fn task_context<V: TaskVariables>() -> ContextSpec<TaskContext<V>> {
    ContextSpec { make: RunContext::task, fields: V::fields }
}

/// The context of an ordinary tool.
#[must_use]
pub fn tool_context() -> ContextSpec<ToolContext> {
    ContextSpec { make: RunContext::tool, fields: Vec::new }
}

/// The type of a parameter marked `#[context]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a context",
    label = "not a context",
    note = "mark a `TaskContext`, a `ToolContext` or an alias of one with `#[context]`"
)]
pub trait ContextParameter: Sized {
    /// Returns the functions that make it.
    fn spec() -> ContextSpec<Self>;
}

impl<V: TaskVariables> ContextParameter for TaskContext<V> {
    fn spec() -> ContextSpec<Self> {
        task_context()
    }
}

impl ContextParameter for ToolContext {
    fn spec() -> ContextSpec<Self> {
        tool_context()
    }
}

/// The context of a parameter marked `#[context]`.
#[must_use]
pub fn context<C: ContextParameter>() -> ContextSpec<C> {
    C::spec()
}

/// The type of a parameter marked `#[state]`, in a server with the state `S`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a part of the server's state `{S}`",
    label = "not in the server's state",
    note = "mark a `State<T>` or an alias of one with `#[state]`, where the server's state has a `T`"
)]
pub trait StateParameter<S> {
    /// A clone of the part.
    fn from_state(state: &S) -> Self;
}

impl<S, T: FromRef<S>> StateParameter<S> for State<T> {
    fn from_state(state: &S) -> Self {
        Self(T::from_ref(state))
    }
}

/// Bound on a field of the server's state that is handed to functions.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be handed to functions: it is not `Clone`",
    label = "not `Clone`",
    note = "derive `Clone` for `{Self}`, put it in an `Arc`, or mark the field `#[from_ref(skip)]`"
)]
pub trait StatePart: Clone {}

#[diagnostic::do_not_recommend]
impl<T: Clone> StatePart for T {}

/// A clone of a field of the server's state.
#[must_use]
pub fn part<T: StatePart>(field: &T) -> T {
    field.clone()
}
