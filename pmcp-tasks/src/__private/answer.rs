//! A parameter marked `#[ask("…")]`.

use serde_json::Value;

use super::{argument::refused, values::Values};
use crate::{
    protocol::bounds::{self, shortened},
    schema::form::{Form, schema_of},
    tool::{ArgumentError, Question},
};

/// Functions that ask for one answer and read it.
pub struct AnswerSpec<T> {
    name: &'static str,
    message: &'static str,
    description: Option<&'static str>,
    take: fn(&mut Values, &'static str) -> Result<T, String>,
    schema: fn(&'static str) -> Value,
    is_field: bool,
}

/// The answer to this question.
#[must_use]
pub fn answer<T: Form>(name: &'static str, message: &'static str) -> AnswerSpec<T> {
    AnswerSpec { name, message, description: None, take: T::take, schema: schema_of::<T>, is_field: T::IS_FIELD }
}

impl<T> AnswerSpec<T> {
    /// The same with a description, which is that of a field alone.
    #[must_use]
    pub fn describe(self, text: &'static str) -> Self {
        Self { description: Some(text), ..self }
    }

    /// Takes the answer out of the given ones.
    ///
    /// # Errors
    /// It is missing or has another type.
    pub fn decode(&self, answers: &mut Values) -> Result<T, ArgumentError> {
        let mut answer = match answers.remove(self.name) {
            Some(Value::Object(answer)) => answer,
            // As a field alone was kept before it was a form.
            Some(value) => Values::from_iter([(self.name.into(), value)]),
            None => return Err(refused(format!("answer `{}` is missing", self.name))),
        };
        (self.take)(&mut answer, self.name)
            .map_err(|mistake| refused(shortened(&format!("answer {mistake}"), bounds::ERROR)))
    }

    /// The question.
    #[must_use]
    pub fn question(&self) -> Question {
        let mut schema = (self.schema)(self.name);
        if let Some(text) = self.description.filter(|_| self.is_field) {
            schema["properties"][self.name]["description"] = text.into();
        }
        Question { name: self.name, message: self.message, schema }
    }
}
