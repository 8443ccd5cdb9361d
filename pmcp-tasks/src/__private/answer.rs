//! A parameter marked `#[ask("…")]`.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    argument::{absent, decode, refused},
    values::Values,
};
use crate::{
    schema::json as schema,
    tool::{ArgumentError, Question},
};

/// Type a client can be asked for before the task exists.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be asked for",
    label = "not an answer's type",
    note = "ask for a string, number or boolean, or derive `Deserialize` and `JsonSchema` (of schemars 1) for `{Self}`, an enum without data or a flat struct"
)]
pub trait Answer: DeserializeOwned + JsonSchema + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema + Send + 'static> Answer for T {}

/// Functions that ask for one answer and read it.
pub struct AnswerSpec<T> {
    name: &'static str,
    message: &'static str,
    description: Option<&'static str>,
    decode: fn(&str, Value) -> Result<T, ArgumentError>,
    absent: fn() -> Option<T>,
    schema: fn() -> Value,
}

/// The answer to this question.
#[must_use]
pub fn answer<T: Answer>(name: &'static str, message: &'static str) -> AnswerSpec<T> {
    AnswerSpec {
        name,
        message,
        description: None,
        decode: |name, value| decode("answer", name, value),
        absent,
        schema: schema::of_form::<T>,
    }
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
        match answers.remove(self.name) {
            Some(value) => (self.decode)(self.name, value),
            None => (self.absent)().ok_or_else(|| refused(format!("answer `{}` is missing", self.name))),
        }
    }

    /// The question. Whether a form can ask it is checked when the server is built.
    #[must_use]
    pub fn question(&self) -> Question {
        let mut schema = (self.schema)();
        if let (Some(text), Some(object)) = (self.description, schema.as_object_mut()) {
            object.insert("description".into(), text.into());
        }
        Question { name: self.name, message: self.message, schema }
    }
}
