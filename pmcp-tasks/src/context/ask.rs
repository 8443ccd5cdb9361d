//! Asking the client: elicitation, sampling, roots.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What a client can be asked for: a flat struct of strings, numbers, booleans and enums (elicitation, "Requested
/// Schema").
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be asked for",
    label = "not an answer's type",
    note = "derive `Deserialize` and `JsonSchema` for `{Self}`, a flat struct of strings, numbers, booleans and enums"
)]
pub trait Elicit: DeserializeOwned + JsonSchema + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema + Send + 'static> Elicit for T {}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The user said no.
    #[error("the user declined to answer")]
    Declined,
    /// The user closed the question.
    #[error("the user dismissed the question")]
    Cancelled,
    /// The client cannot be asked.
    #[error("the client does not support {what}")]
    Unsupported {
        /// What it would have to support.
        what: &'static str,
    },
    /// The answer, or the type asked for, does not fit the protocol.
    #[error("{reason}")]
    Invalid {
        /// One sentence.
        reason: String,
    },
    /// The task or the call ended while the question was open.
    #[error("the call ended before the question was answered")]
    Stopped,
    /// The question could not be recorded.
    #[error("the question could not be recorded")]
    Failed {
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

fn invalid(reason: impl Into<String>) -> AskError {
    AskError::Invalid { reason: reason.into() }
}

/// The keywords the protocol's primitive schemas may have; others are left out of what the client sees.
const KEYWORDS: [&str; 15] = [
    "type",
    "title",
    "description",
    "default",
    "enum",
    "oneOf",
    "minLength",
    "maxLength",
    "format",
    "minimum",
    "maximum",
    "items",
    "minItems",
    "maxItems",
    "enumNames",
];

/// The schema of `T` as an elicitation may request it.
///
/// # Errors
/// `T` is not a flat struct of the protocol's primitive types.
pub(crate) fn requested_schema<T: JsonSchema>() -> Result<Value, AskError> {
    flat_schema(&T::schema_name(), &crate::tool::schema::inline_of::<T>())
}

fn flat_schema(name: &str, schema: &Value) -> Result<Value, AskError> {
    let properties = schema
        .get("properties")
        .and_then(Value::as_object)
        .ok_or_else(|| invalid(format!("`{name}` cannot be asked for: it is not a struct with named fields")))?;
    let mut flat = Map::new();
    for (field, schema) in properties {
        let primitive = primitive_schema(schema).ok_or_else(|| {
            invalid(format!("`{name}` cannot be asked for: `{field}` is not a string, number, boolean or enum"))
        })?;
        flat.insert(field.clone(), primitive);
    }
    let mut requested =
        Map::from_iter([("type".into(), Value::from("object")), ("properties".into(), Value::Object(flat))]);
    if let Some(required) = schema.get("required") {
        requested.insert("required".into(), required.clone());
    }
    Ok(Value::Object(requested))
}

/// The form for one parameter: that of a struct has its fields, any other has one field of the parameter's name.
///
/// # Errors
/// The schema is not one of the protocol's primitive schemas, nor a flat struct of them.
pub(crate) fn form_of(name: &str, schema: &Value) -> Result<Value, AskError> {
    if schema.get("properties").is_some() {
        return flat_schema(name, schema);
    }
    let primitive = primitive_schema(schema)
        .ok_or_else(|| invalid(format!("`{name}` is not a string, number, boolean, enum or flat struct of them")))?;
    let required: &[&str] = if accepts_null(schema) { &[] } else { &[name] };
    Ok(serde_json::json!({ "type": "object", "properties": { name: primitive }, "required": required }))
}

/// The value a form's answer gives a parameter.
///
/// # Errors
/// The user declined or dismissed it, or the answer has no such value.
pub(crate) fn form_answer(name: &str, schema: &Value, answer: &Value) -> Result<Value, AskError> {
    let mut content: Map<String, Value> = elicited(answer.clone())?;
    if schema.get("properties").is_some() {
        return Ok(content.into());
    }
    match content.remove(name) {
        Some(value) => Ok(value),
        None if accepts_null(schema) => Ok(Value::Null),
        None => Err(invalid(format!("the answer has no `{name}`"))),
    }
}

/// Whether the type has a null, which a form expresses by leaving the field out.
fn accepts_null(schema: &Value) -> bool {
    match schema.get("type") {
        Some(Value::Array(types)) => types.iter().any(|kind| kind == "null"),
        _ => false,
    }
}

/// A schema as one of the protocol's primitive schemas; `None` if it is none (elicitation, "Requested Schema").
pub(crate) fn primitive_schema(schema: &Value) -> Option<Value> {
    let schema = schema.as_object()?;
    let mut flat: Map<String, Value> = schema
        .iter()
        .filter(|(key, _)| KEYWORDS.contains(&key.as_str()))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    // `Option<T>` allows null, which a form expresses by leaving the field out.
    if let Some(Value::Array(types)) = schema.get("type") {
        let mut types = types.iter().filter(|kind| *kind != "null");
        flat.insert("type".into(), types.next()?.clone());
        if types.next().is_some() {
            return None;
        }
    }
    if let Some(Value::Array(values)) = flat.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(Value::Array(variants)) = flat.get("oneOf") {
        let strings = variants.iter().all(|variant| variant.get("const").is_some_and(Value::is_string));
        flat.entry("type").or_insert_with(|| "string".into());
        strings.then_some(())?;
    }
    if flat.get("default").is_some_and(Value::is_null) {
        flat.remove("default");
    }
    // Formats are the protocol's, not Rust's (`uint32`).
    let formats = ["email", "uri", "date", "date-time"];
    if !flat.get("format").is_some_and(|format| formats.iter().any(|known| format == known)) {
        flat.remove("format");
    }
    match flat.get("type")?.as_str()? {
        "string" | "number" | "integer" | "boolean" => Some(Value::Object(flat)),
        "array" => {
            let items = flat.get("items")?;
            (items.get("enum").is_some() || items.get("anyOf").is_some()).then(|| Value::Object(flat.clone()))
        }
        _ => None,
    }
}

/// The value in an elicitation's result (elicitation, "Response Actions").
///
/// # Errors
/// The user declined or dismissed it, or the answer does not fit `T`.
pub(crate) fn elicited<T: DeserializeOwned>(answer: Value) -> Result<T, AskError> {
    let Value::Object(mut answer) = answer else {
        return Err(invalid("the client's answer is not an object"));
    };
    match answer.get("action").and_then(Value::as_str) {
        Some("accept") => {}
        Some("decline") => return Err(AskError::Declined),
        Some("cancel") => return Err(AskError::Cancelled),
        _ => return Err(invalid("the client's answer has no action")),
    }
    let content = answer.remove("content").unwrap_or_else(|| Value::Object(Map::new()));
    serde_path_to_error::deserialize(content)
        .map_err(|error| invalid(format!("the answer does not fit the question: {error}")))
}
