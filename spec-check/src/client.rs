//! Which definition a message of a client has to fit.

use serde_json::Value;

use crate::{
    rules::Revision,
    schema::{Schemas, Source},
};

/// What clients answer to the requests of a server (2025-11-25).
const ANSWERS: [(&str, &str); 4] = [
    ("elicitation/create", "ElicitResult"),
    ("sampling/createMessage", "CreateMessageResult"),
    ("roots/list", "ListRootsResult"),
    ("ping", "EmptyResult"),
];

/// What is wrong with a message of a client; an answer is to this request of the server, if it is known.
pub(crate) fn mistakes(schemas: &Schemas, revision: Revision, message: &Value, asked: Option<&str>) -> Vec<String> {
    let fits = |definition: &str, value: &Value| schemas.mistakes(revision.source(), definition, value);
    let mut mistakes = fits("JSONRPCMessage", message);
    let Some(method) = message["method"].as_str() else {
        if revision == Revision::V2026 {
            mistakes.push("no client answers requests in this revision".into());
        } else if let Some(result) = message.get("result") {
            let possible = ANSWERS.iter().filter(|(method, _)| asked.is_none_or(|asked| asked == *method));
            let answers: Vec<_> = possible.map(|(_, answer)| fits(answer, result)).collect();
            if !answers.iter().any(Vec::is_empty) {
                mistakes.extend(answers.concat());
            }
        }
        return mistakes;
    };
    mistakes.extend(match self::definition(revision, method) {
        Some((source, definition)) => schemas.mistakes(source, definition, message),
        None => vec![format!("no client sends `{method}` in {}", revision.version())],
    });
    if let ("subscriptions/listen", Some(filter)) = (method, message.pointer("/params/notifications")) {
        mistakes.extend(schemas.mistakes(Source::TasksExtension, "TaskSubscriptionNotifications", filter));
    }
    mistakes
}

fn definition(revision: Revision, method: &str) -> Option<(Source, &'static str)> {
    let common = match method {
        "tools/list" => "ListToolsRequest",
        "tools/call" => "CallToolRequest",
        "prompts/list" => "ListPromptsRequest",
        "prompts/get" => "GetPromptRequest",
        "resources/list" => "ListResourcesRequest",
        "resources/templates/list" => "ListResourceTemplatesRequest",
        "resources/read" => "ReadResourceRequest",
        "completion/complete" => "CompleteRequest",
        "notifications/cancelled" => "CancelledNotification",
        _ => return own(revision, method),
    };
    Some((revision.source(), common))
}

/// What only this revision has, or has in its own form.
fn own(revision: Revision, method: &str) -> Option<(Source, &'static str)> {
    let (source, extension) = (revision.source(), Source::TasksExtension);
    Some(match (revision, method) {
        (Revision::V2025, "initialize") => (source, "InitializeRequest"),
        (Revision::V2025, "ping") => (source, "PingRequest"),
        (Revision::V2025, "logging/setLevel") => (source, "SetLevelRequest"),
        (Revision::V2025, "resources/subscribe") => (source, "SubscribeRequest"),
        (Revision::V2025, "resources/unsubscribe") => (source, "UnsubscribeRequest"),
        (Revision::V2025, "tasks/get") => (source, "GetTaskRequest"),
        (Revision::V2025, "tasks/result") => (source, "GetTaskPayloadRequest"),
        (Revision::V2025, "tasks/cancel") => (source, "CancelTaskRequest"),
        (Revision::V2025, "tasks/list") => (source, "ListTasksRequest"),
        (Revision::V2025, "notifications/initialized") => (source, "InitializedNotification"),
        (Revision::V2025, "notifications/progress") => (source, "ProgressNotification"),
        (Revision::V2025, "notifications/roots/list_changed") => (source, "RootsListChangedNotification"),
        // Our extension to that revision.
        (Revision::V2025, "tasks/update") => (source, "JSONRPCRequest"),
        (Revision::V2026, "server/discover") => (source, "DiscoverRequest"),
        (Revision::V2026, "subscriptions/listen") => (source, "SubscriptionsListenRequest"),
        (Revision::V2026, "tasks/get") => (extension, "GetTaskRequest"),
        (Revision::V2026, "tasks/update") => (extension, "UpdateTaskRequest"),
        (Revision::V2026, "tasks/cancel") => (extension, "CancelTaskRequest"),
        _ => return None,
    })
}
