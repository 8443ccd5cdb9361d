//! A run of a workflow that is not over: the call that goes on with it, as `_meta` of an answer tells it.

use serde_json::Value;

use crate::{
    output::string,
    shell::Shell,
    target::{Connected, TargetArgs},
    text::{line, word},
};

/// The key in `_meta` under which a server tells of a run.
const WORKFLOW: &str = "run.pmcp/workflow";

/// Tells how to go on with what an answer has left open: by a command, or, where the server ends with this one, by another way to start it.
pub(super) fn tell(result: &Value, server: &Connected, target: &TargetArgs, shell: &Shell) {
    let Some(next) = next(&result["_meta"], target.again()) else { return };
    if server.is_ours() {
        leave(shell);
    } else {
        shell.status("Next", &next);
    }
}

/// Warns that what is left open ends with the server.
pub(super) fn leave(shell: &Shell) {
    shell.warn(
        "this server ends now, and with it what it keeps in memory: to go on, start it with `--http 127.0.0.1:8080`, and pass \
         `--url http://127.0.0.1:8080/mcp`",
    );
}

/// The command that goes on with the run which `_meta` tells of; `None` if there is none, or it waits for nobody.
pub(super) fn next(meta: &Value, [server, command]: [Vec<String>; 2]) -> Option<String> {
    let run = &meta[WORKFLOW];
    let call = call(run)?;
    Some([vec![format!("cargo pmcp inspect call {call}")], server, command].concat().join(" "))
}

/// The name of the tool, and what is known of its arguments.
fn call(run: &Value) -> Option<String> {
    if let Some(next) = run["next"].as_array() {
        let next = next.first()?;
        let arguments = next["arguments"].as_object().into_iter().flatten();
        let arguments = arguments.map(|(name, value)| format!(" {}={}", word(&line(name)), shown(value)));
        return Some(format!("{}{}", word(&line(string(next, "tool"))), arguments.collect::<String>()));
    }
    // A task tells in short how its run stands.
    if run["state"] != "waiting" {
        return None;
    }
    let id = word(&line(string(run, "taskId")));
    let step = run["pause"]["step"].as_str()?;
    let is_open = |given: &&Value| given["name"] == step && given["state"] == "open";
    Some(match run["steps"].as_array()?.iter().find(is_open) {
        Some(open) if open["tool"].is_string() => format!("{} _task_id={id} …", word(&line(string(open, "tool")))),
        Some(_) => format!("workflow_continue _task_id={id} step={} result=…", word(&line(step))),
        None => format!("workflow_continue _task_id={id} action=retry"),
    })
}

/// A value as it is typed; what a person has to think of is left out.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if !text.starts_with('<') => word(&line(text)),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => "…".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_run_is_gone_on_with_by_the_call_that_it_tells() {
        let after = |run: Value| {
            next(&json!({ WORKFLOW: run }), [vec!["--url http://a/mcp".to_owned()], Vec::new()])
                .map(|next| next.replace("cargo pmcp inspect call ", "").replace(" --url http://a/mcp", ""))
        };
        let arguments = json!({ "_task_id": "7", "result": { "approved": "<yes or no>" }, "step": "a b" });
        let told = json!({ "next": [{ "tool": "workflow_continue", "arguments": arguments }] });
        assert_eq!(after(told).as_deref(), Some("workflow_continue _task_id=7 result=… step='a b'"));
        assert_eq!(after(json!({ "state": "completed", "next": [] })), None);
        let waiting = |step: Value| json!({ "taskId": "7", "state": "waiting", "pause": { "step": step["name"], "reason": "client" }, "steps": [step] });
        let colour = json!({ "name": "colour", "state": "open" });
        assert_eq!(after(waiting(colour)).as_deref(), Some("workflow_continue _task_id=7 step=colour result=…"));
        let look = json!({ "name": "look", "state": "open", "tool": "inspect" });
        assert_eq!(after(waiting(look)).as_deref(), Some("inspect _task_id=7 …"));
        let paint = json!({ "name": "paint", "state": "failed" });
        assert_eq!(after(waiting(paint)).as_deref(), Some("workflow_continue _task_id=7 action=retry"));
        assert_eq!(after(json!({ "state": "running", "steps": [] })), None);
        assert_eq!(next(&Value::Null, [Vec::new(), Vec::new()]), None);
    }
}
