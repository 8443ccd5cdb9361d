//! JSON Schemas of Rust types, in the dialect MCP assumes (2020-12).

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;

/// The same of what `T` serialises to.
pub(crate) fn of_output<T: JsonSchema + ?Sized>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| settings.meta_schema = None);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// The schema of `T` with everything it refers to, without the `$schema` keyword: 2020-12 is MCP's default.
pub(crate) fn of<T: JsonSchema + ?Sized>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.meta_schema = None);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// The same with every definition in its place and no title, for a part of a larger schema.
pub(crate) fn inline_of<T: JsonSchema + ?Sized>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("title");
    }
    schema
}
