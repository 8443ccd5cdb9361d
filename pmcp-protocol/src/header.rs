//! HTTP headers that mirror a request's body (2026-07-28; streamable HTTP, "Request Metadata").

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Number, Value};

use crate::number;

/// Prefix of the names of headers that repeat arguments.
pub const ARGUMENT_PREFIX: &str = "Mcp-Param-";

/// Markers that an encoded value stands between ("Value Encoding").
const MARKERS: (&str, &str) = ("=?base64?", "?=");

/// The parameter that `Mcp-Name` repeats: that of the tool, prompt, resource or task a request is about.
#[must_use]
pub fn named_by(method: &str) -> Option<&'static str> {
    match method {
        "tools/call" | "prompts/get" => Some("name"),
        "resources/read" => Some("uri"),
        "tasks/get" | "tasks/update" | "tasks/cancel" => Some("taskId"),
        _ => None,
    }
}

/// A value as a header carries it ("Value Encoding").
#[must_use]
pub fn encode(value: &str) -> String {
    let (before, after) = MARKERS;
    let is_plain = value.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'))
        && value.trim_matches([' ', '\t']) == value
        && !(value.starts_with(before) && value.ends_with(after));
    if is_plain { value.to_owned() } else { format!("{before}{}{after}", BASE64_STANDARD.encode(value)) }
}

/// The text a header's value stands for; `None` if it is marked as Base64 and is none.
#[must_use]
pub fn decode(value: &str) -> Option<String> {
    let (before, after) = MARKERS;
    let Some(encoded) = value.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)) else {
        return Some(value.to_owned());
    };
    String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()
}

/// The keyword of an argument's schema that names its header.
pub const KEYWORD: &str = "x-mcp-header";

/// An argument that clients repeat in the header `Mcp-Param-{name}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderParameter {
    /// The header's name after `Mcp-Param-`.
    pub name: String,
    /// The names that lead to the argument: one, or more for a field inside it.
    pub path: Vec<String>,
}

impl HeaderParameter {
    /// Tells whether the header says what these arguments do: it is absent where the argument is, and a number may be written
    /// in another way ("Server Behavior for Custom Headers").
    ///
    /// # Errors
    /// The value is none that a header can have: the arguments are wrong, not the header.
    pub fn agrees(&self, arguments: &Value, header: Option<&str>) -> Result<bool, NotPrimitive> {
        let value = self.path.iter().try_fold(arguments, |value, name| value.get(name));
        match value.unwrap_or(&Value::Null) {
            Value::Null => Ok(header.is_none()),
            Value::String(text) => Ok(header == Some(text)),
            Value::Bool(flag) => Ok(header == Some(if *flag { "true" } else { "false" })),
            Value::Number(number) => {
                let header = header.and_then(|header| header.parse::<Number>().ok());
                Ok(header.is_some_and(|header| number::plain(&header) == number::plain(number)))
            }
            Value::Array(_) | Value::Object(_) => Err(NotPrimitive),
        }
    }
}

/// A value that is no string, integer or boolean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotPrimitive;

/// The arguments of a schema that clients repeat in headers.
///
/// # Errors
/// A client would refuse the tool; the text says why.
pub fn parameters(schema: &Value) -> Result<Vec<HeaderParameter>, String> {
    let mut found = Vec::new();
    collect(schema, &mut Vec::new(), &mut found)?;
    for (index, parameter) in found.iter().enumerate() {
        if found[..index].iter().any(|earlier| earlier.name.eq_ignore_ascii_case(&parameter.name)) {
            return Err(format!("two arguments have the header `{}`", parameter.name));
        }
    }
    if count(schema) == found.len() {
        Ok(found)
    } else {
        Err(format!("`{KEYWORD}` stands where clients do not look: it belongs on an argument or a field inside one"))
    }
}

fn collect(schema: &Value, path: &mut Vec<String>, found: &mut Vec<HeaderParameter>) -> Result<(), String> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Ok(()) };
    for (property, schema) in properties {
        path.push(property.clone());
        if let Some(name) = schema.get(KEYWORD) {
            let name = name.as_str().filter(|name| is_token(name));
            let name = name.ok_or_else(|| format!("the header of `{}` is not a header's name", path.join(".")))?;
            if !schema
                .get("type")
                .is_some_and(|kind| ["string", "integer", "boolean"].iter().any(|known| kind == known))
            {
                return Err(format!("`{}` is no string, integer or boolean, so it has no header", path.join(".")));
            }
            found.push(HeaderParameter { name: name.to_owned(), path: path.clone() });
        }
        collect(schema, path, found)?;
        path.pop();
    }
    Ok(())
}

/// Counts the uses of the keyword, wherever it stands.
fn count(schema: &Value) -> usize {
    let fields = |fields: &Map<String, Value>| {
        let inner: usize = fields.values().map(count).sum();
        // An argument of this name has a schema, which is no string.
        inner + usize::from(fields.get(KEYWORD).is_some_and(Value::is_string))
    };
    match schema {
        Value::Object(object) => fields(object),
        Value::Array(items) => items.iter().map(count).sum(),
        _ => 0,
    }
}

/// Tells whether it can be part of a header's name (RFC 9110, section 5.6.2).
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_that_a_header_cannot_carry_are_encoded() {
        for (value, header) in [
            ("us-west1", "us-west1"),
            ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
            (" padded ", "=?base64?IHBhZGRlZCA=?="),
            ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
            ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
            ("", ""),
        ] {
            assert_eq!(encode(value), header);
            assert_eq!(decode(header).as_deref(), Some(value));
        }
        assert_eq!(decode("=?base64?!?="), None);
    }

    #[test]
    fn headers_are_found_at_every_depth() {
        let schema = json!({ "type": "object", "properties": {
            "region": { "type": "string", "x-mcp-header": "Region" },
            "where": { "type": "object", "properties": { "shard": { "type": "integer", "x-mcp-header": "Shard" } } },
            "x-mcp-header": { "type": "string" },
        } });
        let found = parameters(&schema).unwrap();
        let [region, shard] = found.as_slice() else { panic!("two headers: {found:?}") };
        let arguments = json!({ "region": "eu", "where": { "shard": 7 } });
        assert_eq!(region.agrees(&arguments, Some("eu")), Ok(true));
        for (header, agrees) in [("7", true), ("7.0", true), ("7e0", true), ("8", false), ("7.5", false), ("x", false)]
        {
            assert_eq!(shard.agrees(&arguments, Some(header)), Ok(agrees), "{header}");
            assert_eq!(shard.agrees(&json!({ "where": { "shard": 7.0 } }), Some(header)), Ok(agrees), "{header}");
        }
        assert_eq!(shard.agrees(&json!({ "where": { "shard": "7" } }), Some("7.0")), Ok(false));
        for absent in [json!({ "where": {} }), json!({ "where": { "shard": null } }), json!({}), Value::Null] {
            assert_eq!((shard.agrees(&absent, None), shard.agrees(&absent, Some("7"))), (Ok(true), Ok(false)));
        }
        assert_eq!(region.agrees(&json!({ "region": [] }), None), Err(NotPrimitive));
    }

    #[test]
    fn what_clients_would_refuse_is_refused() {
        let header = |name: Value| json!({ "type": "string", "x-mcp-header": name });
        for wrong in [
            json!({ "properties": { "a": header("".into()) } }),
            json!({ "properties": { "a": header("a b".into()) } }),
            json!({ "properties": { "a": header("é".into()) } }),
            json!({ "properties": { "a": header(1.into()) } }),
            json!({ "properties": { "a": header("X".into()), "b": header("x".into()) } }),
            json!({ "properties": { "a": { "type": "number", "x-mcp-header": "A" } } }),
            json!({ "properties": { "a": { "x-mcp-header": "A" } } }),
            json!({ "properties": { "a": { "type": "array", "items": header("A".into()) } } }),
            json!({ "oneOf": [{ "properties": { "a": header("A".into()) } }] }),
            json!({ "$defs": { "A": { "properties": { "a": header("A".into()) } } } }),
        ] {
            assert!(parameters(&wrong).is_err(), "{wrong}");
        }
    }
}
