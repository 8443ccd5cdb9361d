//! Messages that are well-formed, nearly so, or not at all.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// In place of the id of a task that the storm has met.
pub(crate) const TASK: &str = "$task";
/// In place of a `requestState` that the storm has met.
pub(crate) const STATE: &str = "$state";

/// Which era a message claims to be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    Legacy,
    Modern,
}

/// Any JSON, with a taste for what the protocol has names for.
pub(crate) fn anything() -> BoxedStrategy<Value> {
    let text = prop_oneof![
        ".{0,12}".boxed(),
        prop::sample::select(vec!["", "\0", "💥", "2.0", "2026-07-28", "__proto__", "../..", TASK, "=?base64?/w==?="])
            .prop_map(str::to_owned)
            .boxed(),
        (1_usize..3000).prop_map(|n| "x".repeat(n)).boxed(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec![0, 1, u64::MAX, u64::from(u32::MAX)]).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..5).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
    .boxed()
}

fn key() -> impl Strategy<Value = String> {
    let known = [
        "_meta",
        "arguments",
        "cursor",
        "id",
        "inputResponses",
        "jsonrpc",
        "method",
        "name",
        "params",
        "progressToken",
        "requestId",
        "requestState",
        "result",
        "error",
        "task",
        "taskId",
        "taskIds",
        "ttl",
        "uri",
        "io.modelcontextprotocol/related-task",
        "run.pmcp/variables",
    ];
    prop_oneof![3 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => ".{0,8}"]
}

/// Methods with parameters as they should be. None of them waits for longer than a moment, but for questions.
fn requests() -> Vec<(&'static str, Value)> {
    let call = |name: &str, arguments: Value| json!({ "name": name, "arguments": arguments });
    let mut task = call("work", json!({ "steps": 3 }));
    task["task"] = json!({ "ttl": 60_000 });
    task["_meta"] = json!({ "progressToken": 1, "run.pmcp/variables": { "limit": 2 } });
    let mut again = call("ask", json!({}));
    again["requestState"] = STATE.into();
    again["inputResponses"] = json!({ "1": { "action": "accept", "content": { "name": "x" } } });
    let answers = json!({ "1": { "action": "accept", "content": { "name": "x" } } });
    vec![
        ("ping", json!({})),
        ("initialize", json!({ "protocolVersion": "2025-11-25", "capabilities": { "elicitation": {} } })),
        ("server/discover", json!({})),
        ("tools/list", json!({ "cursor": "1" })),
        ("tools/call", call("echo", json!({ "text": "a", "numbers": [1, 2] }))),
        ("tools/call", call("work", json!({ "steps": 2 }))),
        ("tools/call", task),
        ("tools/call", call("ask", json!({}))),
        ("tools/call", call("asked", json!({}))),
        ("tools/call", again),
        ("tasks/get", json!({ "taskId": TASK })),
        ("tasks/list", json!({})),
        ("tasks/result", json!({ "taskId": TASK })),
        ("tasks/cancel", json!({ "taskId": TASK })),
        ("tasks/update", json!({ "taskId": TASK, "inputResponses": answers })),
        (
            "tasks/update",
            json!({ "taskId": TASK, "inputResponses": {}, "_meta": { "run.pmcp/variables": { "limit": 1 } } }),
        ),
        ("subscriptions/listen", json!({ "notifications": { "taskIds": [TASK] } })),
        ("prompts/list", json!({})),
        ("prompts/get", json!({ "name": "show", "arguments": { "subject": "a" } })),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        ("resources/read", json!({ "uri": "test://item/1" })),
        ("resources/read", json!({ "uri": "test://asks" })),
        ("logging/setLevel", json!({ "level": "debug" })),
        (
            "completion/complete",
            json!({ "ref": { "type": "ref/prompt", "name": "show" }, "argument": { "name": "subject", "value": "" } }),
        ),
        ("notifications/cancelled", json!({ "requestId": 3 })),
        ("notifications/initialized", json!({})),
    ]
}

/// A message as it should be. Ids of requests are texts, other than those of the storm's own requests.
pub(crate) fn well_formed() -> impl Strategy<Value = (Era, Value)> {
    let id = prop_oneof![(0_u64..100_000).prop_map(Value::from), "[a-z]{3,6}".prop_map(Value::from)];
    (prop::sample::select(requests()), id, any::<bool>(), any::<bool>()).prop_map(
        |((method, params), id, modern, tasks)| {
            let mut message = json!({ "jsonrpc": "2.0", "method": method, "params": params });
            if !method.starts_with("notifications/") {
                message["id"] = id;
            }
            if !modern {
                return (Era::Legacy, message);
            }
            let extensions = if tasks { json!({ "io.modelcontextprotocol/tasks": {} }) } else { json!({}) };
            let capabilities = json!({ "elicitation": {}, "extensions": extensions });
            let meta = &mut message["params"]["_meta"];
            meta["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
            meta["io.modelcontextprotocol/clientCapabilities"] = capabilities;
            (Era::Modern, message)
        },
    )
}

/// A change to one member of a message.
#[derive(Clone, Debug)]
enum Change {
    Replace(Value),
    Remove,
    Add(String, Value),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => anything().prop_map(Change::Replace),
        1 => Just(Change::Remove),
        2 => (key(), anything()).prop_map(|(key, value)| Change::Add(key, value)),
    ]
}

/// Finds the member with this number, counted depth first, and what holds it.
fn changed(value: &mut Value, number: &mut usize, change: &Change) -> bool {
    if *number == 0 {
        match (change, value) {
            (Change::Replace(other), value) => *value = other.clone(),
            (Change::Add(key, other), Value::Object(fields)) => drop(fields.insert(key.clone(), other.clone())),
            (Change::Add(_, other), Value::Array(items)) => items.push(other.clone()),
            (_, value) => *value = Value::Null,
        }
        return true;
    }
    *number -= 1;
    match value {
        Value::Object(fields) => {
            let removes = matches!(change, Change::Remove) && *number < fields.len();
            if removes {
                let key = fields.keys().nth(*number).cloned().unwrap_or_default();
                fields.remove(&key);
                return true;
            }
            fields.values_mut().any(|value| changed(value, number, change))
        }
        Value::Array(items) => items.iter_mut().any(|value| changed(value, number, change)),
        _ => false,
    }
}

/// A message with some members changed.
pub(crate) fn nearly_well_formed() -> impl Strategy<Value = (Era, Value)> {
    let changes = prop::collection::vec((0_usize..24, change()), 1..4);
    (well_formed(), changes).prop_map(|((era, mut message), changes)| {
        for (mut number, change) in changes {
            changed(&mut message, &mut number, &change);
        }
        (era, message)
    })
}

/// Text that is special to parsers.
fn special() -> BoxedStrategy<Vec<u8>> {
    let fixed: Vec<Vec<u8>> = [
        "\u{feff}{}".to_owned(),
        r#"{"jsonrpc":"2.0","id":"\ud800","method":"ping"}"#.into(),
        r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping","method":"tools/list"}"#.into(),
        r#"{"jsonrpc":"2.0","id":1e400,"method":"ping"}"#.into(),
        r#"{"jsonrpc":"2.0","id":-0,"method":"ping"}"#.into(),
        r#"{"jsonrpc":"2.0","id":1.0,"method":"ping"}"#.into(),
        format!(r#"{{"jsonrpc":"2.0","id":{},"method":"ping"}}"#, "9".repeat(5000)),
        format!(r#"{{"jsonrpc":"2.0","id":"{}","method":"ping"}}"#, "i".repeat(100_000)),
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{}"}}"#, "m".repeat(100_000)),
        "[".repeat(100_000),
        r#"{"a":"#.repeat(50_000),
        format!("{}1{}", "[".repeat(120), "]".repeat(120)),
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{}{}}}"#, r#"{"a":"#.repeat(100), "}".repeat(100)),
        "null".into(),
        "[]".into(),
        r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#.into(),
    ]
    .into_iter()
    .map(String::into_bytes)
    .collect();
    prop::sample::select(fixed).boxed()
}

/// Changes to the bytes of a message.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let damage = (any::<prop::sample::Index>(), any::<u8>(), 0_u8..4);
    (well_formed(), prop::collection::vec(damage, 1..4)).prop_map(|((_, message), damages)| {
        let mut bytes = message.to_string().into_bytes();
        for (at, byte, kind) in damages {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => bytes.truncate(at),
                _ => bytes.extend_from_within(at..),
            }
        }
        bytes
    })
}

/// What a storm sends.
#[derive(Clone, Debug)]
pub(crate) enum Sent {
    Message(Era, Value),
    Bytes(Vec<u8>),
}

pub(crate) fn sent() -> impl Strategy<Value = Sent> {
    prop_oneof![
        6 => well_formed().prop_map(|(era, message)| Sent::Message(era, message)),
        6 => nearly_well_formed().prop_map(|(era, message)| Sent::Message(era, message)),
        1 => anything().prop_map(|value| Sent::Message(Era::Legacy, value)),
        2 => damaged().prop_map(Sent::Bytes),
        1 => special().prop_map(Sent::Bytes),
        1 => prop::collection::vec(any::<u8>(), 0..200).prop_map(Sent::Bytes),
    ]
}

/// What a storm has met, to be used again.
#[derive(Debug, Default)]
pub(crate) struct Met {
    task: Option<String>,
    state: Option<String>,
}

impl Met {
    /// Learns from what the server sent.
    pub(crate) fn learn(&mut self, message: &Value) {
        let result = &message["result"];
        let task = result["taskId"].as_str().or_else(|| result["task"]["taskId"].as_str());
        if let Some(task) = task {
            self.task = Some(task.to_owned());
        }
        if let Some(state) = result["requestState"].as_str() {
            self.state = Some(state.to_owned());
        }
    }

    /// The text with what was met in its place.
    pub(crate) fn filled_in(&self, text: &str) -> String {
        let text = text.replace(TASK, self.task.as_deref().unwrap_or("none"));
        text.replace(STATE, self.state.as_deref().unwrap_or("none"))
    }
}

/// An answer to a question of the server; `None` is silence.
pub(crate) fn answers() -> impl Strategy<Value = Option<Map<String, Value>>> {
    let object = |value: Value| value.as_object().cloned();
    prop_oneof![
        Just(object(json!({ "result": { "action": "accept", "content": { "name": "x" } } }))),
        Just(object(json!({ "result": { "action": "decline" } }))),
        Just(object(json!({ "error": { "code": -1, "message": "no" } }))),
        anything().prop_map(move |value| object(json!({ "result": value }))),
        anything().prop_map(move |value| object(json!({ "error": value }))),
        Just(None),
    ]
}
