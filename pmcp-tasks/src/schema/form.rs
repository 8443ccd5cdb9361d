//! Forms: what a client can be asked to fill in, and what its answer gives (elicitation, "Requested Schema").

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::answer::without_answer;
use crate::{
    error::AskError,
    protocol::{ByName, bounds},
};

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
    flat_schema(&T::schema_name(), &super::json::of_form::<T>())
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

/// Tells whether the type has a null, which a form expresses by leaving the field out.
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
    if let Some(Value::Array(either)) = schema.get("anyOf") {
        let mut either = either.iter().filter(|schema| schema.get("type").is_none_or(|kind| kind != "null"));
        let (Some(inner), None) = (either.next(), either.next()) else { return None };
        let Value::Object(inner) = primitive_schema(inner)? else { return None };
        flat = inner.into_iter().chain(flat).collect();
    }
    if let Some(Value::Array(values)) = flat.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(variants) = flat.get("oneOf") {
        flat.insert("oneOf".into(), titled_options(variants)?);
        flat.insert("type".into(), "string".into());
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
        "string" | "number" | "integer" | "boolean" => {}
        "array" => {
            let items = flat.get("items")?;
            let items = match (items.get("enum"), items.get("oneOf").or_else(|| items.get("anyOf"))) {
                (Some(values), _) => serde_json::json!({ "type": "string", "enum": values }),
                (None, Some(variants)) => serde_json::json!({ "anyOf": titled_options(variants)? }),
                (None, None) => return None,
            };
            flat.insert("items".into(), items);
        }
        _ => return None,
    }
    Some(Value::Object(flat))
}

/// The variants of an enum as the options of a form, each with a title: its own, else its documentation, else its value.
fn titled_options(variants: &Value) -> Option<Value> {
    let mut options = Vec::new();
    for variant in variants.as_array()? {
        // Variants without documentation come as one schema of all their values.
        let values = match (variant.get("const"), variant.get("enum").and_then(Value::as_array)) {
            (Some(value), _) => std::slice::from_ref(value),
            (None, Some(values)) => values,
            (None, None) => return None,
        };
        let title = variant.get("title").or_else(|| variant.get("description"));
        for value in values.iter().map(Value::as_str) {
            options.push(serde_json::json!({ "const": value?, "title": title.and_then(Value::as_str).or(value)? }));
        }
    }
    Some(options.into())
}

/// The value in an elicitation's result (elicitation, "Response Actions").
///
/// # Errors
/// The user declined or dismissed it, or the answer does not fit `T`.
pub(crate) fn elicited<T: DeserializeOwned>(answer: Value) -> Result<T, AskError> {
    if let Some(reason) = without_answer(&answer) {
        return Err(reason);
    }
    let Value::Object(mut answer) = answer else {
        return Err(invalid("the client's answer is not an object"));
    };
    let content = answer.remove("content").unwrap_or_else(|| Value::Object(Map::new()));
    serde_path_to_error::deserialize(ByName(content)).map_err(|error| {
        let error = bounds::shortened(&error.to_string(), bounds::ERROR);
        invalid(format!("the answer does not fit the question: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(serde::Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Form {
        size: Size,
        maybe: Option<Size>,
        many: Vec<Size>,
        plain: Option<Plain>,
        plains: Vec<Plain>,
        count: Option<u8>,
    }

    #[derive(serde::Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    enum Size {
        #[schemars(title = "Tiny")]
        Small,
        /// Huge
        Large,
        Other,
    }

    #[derive(serde::Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    enum Plain {
        A,
        B,
    }

    #[test]
    fn choices_are_options_with_titles() {
        let form = requested_schema::<Form>().unwrap();
        let mut sizes = [("small", "Tiny"), ("large", "Huge"), ("other", "other")]
            .map(|(value, title)| json!({ "const": value, "title": title }));
        let in_form = form["properties"]["size"]["oneOf"].as_array().unwrap().clone();
        sizes.sort_by_key(|size| in_form.iter().position(|option| option == size));
        let single = json!({ "type": "string", "oneOf": sizes });
        assert_eq!(form["properties"]["size"], single);
        assert_eq!(form["properties"]["maybe"], single);
        assert_eq!(form["properties"]["many"], json!({ "type": "array", "items": { "anyOf": sizes } }));
        assert_eq!(form["properties"]["plain"], json!({ "type": "string", "enum": ["a", "b"] }));
        assert_eq!(
            form["properties"]["plains"],
            json!({ "type": "array", "items": { "type": "string", "enum": ["a", "b"] } })
        );
        assert_eq!(form["properties"]["count"], json!({ "type": "integer", "minimum": 0, "maximum": 255 }));
        assert_eq!(form["required"], json!(["size", "many", "plains"]));
    }

    #[test]
    fn what_a_form_cannot_ask_is_refused() {
        for schema in [
            json!({ "type": "object" }),
            json!({ "type": "array", "items": { "type": "string" } }),
            json!({ "oneOf": [{ "type": "integer", "const": 1 }] }),
            json!({ "oneOf": [{ "type": "object" }] }),
            json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }] }),
            json!({ "type": ["string", "integer"] }),
            json!(true),
        ] {
            assert_eq!(primitive_schema(&schema), None, "{schema}");
        }
    }
}
