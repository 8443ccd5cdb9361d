//! JSON Schemas, as schemars writes them, as types of TypeScript.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use serde_json::{Map, Value};

/// The names that references stand for.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    names: BTreeMap<String, String>,
    /// Set where the names are not in scope by themselves.
    is_outside: bool,
}

impl Scope {
    pub(super) fn add(&mut self, reference: String, name: String) {
        self.names.insert(reference, name);
    }

    /// The same beyond the declarations.
    pub(super) fn outside(&self) -> Self {
        Self { is_outside: true, ..self.clone() }
    }

    fn resolve(&self, reference: &str) -> String {
        match self.names.get(reference) {
            Some(name) if self.is_outside => format!("Rust.{name}"),
            Some(name) => name.clone(),
            None => "unknown".to_owned(),
        }
    }

    /// The type of what fits a schema.
    pub(super) fn expression(&self, schema: &Value) -> String {
        self.written(schema, "")
    }

    fn written(&self, schema: &Value, indent: &str) -> String {
        let schema = match schema {
            Value::Bool(false) => return "never".to_owned(),
            Value::Object(schema) => schema,
            _ => return "unknown".to_owned(),
        };
        let mut parts = Vec::new();
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            parts.push(self.resolve(reference));
        }
        if let Some(value) = schema.get("const") {
            parts.push(literal(value));
        } else if let Some(Value::Array(values)) = schema.get("enum") {
            parts.push(union(values.iter().map(literal)));
        }
        for keyword in ["oneOf", "anyOf"] {
            if let Some(Value::Array(schemas)) = schema.get(keyword) {
                parts.push(union(schemas.iter().map(|schema| self.written(schema, indent))));
            }
        }
        if let Some(Value::Array(schemas)) = schema.get("allOf") {
            parts.extend(schemas.iter().map(|schema| self.written(schema, indent)));
        }
        let has_own = parts.is_empty() || schema.contains_key("properties");
        match schema.get("type") {
            Some(Value::String(kind)) if has_own => parts.push(self.of_kind(kind, schema, indent)),
            Some(Value::Array(kinds)) if has_own => {
                let kinds = kinds.iter().filter_map(Value::as_str);
                parts.push(union(kinds.map(|kind| self.of_kind(kind, schema, indent))));
            }
            None if schema.contains_key("properties") => parts.push(self.of_kind("object", schema, indent)),
            _ => {}
        }
        parts.retain(|part| part != "unknown");
        match parts.as_slice() {
            [] => "unknown".to_owned(),
            [one] => one.clone(),
            all => all.iter().map(|part| grouped(part)).collect::<Vec<_>>().join(" & "),
        }
    }

    fn of_kind(&self, kind: &str, schema: &Map<String, Value>, indent: &str) -> String {
        match kind {
            "string" => "string".to_owned(),
            "integer" | "number" => "number".to_owned(),
            "boolean" => "boolean".to_owned(),
            "null" => "null".to_owned(),
            "array" => self.array(schema, indent),
            "object" => self.object(schema, indent),
            _ => "unknown".to_owned(),
        }
    }

    fn array(&self, schema: &Map<String, Value>, indent: &str) -> String {
        let items = schema.get("items").filter(|items| **items != Value::Bool(false));
        let items = items.map(|items| self.written(items, indent));
        if let Some(Value::Array(first)) = schema.get("prefixItems") {
            let mut all: Vec<String> = first.iter().map(|item| self.written(item, indent)).collect();
            let is_closed = schema.get("maxItems").and_then(Value::as_u64).is_some_and(|max| max <= all.len() as u64);
            all.extend(items.filter(|_| !is_closed).map(|item| format!("...{}[]", grouped(&item))));
            return format!("[{}]", all.join(", "));
        }
        format!("{}[]", grouped(&items.unwrap_or_else(|| "unknown".to_owned())))
    }

    fn object(&self, schema: &Map<String, Value>, indent: &str) -> String {
        let empty = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        let more = match schema.get("additionalProperties") {
            Some(Value::Bool(false)) => None,
            Some(more @ Value::Object(_)) => Some(self.written(more, indent)),
            // Where there are fields, more of them are no part of the type.
            _ => properties.is_empty().then(|| "unknown".to_owned()),
        };
        let more = more.map(|more| format!("{{ [key: string]: {more} }}"));
        match (properties.is_empty(), more) {
            (true, Some(more)) => more,
            (true, None) => "{}".to_owned(),
            (false, Some(more)) => format!("{} & {more}", self.fields(schema, indent)),
            (false, None) => self.fields(schema, indent),
        }
    }

    fn fields(&self, schema: &Map<String, Value>, indent: &str) -> String {
        let required: BTreeSet<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let inner = format!("{indent}  ");
        let mut text = "{\n".to_owned();
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let mark = if required.contains(name.as_str()) { "" } else { "?" };
            let doc = doc(property.get("description").and_then(Value::as_str), &inner);
            // Writing to a `String` does not fail.
            let _ = writeln!(text, "{doc}{inner}{}{mark}: {};", key(name), self.written(property, &inner));
        }
        text + indent + "}"
    }
}

/// The declaration of a type.
pub(super) fn declaration(name: &str, schema: &Value, scope: &Scope) -> String {
    let doc = doc(schema.get("description").and_then(Value::as_str), "  ");
    let is_interface = schema.get("type").is_some_and(|kind| kind == "object")
        && ["oneOf", "anyOf", "allOf", "$ref", "additionalProperties"]
            .iter()
            .all(|keyword| schema.get(keyword).is_none_or(|value| *value == Value::Bool(false)));
    let body = scope.written(schema, "  ");
    if is_interface && body.starts_with('{') && !body.starts_with("{ [") {
        format!("{doc}  interface {name} {body}\n")
    } else {
        format!("{doc}  type {name} = {body};\n")
    }
}

/// Docs, before what they are about.
pub(super) fn doc(text: Option<&str>, indent: &str) -> String {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return String::new() };
    let text = text.replace("*/", "*\\/");
    if !text.contains('\n') {
        return format!("{indent}/** {text} */\n");
    }
    let lines = text.lines().fold(String::new(), |lines, line| lines + format!("{indent} * {line}").trim_end() + "\n");
    format!("{indent}/**\n{lines}{indent} */\n")
}

/// The name of a field.
pub(super) fn key(name: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$');
    let is_identifier = name.chars().all(is_part) && name.chars().next().is_some_and(|c| !c.is_ascii_digit());
    if is_identifier { name.to_owned() } else { literal(&name.into()) }
}

/// A value as its own type.
pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::String(_) | Value::Bool(_) | Value::Number(_) | Value::Null => value.to_string(),
        Value::Array(_) | Value::Object(_) => "unknown".to_owned(),
    }
}

/// Any of these; `unknown` takes in all others.
fn union(types: impl Iterator<Item = String>) -> String {
    let mut all: Vec<String> = Vec::new();
    for ty in types {
        if !all.contains(&ty) {
            all.push(ty);
        }
    }
    if all.is_empty() {
        return "never".to_owned();
    }
    if all.iter().any(|ty| ty == "unknown") {
        return "unknown".to_owned();
    }
    all.join(" | ")
}

/// The type where an operator follows.
fn grouped(ty: &str) -> String {
    if ty.contains(" | ") || ty.contains(" & ") { format!("({ty})") } else { ty.to_owned() }
}
