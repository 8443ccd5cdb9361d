//! JSON Schemas of Rust types, in the dialect MCP assumes (2020-12).

use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::Value;

/// Formats that no validator of a client knows: some warn about each, at every tool that has one.
const ONLY_RUST: [&str; 10] =
    ["int", "int8", "int16", "int128", "uint", "uint8", "uint16", "uint32", "uint64", "uint128"];

/// Settings for the dialect that MCP assumes, which needs no `$schema` keyword.
fn settings() -> SchemaSettings {
    plain().with_transform(RecursiveTransform(remove_format))
}

fn plain() -> SchemaSettings {
    SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
    })
}

fn remove_format(schema: &mut Schema) {
    if schema.get("format").is_some_and(|format| ONLY_RUST.iter().any(|known| format == known)) {
        schema.remove("format");
    }
}

/// Bounds integers whose range only their format tells. Not those of 64 bits: doubles do not tell their ends.
fn bound_integers(schema: &mut Schema) {
    let (least, most) = match schema.get("format").and_then(Value::as_str) {
        Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
        Some("uint32") => (0, i64::from(u32::MAX)),
        _ => return,
    };
    let fields = schema.ensure_object();
    fields.entry("minimum").or_insert_with(|| least.into());
    fields.entry("maximum").or_insert_with(|| most.into());
}

/// The schema of `T` with every definition in its place; what is recursive refers to definitions beside it.
pub(crate) fn of<T: JsonSchema + ?Sized>() -> Value {
    settings().into_generator().into_root_schema_for::<T>().to_value()
}

/// The same of what `T` serialises to.
pub(crate) fn of_output<T: JsonSchema + ?Sized>() -> Value {
    settings().for_serialize().into_generator().into_root_schema_for::<T>().to_value()
}

/// The same of `T` without a title, for a part of a form. What does not fit the type does not fit it, as far as a schema
/// can tell: an answer is held against it before it is taken.
pub(crate) fn of_form<T: JsonSchema + ?Sized>() -> Value {
    let bounded = plain().with_transform(RecursiveTransform(bound_integers));
    let bounded = bounded.with_transform(RecursiveTransform(remove_format));
    let mut schema = bounded.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("title");
    }
    schema
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn formats_that_only_rust_knows_are_left_out() {
        assert_eq!(of::<u32>(), json!({ "title": "uint32", "type": "integer", "minimum": 0 }));
        assert_eq!(of_output::<Vec<Option<u8>>>()["items"].get("format"), None);
        assert_eq!(of_form::<u32>(), json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }));
        let bounded = json!({ "type": "integer", "format": "int32", "minimum": i32::MIN, "maximum": i32::MAX });
        assert_eq!(of_form::<i32>(), bounded);
        assert_eq!(of_form::<i16>(), json!({ "type": "integer", "minimum": i16::MIN, "maximum": i16::MAX }));
        assert_eq!(of_form::<f64>(), json!({ "type": "number", "format": "double" }));
    }
}
