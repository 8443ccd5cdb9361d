//! Mapping of earlier results to what a step needs: as a whole, or field by field as far as results are there.

use std::{any::Any, marker::PhantomData};

use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;

use super::{step::Input, values::Values};
use crate::{
    exact,
    tool::{ArgumentField, ArgumentsOf, ToolError, WritableArguments},
    workflow::{Mismatch, Outputs, Resolved, StepFailure},
};

/// A result is not there yet.
#[derive(Clone, Copy, Debug)]
pub struct Absent;

impl From<Absent> for StepFailure {
    fn from(_: Absent) -> Self {
        Self::NotReady
    }
}

/// Results that a step takes, while they are read.
pub struct Reading<'a> {
    outputs: &'a Outputs,
    needs: Vec<&'static str>,
    mismatch: Option<Mismatch>,
}

impl<'a> Reading<'a> {
    /// Of these results.
    #[must_use]
    pub fn new(outputs: &'a Outputs) -> Self {
        Self { outputs, needs: Vec::new(), mismatch: None }
    }

    /// The result of a step that is never skipped.
    ///
    /// # Errors
    /// It is not there, or cannot be read, which is kept.
    pub fn take<T>(&mut self, input: &Input<T>) -> Result<T, Absent> {
        match self.take_skippable(input)? {
            Some(value) => Ok(value),
            None => Err(self.mismatched(input.step, "it was skipped, and is needed".into())),
        }
    }

    /// The result of a step that may be skipped.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn take_skippable<T>(&mut self, input: &Input<T>) -> Result<Option<T>, Absent> {
        match self.outputs.get(input.step) {
            None => {
                self.needs.push(input.step);
                Err(Absent)
            }
            Some(None) => Ok(None),
            Some(Some(value)) => (input.read)(value).map(Some).map_err(|message| self.mismatched(input.step, message)),
        }
    }

    fn mismatched(&mut self, step: &'static str, message: String) -> Absent {
        self.mismatch.get_or_insert(Mismatch { step, message });
        Absent
    }

    /// Fails if something could not be read.
    ///
    /// # Errors
    /// It says what.
    pub fn checked(self) -> Result<(), StepFailure> {
        self.mismatch.map_or(Ok(()), |mismatch| Err(StepFailure::Mismatch(mismatch)))
    }
}

/// Tells of a step of the server what is known before it runs.
#[must_use]
pub fn ready(outputs: &Outputs, takes: &[&'static str]) -> Resolved {
    let needs: Vec<&'static str> = takes.iter().copied().filter(|step| !outputs.has(step)).collect();
    if needs.is_empty() { Resolved::Ready(Value::Null) } else { Resolved::Waiting { arguments: Values::new(), needs } }
}

/// Tells of a step that there is not.
#[must_use]
pub fn no_step() -> Resolved {
    Resolved::Refused(ToolError::new("the workflow has no such step"))
}

/// Boxes the run of a step, whose future other threads may poll.
pub fn run_step<'a, F>(run: F) -> BoxFuture<'a, Result<Value, StepFailure>>
where
    F: Future<Output = Result<Value, StepFailure>> + Send + 'a,
{
    Box::pin(run)
}

/// The run of a step that is not the server's.
#[must_use]
pub fn not_run<'a>() -> BoxFuture<'a, Result<Value, StepFailure>> {
    Box::pin(std::future::ready(Err(StepFailure::NotReady)))
}

/// Type of what a client is shown.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be shown to the client: it does not serialise",
    label = "not to be shown",
    note = "derive `Serialize` for `{Self}` and the types inside it, or return a text"
)]
pub trait Shown: Serialize {}

#[diagnostic::do_not_recommend]
impl<T: Serialize> Shown for T {}

/// Functions that write what a step gives its tool, or its client.
pub struct ArgumentsSpec<A> {
    encode: fn(&A) -> Result<Value, ToolError>,
    fields: &'static [ArgumentField],
}

/// The arguments of this tool.
#[must_use]
pub fn step_arguments<T, A: ArgumentsOf<T> + WritableArguments>() -> ArgumentsSpec<A> {
    ArgumentsSpec { encode: |arguments| encode(arguments, "the arguments"), fields: A::FIELDS }
}

/// The value that a client is shown.
#[must_use]
pub fn shown<A: Shown>() -> ArgumentsSpec<A> {
    ArgumentsSpec { encode: |shown| encode(shown, "what the client is shown"), fields: &[] }
}

fn encode<T: Serialize>(value: &T, what: &'static str) -> Result<Value, ToolError> {
    exact::value(value).map_err(|mistake| mistake.about(what).into())
}

impl<A> ArgumentsSpec<A> {
    /// No fields yet.
    #[must_use]
    pub fn fields(&self) -> Fields {
        Fields { known: self.fields, encoded: Values::new() }
    }

    /// Tells what is known of the step after its mapping.
    pub fn resolved(
        &self,
        reading: Reading<'_>,
        fields: Fields,
        mapped: Result<Result<Option<A>, ToolError>, Absent>,
    ) -> Resolved {
        if let Some(mismatch) = reading.mismatch {
            return Resolved::Mismatch(mismatch);
        }
        match mapped {
            Err(Absent) => Resolved::Waiting { arguments: fields.encoded, needs: reading.needs },
            Ok(Ok(None)) => Resolved::Skipped,
            Ok(Ok(Some(arguments))) => (self.encode)(&arguments).map_or_else(Resolved::Refused, Resolved::Ready),
            Ok(Err(error)) => Resolved::Refused(error),
        }
    }
}

/// The fields of arguments that are known.
pub struct Fields {
    known: &'static [ArgumentField],
    encoded: Values,
}

impl Fields {
    /// Of which nobody asks.
    #[must_use]
    pub fn none() -> Self {
        Self { known: &[], encoded: Values::new() }
    }

    fn note(&mut self, name: &str, value: &dyn Any) {
        if let Some(field) = self.known.iter().find(|field| field.field == name) {
            (field.encode)(value, &mut self.encoded);
        }
    }
}

/// The types of the fields that are yet to be given, of a struct literal.
pub struct Expected<T>(PhantomData<fn(T)>);

/// The types of the fields that a function puts together.
#[must_use]
pub fn expected<T, R>(_: &impl FnOnce(T) -> R) -> Expected<T> {
    Expected(PhantomData)
}

impl<A: 'static, E, Rest> Expected<(Result<A, E>, Rest)> {
    /// Gives the next field, if what it needs is there.
    pub fn field<N: Together<E>>(
        self,
        fields: &mut Fields,
        name: &str,
        needs: N,
        value: impl FnOnce(N::Values) -> A,
    ) -> (Result<A, E>, Expected<Rest>) {
        let value = needs.together().map(value);
        if let Ok(value) = &value {
            fields.note(name, value);
        }
        (value, Expected(PhantomData))
    }
}

/// Several results that are there, or not.
pub trait Together<E> {
    /// Their values.
    type Values;

    /// All of them.
    ///
    /// # Errors
    /// One is not there.
    fn together(self) -> Result<Self::Values, E>;
}

impl<E> Together<E> for () {
    type Values = ();

    fn together(self) -> Result<(), E> {
        Ok(())
    }
}

impl<T, E, Rest: Together<E>> Together<E> for (Result<T, E>, Rest) {
    type Values = (T, Rest::Values);

    fn together(self) -> Result<(T, Rest::Values), E> {
        Ok((self.0?, self.1.together()?))
    }
}

/// One field of the arguments of a tool, see [`ArgumentField`].
pub fn encode_field<T: 'static>(spec: &super::argument::ArgumentSpec<T>, value: &dyn Any, encoded: &mut Values) {
    // What does not serialise is told when all of it is written.
    if let Some(value) = value.downcast_ref() {
        let _ = spec.encode(value, encoded);
    }
}
