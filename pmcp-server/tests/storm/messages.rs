//! Messages that are well-formed, nearly so, or not at all.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// In place of the id of a task that the storm has met.
pub(crate) const TASK: &str = "$task";
/// In place of a `requestState` that the storm has met.
pub(crate) const STATE: &str = "$state";
/// In place of the key of a question that the storm has met.
const KEY: &str = "$key";
/// In place of the way an answer takes.
const WAY: &str = "$way";

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

/// Requests whose answer takes a question.
fn asking() -> Vec<(&'static str, Value)> {
    vec![
        ("tools/call", json!({ "name": "ask", "arguments": {} })),
        ("tools/call", json!({ "name": "ask", "arguments": {}, "task": {} })),
        ("tools/call", json!({ "name": "asked", "arguments": {} })),
        ("resources/read", json!({ "uri": "test://asks" })),
    ]
}

/// Methods with parameters as they should be. None of them waits for longer than a moment, but for questions.
fn requests() -> Vec<(&'static str, Value)> {
    let call = |name: &str, arguments: Value| json!({ "name": name, "arguments": arguments });
    let mut task = call("work", json!({ "steps": 3 }));
    task["task"] = json!({ "ttl": 60_000 });
    task["_meta"] = json!({ "progressToken": 1, "run.pmcp/variables": { "limit": 2 } });
    let mut again = call("ask", json!({}));
    let answers = json!({ KEY: { "action": "accept", "content": { "name": "anybody" } } });
    again["requestState"] = STATE.into();
    again["inputResponses"] = answers.clone();
    vec![
        ("ping", json!({})),
        ("initialize", json!({ "protocolVersion": "2025-11-25", "capabilities": { "elicitation": {} } })),
        ("server/discover", json!({})),
        ("tools/list", json!({ "cursor": "1" })),
        ("tools/call", call("echo", json!({ "text": "a", "numbers": [1, 2] }))),
        ("tools/call", call("work", json!({ "steps": 2 }))),
        ("tools/call", task),
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
    let request = prop_oneof![prop::sample::select(requests()), prop::sample::select(asking())];
    (request, id, any::<bool>(), prop::bool::weighted(0.75)).prop_map(|((method, params), id, modern, tasks)| {
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
    })
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
    key: Option<String>,
    reactions: usize,
}

/// What a message of the server calls for.
#[derive(Clone, Debug)]
pub(crate) enum Reaction {
    /// The server asks by a request with this id (2025-11-25 and before).
    Answer { id: Value },
    /// It asks in the result of this request, which is to come again with the answers (2026-07-28).
    Again { request: Value, state: Option<Value>, keys: Vec<String> },
    /// It asks in what this `tasks/get` says of the task (2026-07-28).
    Update { request: Value, keys: Vec<String> },
    /// This request made a task that may ask (2026-07-28).
    Look { request: Value, task: Value },
}

impl Met {
    /// Learns from what the server sent, in answer to this request if it is known.
    pub(crate) fn learn(&mut self, request: Option<&Value>, message: &Value) -> Option<Reaction> {
        let result = &message["result"];
        let task = result["taskId"].as_str().or_else(|| result["task"]["taskId"].as_str());
        if let Some(task) = task {
            self.task = Some(task.to_owned());
        }
        if let Some(state) = result["requestState"].as_str() {
            self.state = Some(state.to_owned());
        }
        let keys: Vec<String> = result["inputRequests"].as_object().into_iter().flat_map(Map::keys).cloned().collect();
        if let Some(key) = keys.last() {
            self.key = Some(key.clone());
        }
        if message["method"].is_string() {
            return message.get("id").map(|id| Reaction::Answer { id: id.clone() });
        }
        let request = request.filter(|request| request["params"].is_object())?.clone();
        match result["resultType"].as_str()? {
            "input_required" => Some(Reaction::Again { request, state: result.get("requestState").cloned(), keys }),
            "task" => Some(Reaction::Look { request, task: result["taskId"].clone() }),
            _ if !keys.is_empty() => Some(Reaction::Update { request, keys }),
            _ => None,
        }
    }

    /// The message of a reaction; `None` is silence.
    pub(crate) fn react(&mut self, reaction: Reaction, answers: &mut Answers) -> Option<Value> {
        self.reactions += 1;
        let way = reaction.way();
        let mut given = || Some(way_taken(answers.pop()??, way));
        let responses = |keys: Vec<String>, mut answer: Map<String, Value>| {
            let answer = answer.remove("result").or_else(|| answer.remove("error")).unwrap_or_default();
            keys.into_iter().map(|key| (key, answer.clone())).collect::<Map<_, _>>()
        };
        let mut message = match reaction {
            Reaction::Answer { id } => {
                let mut answer = given()?;
                answer.extend([("jsonrpc".into(), "2.0".into()), ("id".into(), id)]);
                return Some(answer.into());
            }
            Reaction::Again { mut request, state, keys } => {
                request["params"]["inputResponses"] = responses(keys, given()?).into();
                match state {
                    Some(state) => request["params"]["requestState"] = state,
                    None => drop(request["params"].as_object_mut()?.remove("requestState")),
                }
                request
            }
            Reaction::Update { mut request, keys } => {
                request["params"]["inputResponses"] = responses(keys, given()?).into();
                request["method"] = "tasks/update".into();
                request
            }
            Reaction::Look { request, task } => json!({
                "jsonrpc": "2.0", "method": "tasks/get",
                "params": { "taskId": task, "_meta": request["params"]["_meta"] },
            }),
        };
        message["id"] = format!("reaction {}", self.reactions).into();
        Some(message)
    }

    /// The text with what was met in its place.
    pub(crate) fn filled_in(&self, text: &str) -> String {
        let met = [(TASK, &self.task), (STATE, &self.state), (KEY, &self.key)];
        met.into_iter()
            .fold(text.to_owned(), |text, (place, met)| text.replace(place, met.as_deref().unwrap_or("none")))
    }
}

impl Reaction {
    /// The ways an answer can take to the function that asked: a good one gives the name of its way.
    pub(crate) const WAYS: [&str; 3] = ["answer", "again", "update"];

    fn way(&self) -> &'static str {
        let [answer, again, update] = Self::WAYS;
        match self {
            Self::Answer { .. } => answer,
            Self::Again { .. } => again,
            Self::Update { .. } | Self::Look { .. } => update,
        }
    }
}

fn way_taken(answer: Map<String, Value>, way: &str) -> Map<String, Value> {
    let text = Value::from(answer).to_string().replace(WAY, way);
    serde_json::from_str(&text).unwrap()
}

/// Answers to questions, the last one first; `None` is silence.
pub(crate) type Answers = Vec<Option<Map<String, Value>>>;

/// What a client may answer, most often as it should.
pub(crate) fn answer() -> impl Strategy<Value = Option<Map<String, Value>>> {
    let object = |value: Value| value.as_object().cloned();
    prop_oneof![
        8 => Just(object(json!({ "result": { "action": "accept", "content": { "name": WAY } } }))),
        1 => Just(object(json!({ "result": { "action": "decline" } }))),
        1 => Just(object(json!({ "error": { "code": -1, "message": "no" } }))),
        1 => anything().prop_map(move |value| object(json!({ "result": value }))),
        1 => anything().prop_map(move |value| object(json!({ "error": value }))),
        1 => Just(None),
    ]
}
