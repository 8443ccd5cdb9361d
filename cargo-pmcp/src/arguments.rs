//! The arguments of a call, as they are typed.

use std::{fs, io::Read as _};

use serde_json::{Map, Value};

use crate::{
    error::{Error, Result},
    text::{line, meant, quoted},
};

/// The most bytes of arguments that are read from a file or from standard input.
const LARGEST: u64 = 16 << 20;

/// `key=value`, as it is typed.
///
/// # Errors
/// It has no `=`.
pub(crate) fn pair(given: &str) -> std::result::Result<(String, String), String> {
    match given.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("it is written key=value, such as `name=Ann`".to_owned()),
    }
}

/// Arguments as JSON: in the line itself, in a file (`@FILE`), or on standard input (`-`).
///
/// # Errors
/// They cannot be read, or are no object.
pub(crate) fn json(given: &str) -> Result<Map<String, Value>> {
    match serde_json::from_str(&text(given)?) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        Ok(_) => Err(Error::usage("the arguments are no object").help(r#"write them as `{"key": "value"}`"#)),
        Err(error) => Err(Error::usage(format!("the arguments are no JSON: {error}"))
            .help(r#"write `--args '{"key": "value"}'`, `--args @FILE` or `--args -`"#)),
    }
}

/// A value as JSON, from where [`json`] takes it.
///
/// # Errors
/// It cannot be read, or is no JSON.
pub(crate) fn value_of(given: &str) -> Result<Value> {
    serde_json::from_str(&text(given)?).map_err(|error| {
        let error = Error::usage(format!("the value is no JSON: {error}"));
        let is_a_word = given.chars().all(|c| c.is_alphanumeric() || " _-.".contains(c));
        if is_a_word { error.help(format!("a text has quotes: `'\"{given}\"'`")) } else { error }
    })
}

/// The text that is given itself, in a file, or on standard input.
fn text(given: &str) -> Result<String> {
    if given == "-" {
        let mut text = String::new();
        let read = std::io::stdin().take(LARGEST).read_to_string(&mut text);
        read.map_err(|error| Error::because("standard input cannot be read", &error))?;
        Ok(text)
    } else if let Some(file) = given.strip_prefix('@') {
        fs::read_to_string(file).map_err(|error| Error::because(&format!("`{file}` cannot be read"), &error))
    } else {
        Ok(given.to_owned())
    }
}

/// Adds what was typed as `key=value`: text where the schema wants text, else JSON if it is some.
///
/// # Errors
/// The schema has no such argument, or another type for it.
pub(crate) fn add(arguments: &mut Map<String, Value>, pairs: &[(String, String)], schema: &Value) -> Result {
    let known = schema["properties"].as_object();
    for (key, typed) in pairs {
        let property = known.and_then(|known| known.get(key));
        if property.is_none() && known.is_some_and(|known| !known.is_empty()) && schema["additionalProperties"] != true
        {
            let names: Vec<_> = known.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            let error = Error::usage(format!("there is no argument `{key}`"));
            return Err(match meant(key, names.iter().copied()) {
                Some(meant) => error.help(format!("did you mean `{}`?", line(meant))),
                None => error.help(format!("there are {}", quoted(names))),
            });
        }
        arguments.insert(key.clone(), value(key, typed, property.unwrap_or(&Value::Null), schema)?);
    }
    Ok(())
}

/// Names the arguments that are needed and were not given.
///
/// # Errors
/// There are some.
pub(crate) fn check(arguments: &Map<String, Value>, schema: &Value, command: &str) -> Result {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let missing: Vec<_> = required.filter(|name| !arguments.contains_key(*name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let wanted: Vec<_> = missing.iter().map(|name| format!("{}=…", line(name))).collect();
    Err(Error::usage(format!(
        "{} {} missing",
        quoted(missing.iter().copied()),
        if missing.len() == 1 { "is" } else { "are" }
    ))
    .help(format!("call it as `{command} {}`", wanted.join(" "))))
}

fn value(key: &str, typed: &str, property: &Value, schema: &Value) -> Result<Value> {
    let kinds = types(property, schema);
    if kinds.is_empty() || kinds.iter().any(|kind| kind == "string") && kinds.len() == 1 {
        // Without a schema a number is a number.
        return Ok(if kinds.is_empty() { guessed(typed) } else { typed.into() });
    }
    let value = guessed(typed);
    let is_one = |kind: &String| match kind.as_str() {
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => false,
    };
    if kinds.iter().any(is_one) {
        return Ok(value);
    }
    if kinds.iter().any(|kind| kind == "string") {
        return Ok(typed.into());
    }
    Err(Error::usage(format!("`{key}` is no {}: `{typed}`", kinds.join(" or ")))
        .help("lists and objects are written as JSON, such as `key='[1, 2]'`"))
}

/// The value of JSON, or else the text itself.
fn guessed(typed: &str) -> Value {
    serde_json::from_str(typed).unwrap_or_else(|_| typed.into())
}

/// The types that a property may have, as far as its schema tells at first sight.
fn types(property: &Value, schema: &Value) -> Vec<String> {
    if let Some(definition) = property["$ref"].as_str().and_then(|path| schema.pointer(path.strip_prefix('#')?)) {
        // One step: a chain of references says nothing at first sight.
        return if definition.get("$ref").is_some() { Vec::new() } else { types(definition, schema) };
    }
    match &property["type"] {
        Value::String(kind) => vec![kind.clone()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => match property["anyOf"].as_array().or_else(|| property["oneOf"].as_array()) {
            Some(choices) if choices.len() < 16 => choices
                .iter()
                .filter(|choice| choice.get("anyOf").is_none())
                .flat_map(|choice| types(choice, schema))
                .collect(),
            _ if property["enum"].as_array().is_some_and(|values| values.iter().all(Value::is_string)) => {
                vec!["string".to_owned()]
            }
            _ => Vec::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn typed(line: &[&str]) -> std::result::Result<Value, String> {
        let schema = json!({ "type": "object", "required": ["path"], "properties": {
            "path": { "type": "string" }, "rows": { "type": "integer" }, "label": { "type": ["string", "null"] },
            "tags": { "type": "array" }, "level": { "$ref": "#/$defs/Level" }, "any": {} },
            "$defs": { "Level": { "type": "string", "enum": ["1", "2"] } } });
        let pairs: Vec<_> = line.iter().map(|given| pair(given).unwrap()).collect();
        let mut arguments = Map::new();
        let told = |error: Error| format!("{}; {}", error.message.unwrap(), error.help.join("; "));
        add(&mut arguments, &pairs, &schema).map_err(told)?;
        check(&arguments, &schema, "call it").map_err(told)?;
        Ok(arguments.into())
    }

    #[test]
    fn what_is_typed_becomes_what_the_schema_wants() {
        let value = typed(&["path=12", "rows=3", "label=null", "tags=[1]", "level=2", "any=true"]).unwrap();
        let wanted = json!({ "path": "12", "rows": 3, "label": null, "tags": [1], "level": "2", "any": true });
        assert_eq!(value, wanted);
        assert_eq!(typed(&["path=a=b", "label=some"]).unwrap(), json!({ "path": "a=b", "label": "some" }));
    }

    #[test]
    fn a_value_is_json_and_a_text_has_quotes() {
        assert_eq!(value_of(r#"{"by": "Ann"}"#).unwrap(), json!({ "by": "Ann" }));
        assert_eq!(value_of("-5").unwrap(), json!(-5));
        assert_eq!(value_of("Ann").unwrap_err().help, [r#"a text has quotes: `'"Ann"'`"#]);
        assert!(value_of("{by}").unwrap_err().help.is_empty());
    }

    #[test]
    fn mistakes_are_told_before_the_call() {
        assert_eq!(typed(&["rows=1"]).unwrap_err(), "`path` is missing; call it as `call it path=…`");
        assert_eq!(typed(&["phat=x"]).unwrap_err(), "there is no argument `phat`; did you mean `path`?");
        assert!(typed(&["path=x", "rows=many"]).unwrap_err().starts_with("`rows` is no integer: `many`"));
    }
}
