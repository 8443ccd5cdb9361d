//! `cargo pmcp inspect task`.

use clap::Args;
use pmcp_client::{TaskState, TaskStatus};
use pmcp_protocol::is_page;
use serde_json::{Value, json};

use super::{Common, client, run};
use crate::{
    error::{Error, Result},
    form::Form,
    output::{self, string, table},
    shell::{Shell, write_text},
    text::{line, word},
};

/// Show a task: its state, variables and questions, and what to do next.
#[derive(Args, Debug)]
pub(crate) struct Task {
    /// Its id.
    id: String,
    #[command(flatten)]
    common: Common,
}

impl Task {
    pub(super) async fn run(self, shell: &Shell) -> Result {
        let mut server = self.common.connect(client(), shell).await?;
        let task = match server.client.request("tasks/get", json!({ "taskId": self.id })).await {
            Ok(task) => task,
            Err(error) => return Err(self.common.explain_task(&mut server, error).await),
        };
        server.close().await;
        if self.common.json {
            return output::json(&task);
        }
        let going_on = run::next(&task["_meta"], self.common.target.again());
        let state: TaskState = serde_json::from_value(task)
            .map_err(|error| Error::because("the server told of a task in another way than MCP does", &error))?;
        write_text(&shown(&state))?;
        if state.status.is_terminal() {
            return Ok(());
        }
        if let Some(next) = going_on.or_else(|| next(&state, self.common.target.again())) {
            shell.status("Next", &next);
        }
        Ok(())
    }
}

fn shown(state: &TaskState) -> String {
    let kept = state.ttl.map_or_else(|| "for ever".to_owned(), |ttl| format!("{} s from its creation", ttl.as_secs()));
    let rows = [
        ["task", &state.id],
        ["status", state.status.as_str()],
        ["message", state.message.as_deref().unwrap_or_default()],
        ["created", &state.created_at],
        ["changed", &state.last_updated_at],
        ["kept", &kept],
    ];
    let rows: Vec<_> = rows.into_iter().filter(|[_, value]| !value.is_empty()).map(|row| row.map(line)).collect();
    let mut text = table(&rows);
    let variables: Vec<_> = state
        .variables
        .iter()
        .flatten()
        .map(|(name, value)| [format!("  {}", line(name)), line(&value.to_string())])
        .collect();
    if !variables.is_empty() {
        text = format!("{text}variables\n{}", table(&variables));
    }
    let questions: Vec<_> = state
        .input_requests
        .iter()
        .map(|(key, question)| [format!("  {}", line(key)), line(&asked(&question.method, &question.params))])
        .collect();
    if !questions.is_empty() {
        text = format!("{text}questions\n{}", table(&questions));
    }
    match (&state.result, &state.error) {
        (Some(result), _) => {
            let blocks =
                result["content"].as_array().into_iter().flatten().map(output::block).collect::<Vec<_>>().join("\n");
            let word = if result["isError"] == true { "failed with" } else { "result" };
            format!("{text}{word}\n{blocks}")
        }
        (None, Some(error)) => format!("{text}failed with\n{} ({})", line(&error.message), error.code),
        (None, None) => text,
    }
}

/// The text of a question, and the fields of its form.
fn asked(method: &str, params: &Value) -> String {
    if method != "elicitation/create" {
        return method.to_owned();
    }
    if is_page(params) {
        return format!("{} (a page: {})", string(params, "message"), string(params, "url"));
    }
    let fields: Vec<_> = Form::new(&params["requestedSchema"])
        .fields
        .iter()
        .map(|field| format!("{}: {}", field.name, field.takes()))
        .collect();
    format!("{} ({})", string(params, "message"), fields.join("; "))
}

/// The command that brings the task on.
fn next(state: &TaskState, [server, command]: [Vec<String>; 2]) -> Option<String> {
    // Words of the server, which somebody puts into a shell.
    let id = word(&line(&state.id));
    match state.status {
        TaskStatus::Working => {
            let words = [vec![format!("wait, or cargo pmcp inspect cancel {id}")], server, command];
            Some(words.concat().join(" "))
        }
        TaskStatus::InputRequired => {
            let mut fields = Vec::new();
            let mut questions = state.input_requests.iter();
            if let Some((key, question)) = questions.find(|(_, question)| question.method == "elicitation/create") {
                if state.input_requests.len() > 1 {
                    fields.push(format!("--question {}", word(&line(key))));
                }
                let form = Form::new(&question.params["requestedSchema"]).fields;
                fields.extend(form.iter().map(|field| format!("{}=…", word(&line(&field.name)))));
            }
            let words = [vec![format!("cargo pmcp inspect answer {id}")], fields, server, command];
            Some(words.concat().join(" "))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_shown_with_its_link() {
        let params = json!({ "mode": "url", "message": "Give access.", "url": "https://notes.example/connect" });
        assert_eq!(asked("elicitation/create", &params), "Give access. (a page: https://notes.example/connect)");
    }

    #[test]
    fn names_of_a_server_are_words_of_the_command_and_no_commands() {
        let properties = json!({ "x; reboot #": { "type": "string" } });
        let state = json!({
            "taskId": "$(reboot)", "status": "input_required", "createdAt": "2026-01-01T00:00:00Z",
            "lastUpdatedAt": "2026-01-01T00:00:00Z", "ttlMs": null,
            "inputRequests": { "a": {
                "method": "elicitation/create",
                "params": { "message": "?", "requestedSchema": { "type": "object", "properties": properties } },
            } },
        });
        let state: TaskState = serde_json::from_value(state).unwrap();
        let next = next(&state, [Vec::new(), Vec::new()]).unwrap();
        assert_eq!(next, "cargo pmcp inspect answer '$(reboot)' 'x; reboot #'=…");
    }
}
