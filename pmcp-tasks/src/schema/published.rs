//! Schemas of tools in the form that every revision and strict hosts take.
//!
//! Types describe themselves in all of JSON Schema 2020-12; hosts know less. Some drop every tool of a server over one property
//! whose schema is `true`, others refuse lists of types, tuples without `items`, and arguments that are not plainly an object
//! with properties. What is published says the same as the type, or less: the type judges what comes either way.

use serde_json::{Map, Value, json};

type Fields = Map<String, Value>;

/// The schemas that are put together into that of a tool's arguments: references can have each one stand for two, level by level.
const MOST_PARTS: usize = 1000;

/// Keywords that say nothing about what fits.
const ANNOTATIONS: [&str; 9] =
    ["title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$comment", "$defs"];

/// The schema of a tool's arguments as it is listed: an object with properties at its root.
///
/// # Errors
/// There is no such form; a clause that says of what.
pub(crate) fn of_arguments(schema: &Value) -> Result<Value, String> {
    let no_object = "its arguments are no object: they need a struct with named fields, an enum of such, or a map";
    let mut left = MOST_PARTS;
    let root = as_object(schema, schema, 0, &mut left);
    if left == 0 {
        return Err(format!("the schema of its arguments is put together from more than {MOST_PARTS} parts"));
    }
    let root = root.ok_or(no_object)?;
    let Value::Object(mut root) = simple(root.into(), Nulls::LeftOut) else { return Err(no_object.into()) };
    // The title is a Rust name, which says nothing to a client.
    root.remove("title");
    let required: Vec<&str> = required(&root);
    for (name, schema) in properties(&root) {
        if is_never(schema) && required.contains(&name.as_str()) {
            return Err(format!("no value fits its argument `{name}`"));
        }
    }
    Ok(root.into())
}

/// The schema of a tool's structured result as it is listed.
pub(crate) fn of_result(schema: &Value) -> Value {
    let mut schema = simple(at_root(schema, schema, 0).cloned().unwrap_or_else(|| schema.clone()), Nulls::Kept);
    if let Some(fields) = schema.as_object_mut() {
        // Earlier revisions list only what is plainly an object.
        let alternatives = ["oneOf", "anyOf"].map(|keyword| fields.get(keyword).and_then(Value::as_array));
        let are_objects = |all: &Vec<Value>| !all.is_empty() && all.iter().all(|one| has_type(one, "object"));
        if !fields.contains_key("type") && alternatives.into_iter().flatten().any(are_objects) {
            fields.insert("type".into(), "object".into());
        }
        if fields.get("type").is_some_and(|kind| kind == "object") {
            fields.entry("properties").or_insert_with(|| json!({}));
        }
    }
    schema
}

fn has_type(schema: &Value, name: &str) -> bool {
    schema.get("type").is_some_and(|kind| kind == name)
}

fn is_never(schema: &Value) -> bool {
    *schema == json!(false) || schema.get("not").is_some_and(|not| *not == json!({}) || *not == json!(true))
}

fn properties(fields: &Fields) -> impl Iterator<Item = (&String, &Value)> {
    fields.get("properties").and_then(Value::as_object).into_iter().flatten()
}

fn required(fields: &Fields) -> Vec<&str> {
    fields.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The schema, or what it refers to, with the definitions of the root.
fn at_root<'a>(schema: &'a Value, root: &'a Value, depth: usize) -> Option<&'a Value> {
    /// More references than this in a row lead nowhere.
    const DEEPEST: usize = 32;
    let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { return Some(schema) };
    if depth > DEEPEST {
        return None;
    }
    at_root(root.pointer(reference.strip_prefix('#')?)?, root, depth + 1)
}

/// The schema as one object with properties, its alternatives put together; `None` if something else fits it, or `left` is used up.
fn as_object(schema: &Value, root: &Value, depth: usize, left: &mut usize) -> Option<Fields> {
    const DEEPEST: usize = 32;
    *left = left.saturating_sub(1);
    if depth > DEEPEST || *left == 0 {
        return None;
    }
    let resolved = at_root(schema, root, 0)?;
    let mut fields = match resolved {
        // Null is that of a definition that does not say.
        Value::Bool(true) | Value::Null => Fields::new(),
        Value::Object(fields) => fields.clone(),
        _ => return None,
    };
    let is_object = match fields.get("type") {
        None => !fields.contains_key("enum") && !fields.contains_key("const") && !fields.contains_key("not"),
        Some(Value::Array(types)) => types.iter().any(|kind| kind == "object"),
        Some(kind) => kind == "object",
    };
    if !is_object {
        return None;
    }
    fields.insert("type".into(), "object".into());
    fields.entry("properties").or_insert_with(|| json!({}));
    for (keyword, schema) in root.as_object().into_iter().flatten() {
        if depth == 0 && keyword == "$defs" {
            fields.insert(keyword.clone(), schema.clone());
        }
    }
    for keyword in ["allOf", "oneOf", "anyOf"] {
        let Some(Value::Array(mut parts)) = fields.remove(keyword) else { continue };
        let is_either = keyword != "allOf";
        // What only says which of the properties go together is part of the form, and stays as it was written.
        let kept: Vec<Value> =
            if is_either { Vec::new() } else { parts.extract_if(.., |part| only_restricts(part)).collect() };
        let parts = parts.iter().filter(|part| !(is_either && has_type(part, "null")));
        let parts = parts.map(|part| as_object(part, root, depth + 1, left)).collect::<Option<Vec<Fields>>>()?;
        for part in if is_either { vec![either(parts)] } else { parts } {
            add(&mut fields, part);
        }
        if !kept.is_empty() {
            fields.insert(keyword.into(), kept.into());
        }
    }
    // It looks into alternatives, which are gone.
    if let Some(unevaluated) = fields.remove("unevaluatedProperties") {
        fields.entry("additionalProperties").or_insert(unevaluated);
    }
    Some(fields)
}

/// Tells whether a part of a schema has no properties of its own, and only says which have to be there.
fn only_restricts(part: &Value) -> bool {
    let Value::Object(fields) = part else { return false };
    fields.iter().all(|(keyword, value)| match keyword.as_str() {
        "required" | "description" | "title" | "minProperties" | "maxProperties" => true,
        "allOf" | "anyOf" | "oneOf" => value.as_array().is_some_and(|parts| parts.iter().all(only_restricts)),
        _ => false,
    })
}

/// Adds what an object also has to have.
fn add(fields: &mut Fields, part: Fields) {
    for (keyword, value) in part {
        match (fields.get_mut(&keyword), value) {
            (Some(Value::Object(known)), Value::Object(more)) if keyword == "properties" => {
                for (name, schema) in more {
                    known.entry(name).or_insert(schema);
                }
            }
            (Some(Value::Array(known)), Value::Array(more)) if keyword == "required" => {
                for name in more {
                    if !known.contains(&name) {
                        known.push(name);
                    }
                }
            }
            (Some(Value::String(known)), Value::String(more)) if keyword == "description" => {
                *known = format!("{known}\n{more}");
            }
            (Some(_), _) => {}
            (None, value) => {
                fields.insert(keyword, value);
            }
        }
    }
}

/// An object that is one of these: it may have what any of them has, and has to have what all of them have. Which go
/// together is told in words.
fn either(mut parts: Vec<Fields>) -> Fields {
    if parts.len() < 2 {
        return parts.pop().unwrap_or_default();
    }
    let words: Vec<String> = parts.iter().map(in_words).collect();
    let mut every: Vec<Value> = required(&parts[0]).into_iter().map(Value::from).collect();
    every.retain(|name| parts.iter().all(|part| name.as_str().is_some_and(|name| required(part).contains(&name))));
    let is_closed = parts.iter().all(|part| part.get("additionalProperties") == Some(&false.into()));
    let mut all = Fields::new();
    for (name, schema) in parts.iter().flat_map(properties) {
        match all.get_mut(name) {
            Some(known) => *known = either_value(known, schema),
            None => {
                all.insert(name.clone(), schema.clone());
            }
        }
    }
    let mut fields = Fields::new();
    fields.insert("description".into(), format!("One of these: {}.", words.join("; ")).into());
    fields.insert("properties".into(), all.into());
    if !every.is_empty() {
        fields.insert("required".into(), every.into());
    }
    if is_closed {
        fields.insert("additionalProperties".into(), false.into());
    }
    fields
}

/// Lists the properties of one alternative, those that tell it from others first: `kind` "add", `amount` (Adds it.)
fn in_words(part: &Fields) -> String {
    let required = required(part);
    let mut names: Vec<(u8, String)> = properties(part)
        .map(|(name, schema)| match schema.get("const") {
            Some(value) => (0, format!("`{name}` {value}")),
            None if required.contains(&name.as_str()) => (1, format!("`{name}`")),
            None => (2, format!("optionally `{name}`")),
        })
        .collect();
    names.sort_by_key(|(rank, _)| *rank);
    let names: Vec<String> = names.into_iter().map(|(_, name)| name).collect();
    let names = if names.is_empty() { "nothing more".to_owned() } else { names.join(", ") };
    match part.get("description").and_then(Value::as_str) {
        Some(words) => format!("{names} ({words})"),
        None => names,
    }
}

/// The schema of what fits one of two.
fn either_value(one: &Value, other: &Value) -> Value {
    let texts = |schema: &Value| -> Option<Vec<Value>> {
        let is_plain = schema.as_object()?.keys().all(|key| ["type", "const", "enum"].contains(&key.as_str()));
        let values = schema.get("enum").and_then(Value::as_array).cloned();
        let values = values.or_else(|| Some(vec![schema.get("const")?.clone()]))?;
        (is_plain && values.iter().all(Value::is_string)).then_some(values)
    };
    if one == other {
        return one.clone();
    }
    if let (Some(mut values), Some(more)) = (texts(one), texts(other)) {
        values.extend(more.into_iter().filter(|value| !one["enum"].as_array().is_some_and(|all| all.contains(value))));
        return json!({ "type": "string", "enum": values });
    }
    let known = match one {
        Value::Object(fields) if fields.len() == 1 => fields.get("anyOf").and_then(Value::as_array).cloned(),
        _ => None,
    };
    any_of(known.unwrap_or_else(|| vec![one.clone()]).into_iter().chain([other.clone()]))
}

fn any_of(schemas: impl IntoIterator<Item = Value>) -> Value {
    let mut distinct: Vec<Value> = Vec::new();
    for schema in schemas {
        if !distinct.contains(&schema) {
            distinct.push(schema);
        }
    }
    match distinct.as_slice() {
        [only] => only.clone(),
        _ => json!({ "anyOf": distinct }),
    }
}

/// What becomes of a null in what may be left out.
#[derive(Clone, Copy, PartialEq)]
enum Nulls {
    /// It goes: leaving it out means the same.
    LeftOut,
    /// It stays: it is what comes.
    Kept,
}

/// The schema without what strict hosts do not know, at every depth.
fn simple(schema: Value, nulls: Nulls) -> Value {
    let mut fields = match schema {
        Value::Bool(true) => return json!({}),
        Value::Bool(false) => return json!({ "not": {} }),
        Value::Object(fields) => fields,
        other => return other,
    };
    if nulls == Nulls::LeftOut {
        let required: Vec<String> = required(&fields).into_iter().map(str::to_owned).collect();
        for (name, schema) in fields.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
            if !required.contains(name) {
                remove_null(schema);
            }
        }
    }
    for (keyword, value) in &mut fields {
        match (keyword.as_str(), value) {
            ("properties" | "patternProperties" | "dependentSchemas" | "$defs" | "definitions", Value::Object(all)) => {
                for schema in all.values_mut() {
                    *schema = simple(schema.take(), nulls);
                }
            }
            ("prefixItems" | "anyOf" | "oneOf" | "allOf", Value::Array(all)) => {
                for schema in all {
                    *schema = simple(schema.take(), nulls);
                }
            }
            // Of these a boolean is what is known best.
            ("additionalProperties" | "unevaluatedProperties" | "unevaluatedItems", Value::Bool(_)) => {}
            (
                "items"
                | "not"
                | "contains"
                | "propertyNames"
                | "if"
                | "then"
                | "else"
                | "additionalProperties"
                | "unevaluatedProperties"
                | "unevaluatedItems",
                schema,
            ) => *schema = simple(schema.take(), nulls),
            _ => {}
        }
    }
    give_items(&mut fields);
    one_type(&mut fields);
    fields.into()
}

/// Takes null out of what fits.
fn remove_null(schema: &mut Value) {
    let Some(fields) = schema.as_object_mut() else { return };
    if fields.get("default").is_some_and(Value::is_null) {
        fields.remove("default");
    }
    if let Some(Value::Array(types)) = fields.get_mut("type") {
        types.retain(|kind| kind != "null");
    }
    if let Some(Value::Array(values)) = fields.get_mut("enum")
        && values.iter().any(|value| !value.is_null())
    {
        values.retain(|value| !value.is_null());
    }
    for keyword in ["anyOf", "oneOf"] {
        let Some(Value::Array(all)) = fields.get_mut(keyword) else { continue };
        let is_null = |schema: &Value| has_type(schema, "null") || schema.get("const").is_some_and(Value::is_null);
        if all.iter().all(is_null) {
            continue;
        }
        all.retain(|schema| !is_null(schema));
        all.iter_mut().for_each(remove_null);
        let [Value::Object(only)] = all.as_slice() else { continue };
        let only = only.clone();
        let is_said_twice = |key: &String| fields.contains_key(key) && !ANNOTATIONS.contains(&key.as_str());
        if !only.keys().any(|key| key != keyword && is_said_twice(key)) {
            fields.remove(keyword);
            for (key, value) in only {
                fields.entry(key).or_insert(value);
            }
        }
    }
}

/// Says what a list holds, in a tuple too: whoever does not know `prefixItems` reads `items` alone.
fn give_items(fields: &mut Fields) {
    let Some(Value::Array(first)) = fields.get("prefixItems") else {
        if fields.get("type").is_some_and(|kind| kind == "array") {
            fields.entry("items").or_insert_with(|| json!({}));
        }
        return;
    };
    // As `simple` leaves `false`.
    let is_whole = fields.get("maxItems").and_then(Value::as_u64) == Some(first.len() as u64)
        || fields.get("items").is_some_and(is_never);
    if !is_whole {
        fields.entry("items").or_insert_with(|| json!({}));
        return;
    }
    let length = first.len();
    let items = any_of(first.clone());
    if first.iter().all(|schema| *schema == items) {
        fields.remove("prefixItems");
    }
    fields.entry("maxItems").or_insert_with(|| length.into());
    fields.insert("items".into(), items);
}

/// Writes a list of types as alternatives.
fn one_type(fields: &mut Fields) {
    let Some(Value::Array(types)) = fields.get("type") else { return };
    let types = types.clone();
    if let [only] = types.as_slice() {
        fields.insert("type".into(), only.clone());
        return;
    }
    let is_annotation = |key: &str| ANNOTATIONS.contains(&key) || key.starts_with("x-");
    let (outside, inside): (Fields, Fields) =
        std::mem::take(fields).into_iter().partition(|(key, _)| is_annotation(key));
    let alternatives = types.into_iter().map(|kind| {
        if kind == "null" {
            return json!({ "type": "null" });
        }
        let mut alternative = inside.clone();
        alternative.insert("type".into(), kind);
        if let Some(Value::Array(values)) = alternative.get_mut("enum") {
            values.retain(|value| !value.is_null());
        }
        alternative.into()
    });
    let alternatives = any_of(alternatives);
    *fields = outside;
    fields.insert("anyOf".into(), alternatives.get("anyOf").cloned().unwrap_or_else(|| json!([alternatives])));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_left_out_is_not_null() {
        for (schema, listed) in [
            (json!({ "type": ["integer", "null"], "minimum": 1 }), json!({ "type": "integer", "minimum": 1 })),
            (json!({ "type": ["string", "null"], "enum": ["a", null] }), json!({ "type": "string", "enum": ["a"] })),
            (
                json!({ "anyOf": [{ "type": "object", "description": "In" }, { "type": "null" }], "description": "Out" }),
                json!({ "type": "object", "description": "Out" }),
            ),
            (json!({ "default": null }), json!({})),
            (json!(true), json!({})),
            (json!({ "type": "null" }), json!({ "type": "null" })),
        ] {
            let listed_as = |schema: &Value| {
                let schema = json!({ "type": "object", "properties": { "a": schema } });
                of_arguments(&schema).unwrap()["properties"]["a"].clone()
            };
            assert_eq!(listed_as(&schema), listed, "{schema}");
            assert_eq!(listed_as(&listed), listed, "once more");
        }
    }

    #[test]
    fn a_null_that_means_something_is_an_alternative() {
        let list = json!({ "type": "array", "items": { "type": ["integer", "null"], "minimum": 0, "title": "T" } });
        let items = json!({ "title": "T", "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "null" }] });
        assert_eq!(simple(list, Nulls::LeftOut)["items"], items);
        let result = of_result(&json!({ "type": "object", "properties": { "a": { "type": ["integer", "null"] } } }));
        assert_eq!(result["properties"]["a"], json!({ "anyOf": [{ "type": "integer" }, { "type": "null" }] }));
    }

    #[test]
    fn a_tuple_says_what_it_holds() {
        let of = |first: Value| json!({ "type": "array", "prefixItems": first, "minItems": 2, "maxItems": 2 });
        let (number, text) = (json!({ "type": "number" }), json!({ "type": "string" }));
        let same = json!({ "type": "array", "items": number, "minItems": 2, "maxItems": 2 });
        assert_eq!(simple(of(json!([number, number])), Nulls::Kept), same);
        let mut mixed = of(json!([number, text]));
        mixed["items"] = json!({ "anyOf": [number, text] });
        assert_eq!(simple(of(json!([number, text])), Nulls::Kept), mixed);
        assert_eq!(simple(mixed.clone(), Nulls::Kept), mixed);
        assert_eq!(simple(json!({ "type": "array" }), Nulls::Kept), json!({ "type": "array", "items": {} }));
    }

    #[test]
    fn alternatives_at_the_root_are_one_object() {
        let variant = |tag: &str, field: Value| {
            json!({ "type": "object", "properties": { "kind": { "type": "string", "const": tag }, "by": field },
                "required": ["kind", "by"], "additionalProperties": false })
        };
        let either = json!({ "oneOf": [variant("add", json!({ "type": "integer" })), variant("say", json!({ "type": "string" }))] });
        assert_eq!(
            of_arguments(&either).unwrap(),
            json!({
                "type": "object",
                "description": "One of these: `kind` \"add\", `by`; `kind` \"say\", `by`.",
                "properties": {
                    "kind": { "type": "string", "enum": ["add", "say"] },
                    "by": { "anyOf": [{ "type": "integer" }, { "type": "string" }] },
                },
                "required": ["kind", "by"],
                "additionalProperties": false,
            })
        );
        let result = of_result(&either);
        assert_eq!((&result["type"], result["oneOf"].as_array().map(Vec::len)), (&json!("object"), Some(2)));
    }

    #[test]
    fn what_is_no_object_has_no_form() {
        for schema in [
            json!({ "type": "integer" }),
            json!({ "type": "null" }),
            json!({ "type": "string", "enum": ["a"] }),
            json!({ "oneOf": [{ "type": "string", "const": "a" }, { "type": "object" }] }),
            json!({ "$ref": "#" }),
            json!({ "$ref": "#/$defs/Nowhere" }),
            json!(false),
        ] {
            assert!(of_arguments(&schema).unwrap_err().contains("no object"), "{schema}");
        }
        let never = json!({ "type": "object", "properties": { "a": false }, "required": ["a"] });
        assert_eq!(of_arguments(&never).unwrap_err(), "no value fits its argument `a`");
        for schema in [json!(true), json!({}), json!({ "type": "object" }), json!(null)] {
            assert_eq!(of_arguments(&schema).unwrap(), json!({ "type": "object", "properties": {} }));
        }
        let recursive = json!({ "$ref": "#/$defs/Node", "$defs": { "Node": {
            "type": "object", "properties": { "next": { "$ref": "#/$defs/Node" } } } } });
        let listed = of_arguments(&recursive).unwrap();
        assert_eq!(listed["properties"]["next"], json!({ "$ref": "#/$defs/Node" }));
        assert_eq!(listed["$defs"]["Node"], recursive["$defs"]["Node"]);
    }
}
