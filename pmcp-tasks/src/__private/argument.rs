//! One argument of a tool.
//!
//! [`argument`] carries the only bound on the argument's type and turns it into function pointers; everything else is free
//! of bounds, so that a type that cannot be an argument is one error.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{
    Deserializer, Serialize,
    de::{DeserializeOwned, Visitor, value::Error as Missing},
    forward_to_deserialize_any,
};
use serde_json::{Map, Value};

use super::values::Values;
use crate::{
    context::{State, TaskContext, ToolContext},
    error::plain,
    protocol::{
        ByName,
        bounds::{self, shortened},
        header,
    },
    tool::ArgumentError,
};

/// Type an argument may have, in the form `Sent`. The other forms are there for what is said of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a tool's argument",
    label = "not an argument's type",
    note = "if it belongs to the server, as a database does, take it as `State<{Self}>`: arguments are what the model is asked for",
    note = "if the model is to send it, `{Self}` and the types inside it derive `Serialize`, `Deserialize` and `JsonSchema` (of schemars 1)",
    note = "if it is of another crate, turn on the feature `serde` of that crate, and the feature of schemars for it, such as `chrono04` or `uuid1`"
)]
pub trait Argument<Form>: Sized {
    /// The functions for the argument of this name.
    fn spec(name: &'static str) -> ArgumentSpec<Self>;
}

/// Form of what a client sends.
pub struct Sent;

/// Form of a part of the server's state.
pub struct Kept;

/// Form of a context.
pub struct Running;

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + JsonSchema + Send + 'static> Argument<Sent> for T {
    fn spec(name: &'static str) -> ArgumentSpec<Self> {
        ArgumentSpec {
            name,
            description: None,
            default: None,
            header: None,
            decode,
            absent,
            encode: |value| serde_json::to_value(value),
            schema: SchemaGenerator::subschema_for::<T>,
        }
    }
}

/// Not a part of the state, which has to be marked where it goes by another name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is a part of the server's state under another name",
    label = "not seen to be a `State`",
    note = "write `#[state]` before the parameter: a macro sees names alone, and knows `State` by its own"
)]
pub trait NotState<Form> {}

impl<T> NotState<Sent> for T {}
impl<T> NotState<Running> for T {}

/// Not a context, which has to be marked where it goes by another name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is a context under another name",
    label = "not seen to be a context",
    note = "write `#[context]` before the parameter: a macro sees names alone, and knows `TaskContext` and `ToolContext` by theirs"
)]
pub trait NotContext<Form> {}

impl<T> NotContext<Sent> for T {}
impl<T> NotContext<Kept> for T {}

/// Gives a type that is no argument a form of its own.
macro_rules! form {
    ($form:ty: [$($parameter:ident)?] $type:ty) => {
        #[diagnostic::do_not_recommend]
        impl$(<$parameter>)? Argument<$form> for $type {
            fn spec(name: &'static str) -> ArgumentSpec<Self> {
                ArgumentSpec {
                    name,
                    description: None,
                    default: None,
                    header: None,
                    decode: |_, _| Err(refused("this is no argument".into())),
                    absent: || None,
                    encode: |_| Ok(Value::Null),
                    schema: |_| Schema::default(),
                }
            }
        }
    };
}

form!(Kept: [T] State<T>);
form!(Running: [V] TaskContext<V>);
form!(Running: [] ToolContext);

/// Functions that read, write and describe one argument.
pub struct ArgumentSpec<T> {
    name: &'static str,
    description: Option<&'static str>,
    default: Option<fn() -> T>,
    header: Option<&'static str>,
    decode: fn(&str, Value) -> Result<T, ArgumentError>,
    absent: fn() -> Option<T>,
    encode: fn(&T) -> Result<Value, serde_json::Error>,
    schema: fn(&mut SchemaGenerator) -> Schema,
}

/// The argument of this name.
#[must_use]
pub fn argument<T: Argument<Form> + NotState<Form> + NotContext<Form>, Form>(name: &'static str) -> ArgumentSpec<T> {
    T::spec(name)
}

impl<T> ArgumentSpec<T> {
    /// The same with a description.
    #[must_use]
    pub fn describe(self, text: &'static str) -> Self {
        Self { description: Some(text), ..self }
    }

    /// The same with a value for calls that leave it out.
    #[must_use]
    pub fn default(self, default: fn() -> T) -> Self {
        Self { default: Some(default), ..self }
    }

    /// The same, repeated by clients in a header.
    #[must_use]
    pub fn header(self, name: &'static str) -> Self {
        Self { header: Some(name), ..self }
    }

    /// Takes its value out of the given ones.
    ///
    /// # Errors
    /// It is missing, or its value has another type.
    pub fn decode(&self, given: &mut Values) -> Result<T, ArgumentError> {
        match given.remove(self.name) {
            Some(value) => (self.decode)(self.name, value),
            None => self
                .default
                .map(|default| default())
                .or_else(self.absent)
                .ok_or_else(|| refused(format!("argument `{}` is missing", self.name))),
        }
    }

    /// Adds its value to others; what means the same as leaving it out is left out.
    ///
    /// # Errors
    /// It does not serialise.
    pub fn encode(&self, value: &T, encoded: &mut Values) -> Result<(), serde_json::Error> {
        let value = (self.encode)(value)?;
        let is_absent = value.is_null() && self.default.is_none() && (self.absent)().is_some();
        if !is_absent {
            encoded.insert(self.name.into(), value);
        }
        Ok(())
    }

    /// Adds it to a schema.
    pub fn schema(&self, object: &mut ObjectSchema<'_>) {
        let mut schema = (self.schema)(object.generator);
        if let Some(text) = self.description {
            schema.insert("description".into(), text.into());
        }
        if let Some(name) = self.header {
            schema.insert(header::KEYWORD.into(), name.into());
            // Clients refuse a header whose type may also be null; leaving the argument out means the same.
            if let Some(Value::Array(types)) = schema.get_mut("type") {
                types.retain(|kind| kind != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    schema.insert("type".into(), only);
                }
            }
        }
        match self.default {
            Some(default) => {
                if let Ok(value) = (self.encode)(&default()) {
                    schema.insert("default".into(), value);
                }
            }
            None if (self.absent)().is_none() => object.required.push(self.name.into()),
            None => {}
        }
        object.properties.insert(self.name.into(), schema.to_value());
    }
}

/// The schema of an argument list while it is made.
pub struct ObjectSchema<'g> {
    generator: &'g mut SchemaGenerator,
    properties: Map<String, Value>,
    required: Vec<Value>,
}

impl<'g> ObjectSchema<'g> {
    pub(super) fn new(generator: &'g mut SchemaGenerator) -> Self {
        Self { generator, properties: Map::new(), required: Vec::new() }
    }

    pub(super) fn finish(self) -> Schema {
        let mut schema = Schema::default();
        schema.insert("type".into(), "object".into());
        schema.insert("properties".into(), self.properties.into());
        if !self.required.is_empty() {
            schema.insert("required".into(), self.required.into());
        }
        schema.insert("additionalProperties".into(), false.into());
        schema
    }
}

pub(super) fn refused(message: String) -> ArgumentError {
    ArgumentError { message }
}

/// A value as its type. The error names the part that does not fit: "argument `filter.rows[3]`: …".
fn decode<T: DeserializeOwned>(name: &str, value: Value) -> Result<T, ArgumentError> {
    serde_path_to_error::deserialize(ByName(value)).map_err(|error| {
        let path = match error.path().to_string() {
            root if root == "." => String::new(),
            index if index.starts_with('[') => index,
            field => format!(".{field}"),
        };
        refused(shortened(&format!("argument `{name}{path}`: {}", plain(&error.inner().to_string())), bounds::ERROR))
    })
}

/// The value that leaving it out means: `None` for `Option<T>`, by whatever name it goes, and nothing for other types.
pub(super) fn absent<T: DeserializeOwned>() -> Option<T> {
    T::deserialize(Absent).ok()
}

/// Nothing, as serde's derive reads a field that is not there.
struct Absent;

impl<'de> Deserializer<'de> for Absent {
    type Error = Missing;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Missing> {
        Err(serde::de::Error::custom("missing"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Missing> {
        visitor.visit_none()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The default of an argument whose parameter borrows.
pub fn to_owned<B: ToOwned + ?Sized>(value: &B) -> B::Owned {
    value.to_owned()
}
