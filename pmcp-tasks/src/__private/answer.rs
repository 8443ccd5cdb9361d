//! A parameter marked `#[ask("…")]`.

use serde_json::Value;

use super::{argument::refused, values::Values};
use crate::{
    context::form::{Form, schema_of},
    protocol::bounds::{self, shortened},
    tool::{ArgumentError, Question},
};

/// Functions that ask for one answer and read it.
pub struct AnswerSpec<T> {
    name: &'static str,
    message: &'static str,
    description: Option<&'static str>,
    take: fn(&mut Values, &'static str) -> Result<T, String>,
    schema: fn(&'static str) -> Value,
}

/// The answer to this question.
#[must_use]
pub fn answer<T: Form>(name: &'static str, message: &'static str) -> AnswerSpec<T> {
    AnswerSpec { name, message, description: None, take: T::take, schema: schema_of::<T> }
}

impl<T> AnswerSpec<T> {
    /// The same with a description.
    #[must_use]
    pub fn describe(self, text: &'static str) -> Self {
        Self { description: Some(text), ..self }
    }

    /// Takes the answer out of the given ones.
    ///
    /// # Errors
    /// It is missing or has another type.
    pub fn decode(&self, answers: &mut Values) -> Result<T, ArgumentError> {
        let Some(Value::Object(mut answer)) = answers.remove(self.name) else {
            return Err(refused(format!("answer `{}` is missing", self.name)));
        };
        (self.take)(&mut answer, self.name)
            .map_err(|mistake| refused(shortened(&format!("answer `{}`: {mistake}", self.name), bounds::ERROR)))
    }

    /// The question.
    #[must_use]
    pub fn question(&self) -> Question {
        let mut schema = (self.schema)(self.name);
        let field = schema.get_mut("properties").and_then(|fields| fields.get_mut(self.name));
        if let (Some(text), Some(field)) = (self.description, field.and_then(Value::as_object_mut)) {
            field.entry("description").or_insert_with(|| text.into());
        }
        Question { name: self.name, message: self.message, schema }
    }
}
