//! JSON Schemas of Rust types, in the dialect MCP assumes (2020-12).

use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::Value;

/// Formats that no validator of a client knows: some warn about each, at every tool that has one.
const ONLY_RUST: [&str; 10] =
    ["int", "int8", "int16", "int128", "uint", "uint8", "uint16", "uint32", "uint64", "uint128"];

/// Settings for the dialect that MCP assumes, which needs no `$schema` keyword.
fn settings() -> SchemaSettings {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
    });
    settings.with_transform(RecursiveTransform(remove_format))
}

fn remove_format(schema: &mut Schema) {
    if schema.get("format").is_some_and(|format| ONLY_RUST.iter().any(|known| format == known)) {
        schema.remove("format");
    }
}

/// The schema of `T` with every definition in its place; what is recursive refers to definitions beside it.
pub(crate) fn of<T: JsonSchema + ?Sized>() -> Value {
    settings().into_generator().into_root_schema_for::<T>().to_value()
}

/// The same of what `T` serialises to.
pub(crate) fn of_output<T: JsonSchema + ?Sized>() -> Value {
    settings().for_serialize().into_generator().into_root_schema_for::<T>().to_value()
}

/// The schema of `T` with the types inside it as definitions under their Rust names, for whoever writes types of another language.
pub(crate) fn named<T: JsonSchema + ?Sized>() -> Value {
    settings()
        .with(|settings| settings.inline_subschemas = false)
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}

/// The same of what `T` serialises to.
pub(crate) fn named_output<T: JsonSchema + ?Sized>() -> Value {
    let settings = settings().for_serialize().with(|settings| settings.inline_subschemas = false);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// The same of a part of something: `T`, too, is a definition if it has a name.
pub(crate) fn named_part<T: JsonSchema>() -> Value {
    let mut all = named_output::<Vec<T>>();
    let mut part = all["items"].take();
    if let (Some(part), Some(definitions)) = (part.as_object_mut(), all.get_mut("$defs")) {
        part.insert("$defs".into(), definitions.take());
    }
    part
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn formats_that_only_rust_knows_are_left_out() {
        assert_eq!(of::<u32>(), json!({ "title": "uint32", "type": "integer", "minimum": 0 }));
        assert_eq!(of_output::<Vec<Option<u8>>>()["items"].get("format"), None);
    }
}
