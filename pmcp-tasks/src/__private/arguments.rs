//! All arguments of a tool: the list of a function's parameters, or one type that takes its place.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error as _},
    ser::Error as _,
};
use serde_json::{Map, Value};

use super::{
    argument::{ObjectSchema, refused},
    values::Values,
};
use crate::{
    error::plain,
    protocol::{
        ByName,
        bounds::{self, shortened},
    },
    schema::json as schema,
    tool::ArgumentError,
};

/// The struct that `#[task_tool]` makes of a function's parameters.
pub trait ArgumentList: Sized {
    /// The arguments' names.
    const NAMES: &'static [&'static str];

    /// Takes the arguments out of the given ones.
    ///
    /// # Errors
    /// One is missing or has another type.
    fn decode(given: &mut Values) -> Result<Self, ArgumentError>;

    /// The arguments as JSON.
    ///
    /// # Errors
    /// One does not serialise.
    fn encode(&self, encoded: &mut Values) -> Result<(), serde_json::Error>;

    /// Describes the arguments.
    fn schema(object: &mut ObjectSchema<'_>);
}

/// Reads a list.
///
/// # Errors
/// An argument is unknown, missing or of another type.
pub fn decode_list<L: ArgumentList>(mut given: Values) -> Result<L, ArgumentError> {
    // A misspelt name says more than the "missing" that follows from it.
    if let Some(unknown) = given.keys().find(|name| !L::NAMES.contains(&name.as_str())) {
        return Err(self::unknown(unknown, L::NAMES, "the tool"));
    }
    L::decode(&mut given)
}

/// The error of an argument that this does not have: "the tool".
pub(super) fn unknown(name: &str, known: &[&str], what: &str) -> ArgumentError {
    // Comparing costs its length, and it is repeated.
    let name = &*shortened(name, 80);
    let near = known
        .iter()
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    refused(match near {
        Some((_, meant)) => format!("unknown argument `{name}`; did you mean `{meant}`?"),
        None if known.is_empty() => format!("unknown argument `{name}`; {what} takes none"),
        None => format!("unknown argument `{name}`; {what} takes `{}`", known.join("`, `")),
    })
}

/// Writes a list.
///
/// # Errors
/// An argument does not serialise.
pub fn serialize_list<L: ArgumentList, S: Serializer>(list: &L, serializer: S) -> Result<S::Ok, S::Error> {
    let mut encoded = Map::new();
    list.encode(&mut encoded).map_err(S::Error::custom)?;
    encoded.serialize(serializer)
}

/// Reads a list.
///
/// # Errors
/// As [`decode_list`].
pub fn deserialize_list<'de, L: ArgumentList, D: Deserializer<'de>>(deserializer: D) -> Result<L, D::Error> {
    decode_list(Map::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Describes a list.
pub fn list_schema<L: ArgumentList>(generator: &mut SchemaGenerator) -> Schema {
    let mut object = ObjectSchema::new(generator);
    L::schema(&mut object);
    object.finish()
}

/// Shows a list as JSON, which needs nothing of the arguments' types.
///
/// # Errors
/// The formatter's.
pub fn debug_list<L: ArgumentList>(list: &L, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut encoded = Map::new();
    match list.encode(&mut encoded) {
        Ok(()) => write!(f, "{name} {}", Value::Object(encoded)),
        Err(error) => write!(f, "{name} {{ {error} }}"),
    }
}

/// The schema of all arguments, as their type says it. What is listed is made of it when the server is built.
#[must_use]
pub fn input_schema<T: JsonSchema>() -> Value {
    let mut schema = schema::of::<T>();
    if let Some(object) = schema.as_object_mut() {
        // A Rust name, which says nothing to a client.
        object.remove("title");
    }
    schema
}

/// The same with the Rust names of the types.
#[must_use]
pub fn named_schema<T: JsonSchema>() -> Value {
    schema::named::<T>()
}

/// Type that may take the place of an argument list.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a tool's arguments",
    label = "not a type of arguments",
    note = "derive `Deserialize` and `JsonSchema` (of schemars 1) for `{Self}`, a struct with named fields"
)]
pub trait ArgumentObject: DeserializeOwned + JsonSchema + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema + Send + 'static> ArgumentObject for T {}

/// Functions that read and describe a parameter marked `#[args]`.
pub struct ObjectSpec<T> {
    /// Reads it.
    pub decode: fn(Values) -> Result<T, ArgumentError>,
    /// Describes it.
    pub schema: fn() -> Value,
    /// Describes it with the Rust names of its types.
    pub named: fn() -> Value,
}

/// The type of a parameter marked `#[args]`.
#[must_use]
pub fn object<T: ArgumentObject>() -> ObjectSpec<T> {
    ObjectSpec { decode: decode_object, schema: input_schema::<T>, named: named_schema::<T> }
}

fn decode_object<T: DeserializeOwned>(given: Values) -> Result<T, ArgumentError> {
    serde_path_to_error::deserialize(ByName(Value::Object(given))).map_err(|error| {
        let reason = plain(&error.inner().to_string());
        let message = match error.path().to_string() {
            root if root == "." => format!("arguments: {reason}"),
            path => format!("argument `{path}`: {reason}"),
        };
        refused(shortened(&message, bounds::ERROR))
    })
}
