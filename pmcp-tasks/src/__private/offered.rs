//! Results of the functions that prompts, resources and completions are made of.

use super::output::{AnyResult, ToolFailure};
use crate::{
    offer::{Completion, CompletionFunction, CompletionRequest, PromptMessage, PromptResult, ResourceContents},
    tool::{Content, ToolError},
};

/// Type a prompt may return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a prompt",
    label = "not messages",
    note = "return a `String` for one message of the user, a `Vec<PromptMessage>` for several, or a `PromptResult`"
)]
pub trait PromptOutput: Send + 'static {
    /// The messages made of the value.
    fn into_offered(self) -> PromptResult;
}

/// Type a resource may return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the contents of a resource",
    label = "not contents",
    note = "return a `String`, a `Vec<u8>` or `ResourceContents`: a value goes out as the text that `serde_json::to_string` makes of it"
)]
pub trait ResourceOutput: Send + 'static {
    /// The contents made of the value.
    fn into_offered(self) -> ResourceContents;
}

/// Type a completion may return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a completion",
    label = "not suggestions",
    note = "return the texts as a `Vec<String>`, or a `Completion`, which can also say how many there are in all"
)]
pub trait CompletionOutput: Send + 'static {
    /// The suggestions made of the value.
    fn into_offered(self) -> Completion;
}

macro_rules! outputs {
    ($output:ident gives $given:ty, $value:ident, $result:ident: $($type:ty),*) => {
        $(impl $output for $type {
            fn into_offered(self) -> $given {
                self.into()
            }
        })*

        /// Returns the function that converts a function's value.
        #[must_use]
        pub fn $value<T: $output>() -> fn(T) -> Result<$given, ToolError> {
            |value| Ok(value.into_offered())
        }

        /// Returns the function that converts a function's `Result`, which goes by an alias.
        #[must_use]
        pub fn $result<R>() -> fn(R) -> Result<$given, ToolError>
        where
            R: AnyResult,
            R::Value: $output,
            R::Error: ToolFailure,
        {
            |result| result.parts().map($output::into_offered).map_err(Into::into)
        }
    };
}

outputs!(PromptOutput gives PromptResult, prompt_output, prompt_result:
    PromptResult, PromptMessage, Vec<PromptMessage>, String, &'static str);
outputs!(ResourceOutput gives ResourceContents, resource_output, resource_result:
    ResourceContents, String, &'static str, Vec<u8>, &'static [u8]);
outputs!(CompletionOutput gives Completion, completion_output, completion_result:
    Completion, Vec<String>, Vec<&'static str>);

impl PromptOutput for Content {
    fn into_offered(self) -> PromptResult {
        PromptMessage::of_user(self).into()
    }
}

/// A function with `#[complete]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not complete arguments",
    label = "not a completion",
    note = "name a function that is annotated with `#[complete]`"
)]
pub trait NamedCompletion: 'static {
    /// The same type: what generated code says of it, it says of this, so that a type which is no completion is one error.
    type Itself;
}

/// The type of a completion's parameter.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be what a completion is asked",
    label = "not a request",
    note = "take the text that was typed as `&str` or `String`, or a `CompletionRequest`, which tells of the other arguments, too"
)]
pub trait CompletionInput: Sized {
    /// Makes it.
    fn of(request: CompletionRequest) -> Self;
}

impl CompletionInput for String {
    fn of(request: CompletionRequest) -> Self {
        request.value
    }
}

impl CompletionInput for CompletionRequest {
    fn of(request: CompletionRequest) -> Self {
        request
    }
}

/// Returns the function that makes a completion's parameter.
#[must_use]
pub fn completion_input<T: CompletionInput>() -> fn(CompletionRequest) -> T {
    T::of
}

/// The call of a completion.
pub fn completed<F, S>(state: &S, request: CompletionRequest) -> crate::offer::Suggested
where
    F: CompletionFunction<S>,
{
    crate::offer::Suggested::Call(F::prepare(state, request))
}
