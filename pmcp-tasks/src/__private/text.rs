//! Arguments of prompts and variables of resource templates: texts, read as their types ask.
//!
//! As with the arguments of tools, a type has its bounds at one function, [`text`] or [`texts`], and nowhere else.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{
    argument::{Kept, NotContext, NotState, Running, Sent, absent, refused},
    arguments::unknown,
    step::{PromptObject, PromptSpec},
    values::Values,
};
use crate::{
    context::{State, TaskContext, ToolContext},
    offer::{Prompt, PromptArgument, Resource, Suggested},
    schema::json as schema,
    tool::ArgumentError,
    workflow::{completions, prompt_arguments, read_one},
};

/// Type that is read of a text, in the form [`Sent`]. The other forms are there for what is said of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read of a text",
    label = "not an argument's type",
    note = "if it belongs to the server, as a database does, take it as `State<{Self}>`: arguments are what the client is asked for",
    note = "if the client is to send it, `{Self}` and the types inside it derive `Deserialize` and `JsonSchema` (of schemars 1)"
)]
pub trait Text<Form>: Sized {
    /// The functions for the text of this name.
    fn spec(name: &'static str) -> TextSpec<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema + Send + 'static> Text<Sent> for T {
    fn spec(name: &'static str) -> TextSpec<Self> {
        let (read, schema) = (read_one::<T>, schema::of::<T>);
        TextSpec { name, what: "argument", description: None, default: None, read, absent, schema }
    }
}

/// Gives a type that is no text a form of its own.
macro_rules! form {
    ($form:ty: [$($parameter:ident)?] $type:ty) => {
        #[diagnostic::do_not_recommend]
        impl$(<$parameter>)? Text<$form> for $type {
            fn spec(name: &'static str) -> TextSpec<Self> {
                TextSpec {
                    name,
                    what: "argument",
                    description: None,
                    default: None,
                    read: |_, _, _| Err(refused("this is no argument".into())),
                    absent: || None,
                    schema: || Value::Null,
                }
            }
        }
    };
}

form!(Kept: [T] State<T>);
form!(Running: [V] TaskContext<V>);
form!(Running: [] ToolContext);

/// Functions that read and describe one text.
pub struct TextSpec<T> {
    name: &'static str,
    /// Name of its kind, for messages.
    what: &'static str,
    description: Option<&'static str>,
    default: Option<fn() -> T>,
    read: fn(&str, &str, Value) -> Result<T, ArgumentError>,
    absent: fn() -> Option<T>,
    schema: fn() -> Value,
}

/// The text of this name.
#[must_use]
pub fn text<T: Text<Form> + NotState<Form> + NotContext<Form>, Form>(name: &'static str) -> TextSpec<T> {
    T::spec(name)
}

impl<T> TextSpec<T> {
    /// The same as a variable of a template.
    #[must_use]
    pub fn variable(self) -> Self {
        Self { what: "variable", ..self }
    }

    /// The same with a description.
    #[must_use]
    pub fn describe(self, text: &'static str) -> Self {
        Self { description: Some(text), ..self }
    }

    /// The same with a value for requests that leave it out.
    #[must_use]
    pub fn default(self, default: fn() -> T) -> Self {
        Self { default: Some(default), ..self }
    }

    /// Takes its value out of the given ones. Null is as if it were left out.
    ///
    /// # Errors
    /// It is missing, or does not fit; the message names it.
    pub fn decode(&self, given: &mut Values) -> Result<T, ArgumentError> {
        match given.remove(self.name).filter(|value| !value.is_null()) {
            Some(value) => (self.read)(self.what, self.name, value),
            None => self
                .default
                .map(|default| default())
                .or_else(self.absent)
                .ok_or_else(|| refused(format!("{} `{}` is missing", self.what, self.name))),
        }
    }

    /// What a prompt declares of it.
    #[must_use]
    pub fn declare(&self) -> PromptArgument {
        let may_be_absent = self.default.is_some() || (self.absent)().is_some();
        let argument =
            if may_be_absent { PromptArgument::optional(self.name) } else { PromptArgument::required(self.name) };
        match self.description {
            Some(text) => argument.description(text),
            None => argument,
        }
    }

    /// The values that its type knows and that begin with what was typed.
    #[must_use]
    pub fn suggest(&self, typed: &str) -> Suggested {
        let mut schema = (self.schema)();
        let definitions = schema.get_mut("$defs").map(Value::take).unwrap_or_default();
        suggested(&json!({ "properties": { self.name: schema }, "$defs": definitions }), self.name, typed)
    }
}

/// The values that a schema of arguments has for one of them.
fn suggested(arguments: &Value, name: &str, typed: &str) -> Suggested {
    if completions(arguments, name, "").is_empty() {
        return Suggested::Unknown;
    }
    Suggested::Values(completions(arguments, name, typed))
}

/// Refuses arguments that there are none of.
///
/// # Errors
/// One is unknown; the message names it.
pub fn known(given: &Values, names: &[&str]) -> Result<(), ArgumentError> {
    match given.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(unknown(name, names, "the prompt")),
        None => Ok(()),
    }
}

/// Functions that read and describe all arguments of a prompt.
pub struct TextsSpec<T>(PromptSpec<T>);

/// The type of a prompt's parameter marked `#[args]`.
#[must_use]
pub fn texts<T: PromptObject>() -> TextsSpec<T> {
    TextsSpec(super::step::prompt::<T>())
}

impl<T> TextsSpec<T> {
    /// Reads them.
    ///
    /// # Errors
    /// One does not fit, is missing or unknown; the message names it.
    pub fn decode(&self, given: Values) -> Result<T, ArgumentError> {
        let order = (self.0.order)();
        if !order.is_empty() {
            known(&given, order)?;
        }
        (self.0.read)(given)
    }

    /// What the prompt declares of them.
    #[must_use]
    pub fn declare(&self) -> Vec<PromptArgument> {
        prompt_arguments(&(self.0.schema)(), (self.0.order)())
    }

    /// The values that their types know of one.
    #[must_use]
    pub fn suggest(&self, argument: &str, typed: &str) -> Suggested {
        suggested(&(self.0.schema)(), argument, typed)
    }
}

/// A prompt with these words and arguments.
#[must_use]
pub fn prompt_definition(
    name: &str,
    title: Option<&str>,
    description: Option<&str>,
    arguments: impl IntoIterator<Item = PromptArgument>,
) -> Prompt {
    let mut prompt = Prompt::new(name);
    if let Some(title) = title {
        prompt = prompt.title(title);
    }
    if let Some(description) = description {
        prompt = prompt.description(description);
    }
    arguments.into_iter().fold(prompt, Prompt::argument)
}

/// A resource with these words.
#[must_use]
pub fn resource_definition(
    (uri, name): (&str, &str),
    title: Option<&str>,
    description: Option<&str>,
    mime: Option<&str>,
) -> Resource {
    let mut resource = Resource::new(uri).name(name);
    if let Some(title) = title {
        resource = resource.title(title);
    }
    if let Some(description) = description {
        resource = resource.description(description);
    }
    match mime {
        Some(mime) => resource.mime_type(mime),
        None => resource,
    }
}

/// The variables of a URI as values to be read.
#[must_use]
pub fn values(variables: BTreeMap<String, String>) -> Values {
    variables.into_iter().map(|(name, text)| (name, Value::String(text))).collect::<Map<_, _>>()
}
