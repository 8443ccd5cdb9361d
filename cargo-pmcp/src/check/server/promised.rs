//! Schemas of results, held against the results. Servers write the schemas, and some never come to an end, so they have a thread of their own.

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{check::seen::Seen, output::string};

/// The time that all schemas of a server may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Something that is not as it was promised.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) message: String,
    pub(super) help: &'static str,
}

/// A schema, and what is held against it.
#[derive(Debug)]
struct Job {
    tool: String,
    schema: Value,
    results: Vec<Value>,
}

/// Looks at every schema. What comes after one that takes too long is not looked at.
pub(super) fn look(seen: &Seen, patience: Duration) -> Vec<Broken> {
    let promises = seen.shown.tools.iter().filter(|tool| !tool["outputSchema"].is_null());
    let jobs: Vec<_> = promises
        .map(|tool| {
            let name = string(tool, "name");
            let calls = seen.calls.iter().filter(|call| string(&call.tool, "name") == name);
            let results = calls.filter_map(|call| call.result.as_ref().ok());
            let results = results.filter(|result| result["isError"] != true).cloned().collect();
            Job { tool: name.to_owned(), schema: tool["outputSchema"].clone(), results }
        })
        .collect();
    let names: Vec<_> = jobs.iter().map(|job| job.tool.clone()).collect();
    let (sender, done) = mpsc::channel();
    // It ends with its last schema, or with the process.
    thread::spawn(move || jobs.iter().try_for_each(|job| sender.send(check(job))));
    let (mut broken, end) = (Vec::new(), Instant::now() + patience);
    for name in names {
        let Ok(found) = done.recv_timeout(end.saturating_duration_since(Instant::now())) else {
            broken.push(Broken {
                message: format!("`outputSchema` of the tool `{name}` could not be looked at within {patience:?}"),
                help: "write a schema that refers less often to others",
            });
            break;
        };
        broken.extend(found);
    }
    broken
}

fn check(Job { tool, schema, results }: &Job) -> Vec<Broken> {
    let broken = |message: String, help| vec![Broken { message, help }];
    let validator = match jsonschema::validator_for(schema) {
        Ok(validator) if schema.is_object() => validator,
        _ => return broken(format!("`outputSchema` of the tool `{tool}` is no JSON Schema"), "write one, or none"),
    };
    let of_result = |result: &Value| {
        let Some(given) = result.get("structuredContent") else {
            let message = format!("the tool `{tool}` promises a result by `outputSchema`, and gives none");
            return broken(message, "put it into `structuredContent`");
        };
        let Err(error) = validator.validate(given) else { return Vec::new() };
        let place = error.instance_path().to_string();
        let place = if place.is_empty() { String::new() } else { format!(" at `{place}`") };
        let message = format!("a result of the tool `{tool}` is not as its `outputSchema` says{place}: {error}");
        broken(message, "mend the result, or the schema")
    };
    results.iter().flat_map(of_result).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check::seen::{Call, Listing};

    #[test]
    fn a_schema_that_does_not_come_to_an_end_is_told() {
        const DEPTH: usize = 26;
        // Each part asks the next one twice.
        let part = |n: usize| {
            let next = json!({ "$ref": format!("#/$defs/{}", n + 1) });
            (n.to_string(), if n == DEPTH { json!({ "type": "null" }) } else { json!({ "anyOf": [next, next] }) })
        };
        let parts: serde_json::Map<_, _> = (0..=DEPTH).map(part).collect();
        let endless = json!({ "name": "endless", "outputSchema": { "$defs": parts, "$ref": "#/$defs/0" } });
        let quick = json!({ "name": "quick", "outputSchema": { "type": "number" } });
        let result = |tool: &Value| Call { tool: tool.clone(), result: Ok(json!({ "structuredContent": "x" })) };
        let calls = vec![result(&quick), result(&endless)];
        let shown = Listing { tools: vec![quick, endless], ..Listing::default() };
        let seen = Seen { shown, calls, ..Seen::default() };
        let broken = look(&seen, Duration::from_millis(100));
        let told: Vec<_> = broken.iter().map(|broken| broken.message.as_str()).collect();
        assert_eq!(
            told,
            [
                "a result of the tool `quick` is not as its `outputSchema` says: \"x\" is not of type \"number\"",
                "`outputSchema` of the tool `endless` could not be looked at within 100ms",
            ]
        );
    }
}
