//! Completion of a workflow's arguments, as far as their schema says what they may be.

use serde_json::Value;

/// The values an argument may have that begin with what was typed, by the schema of all arguments: those of an enum, and of a
/// flag. Of other arguments the schema tells nothing.
#[must_use]
pub fn completions(arguments: &Value, argument: &str, typed: &str) -> Vec<String> {
    let schema = arguments.get("properties").and_then(|properties| properties.get(argument));
    let mut values = Vec::new();
    if let Some(schema) = schema {
        collect(schema, arguments, &mut values, 0);
    }
    let begins = |value: &String| value.get(..typed.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(typed));
    values.retain(begins);
    values
}

fn collect(schema: &Value, root: &Value, values: &mut Vec<String>, depth: usize) {
    /// Schemas inside others beyond this are not looked at: one may refer to itself.
    const DEEPEST: usize = 8;
    if depth > DEEPEST {
        return;
    }
    let mut add = |value: &str| {
        if !values.iter().any(|known| known == value) {
            values.push(value.to_owned());
        }
    };
    let choices = schema.get("enum").and_then(Value::as_array);
    choices.into_iter().flatten().chain(schema.get("const")).filter_map(Value::as_str).for_each(&mut add);
    let is_flag = match schema.get("type") {
        Some(Value::Array(types)) => types.iter().any(|kind| kind == "boolean"),
        kind => kind.is_some_and(|kind| kind == "boolean"),
    };
    if is_flag {
        ["true", "false"].into_iter().for_each(&mut add);
    }
    for keyword in ["anyOf", "oneOf", "allOf"] {
        let parts = schema.get(keyword).and_then(Value::as_array);
        parts.into_iter().flatten().for_each(|part| collect(part, root, values, depth + 1));
    }
    let reference = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    if let Some(part) = reference.and_then(|reference| root.pointer(reference)) {
        collect(part, root, values, depth + 1);
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;

    use super::*;

    #[derive(JsonSchema)]
    #[serde(rename_all = "lowercase")]
    #[expect(dead_code, reason = "for its schema")]
    enum Severity {
        /// Nobody is woken.
        Low,
        High,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "for its schema")]
    struct Incident {
        service: String,
        severity: Severity,
        before: Option<Severity>,
        page: bool,
        quiet: Option<bool>,
    }

    #[test]
    fn enums_and_flags_are_completed_from_the_schema() {
        let schema = crate::schema::json::of::<Incident>();
        let complete = |argument, typed| completions(&schema, argument, typed);
        for argument in ["severity", "before"] {
            assert_eq!(complete(argument, ""), ["high", "low"]);
            assert_eq!(complete(argument, "H"), ["high"]);
        }
        for argument in ["page", "quiet"] {
            assert_eq!(complete(argument, ""), ["true", "false"]);
            assert_eq!(complete(argument, "f"), ["false"]);
        }
        assert!(complete("service", "").is_empty() && complete("other", "").is_empty());
        assert!(complete("severity", "ü").is_empty());
    }
}
