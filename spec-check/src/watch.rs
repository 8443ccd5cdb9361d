//! What watches the messages of a test as they pass.

use std::{cell::Cell, collections::HashMap, fmt::Write as _, marker::PhantomData};

use serde_json::{Value, json};

use crate::{
    client,
    rules::{Emitted, Inspector, Revision},
    schema::Schemas,
};

thread_local! {
    static ON_PURPOSE: Cell<usize> = const { Cell::new(0) };
    static CHECKED: Cell<usize> = const { Cell::new(0) };
}

/// Until it is dropped, messages of clients are not checked on this thread.
#[derive(Debug)]
#[must_use = "what is sent after it was dropped is checked"]
pub struct BadInput(PhantomData<*const ()>);

/// Lets this test send what no client should.
pub fn bad_input_on_purpose() -> BadInput {
    ON_PURPOSE.with(|tests| tests.set(tests.get() + 1));
    BadInput(PhantomData)
}

impl Drop for BadInput {
    fn drop(&mut self) {
        ON_PURPOSE.with(|tests| tests.set(tests.get() - 1));
    }
}

/// How many messages of servers were checked on this thread.
#[must_use]
pub fn checked() -> usize {
    CHECKED.with(Cell::get)
}

/// Watches one connection: a pair of streams, or one exchange over HTTP.
#[derive(Debug)]
pub struct Watch {
    /// By their ids; a test may use one twice.
    requests: HashMap<String, Vec<Value>>,
    /// The methods of the server's requests.
    asked: HashMap<String, String>,
    inspectors: Option<[Inspector<'static>; 2]>,
}

/// The revision of a request: the versions before 2026-07-28 differ in what they leave out.
fn revision(request: &Value) -> Revision {
    let meta = &request["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"];
    let is_modern = !meta.is_null() || request["method"] == "server/discover";
    if is_modern { Revision::V2026 } else { Revision::V2025 }
}

impl Default for Watch {
    fn default() -> Self {
        Self::new()
    }
}

impl Watch {
    /// One that has not seen anything.
    #[must_use]
    pub fn new() -> Self {
        let inspectors = Schemas::from_environment()
            .map(|schemas| [Revision::V2025, Revision::V2026].map(|revision| Inspector::new(schemas, revision, &[])));
        Self { requests: HashMap::new(), asked: HashMap::new(), inspectors }
    }

    /// The client sends this.
    ///
    /// # Panics
    /// No client should, and no test said so.
    pub fn client(&mut self, message: &Value) {
        self.client_sloppily(message);
        let Some(schemas) = Schemas::from_environment().filter(|_| ON_PURPOSE.with(Cell::get) == 0) else { return };
        for message in each(message) {
            let revisions = match message.get("method") {
                Some(_) if message.get("id").is_some() => vec![revision(message)],
                _ => vec![Revision::V2025, Revision::V2026],
            };
            let asked = message.get("id").and_then(|id| self.asked.get(&key(id))).map(String::as_str);
            let mistakes: Vec<_> =
                revisions.into_iter().map(|revision| client::mistakes(schemas, revision, message, asked)).collect();
            let fits = mistakes.iter().any(Vec::is_empty);
            assert!(fits, "no client sends\n{message}\n  {}", mistakes[0].join("\n  "));
        }
    }

    /// The client sends this, however wrong it is.
    pub fn client_sloppily(&mut self, message: &Value) {
        for message in each(message).filter(|message| message["method"].is_string()) {
            if let Some(id) = message.get("id") {
                self.requests.entry(key(id)).or_default().push(message.clone());
            }
        }
    }

    /// The server sends this.
    ///
    /// # Panics
    /// It does not fit the schemas of its revision.
    pub fn server(&mut self, message: &Value) {
        for message in each(message) {
            self.inspect(message);
        }
    }

    fn inspect(&mut self, message: &Value) {
        let Some([inspector_2025, inspector_2026]) = &mut self.inspectors else { return };
        if let (Some(method), Some(id)) = (message["method"].as_str(), message.get("id")) {
            self.asked.insert(key(id), method.to_owned());
        }
        CHECKED.with(|checked| checked.set(checked.get() + 1));
        let answers = message.get("result").is_some() || message.get("error").is_some();
        let id = message.get("id").map(key).unwrap_or_default();
        let requests = self.requests.get(&id).filter(|_| answers).map_or(&[][..], |requests| requests);
        let mut candidates: Vec<(Revision, Option<Value>)> =
            requests.iter().map(|request| (revision(request), Some(request.clone()))).collect();
        if candidates.is_empty() {
            candidates = vec![(Revision::V2025, None), (Revision::V2026, None)];
        }
        let mut wrong = String::new();
        for (revision, request) in candidates {
            let emitted = Emitted { request, message: message.clone() };
            let inspector = if revision == Revision::V2025 { &mut *inspector_2025 } else { &mut *inspector_2026 };
            inspector.learn(&emitted);
            let mistakes = inspector.mistakes(&emitted);
            if mistakes.is_empty() {
                return;
            }
            // Writing to a `String` does not fail.
            let _ = write!(wrong, "\n{}: {emitted}\n  {}", revision.version(), mistakes.join("\n  "));
        }
        panic!("a message of the server that does not fit:{wrong}");
    }
}

/// An id, whichever way it is written: 1.0 is answered as 1.
fn key(id: &Value) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "what is whole and that small is an integer")]
    let whole = id.as_f64().filter(|it| id.is_f64() && it.fract() == 0.0 && it.abs() < 1e15).map(|it| it as i64);
    whole.map_or_else(|| id.to_string(), |whole| whole.to_string())
}

/// The messages of a batch, or the message.
fn each(message: &Value) -> impl Iterator<Item = &Value> {
    let batch = message.as_array();
    batch.into_iter().flatten().chain(batch.is_none().then_some(message))
}

/// Fails unless a result or an error may answer this request, where a test has no transport to watch.
///
/// # Panics
/// It does not fit the schemas of its revision.
pub fn assert_answer(revision: Revision, method: &str, params: &Value, answer: Result<&Value, &Value>) {
    let Some(schemas) = Schemas::from_environment() else { return };
    let message = match answer {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": 1, "result": result }),
        Err(error) => json!({ "jsonrpc": "2.0", "id": 1, "error": error }),
    };
    let emitted = Emitted { request: Some(json!({ "id": 1, "method": method, "params": params })), message };
    let mistakes = Inspector::new(schemas, revision, &[]).mistakes(&emitted);
    assert!(mistakes.is_empty(), "{}: {emitted}\n  {}", revision.version(), mistakes.join("\n  "));
}

#[cfg(test)]
mod tests {
    mod needs_mcp_spec_dir {
        use serde_json::{Value, json};

        use crate::{Watch, bad_input_on_purpose};

        fn asked(id: &Value) -> Watch {
            let mut watch = Watch::new();
            watch.client(&json!({ "jsonrpc": "2.0", "id": id, "method": "ping" }));
            watch
        }

        #[test]
        #[ignore = "needs MCP_SPEC_DIR"]
        fn what_fits_passes() {
            let mut watch = asked(&json!(1));
            watch.server(&json!({ "jsonrpc": "2.0", "id": 1, "result": {} }));
            watch.server(&json!([{ "jsonrpc": "2.0", "id": 1, "error": { "code": 1, "message": "no" } }]));
            let _spoilt = bad_input_on_purpose();
            watch.client(&json!({ "jsonrpc": "2.0", "id": 1, "method": "no/such" }));
        }

        #[test]
        #[should_panic(expected = "it answers no request")]
        #[ignore = "needs MCP_SPEC_DIR"]
        fn a_result_under_another_id_is_found() {
            asked(&json!(1)).server(&json!({ "jsonrpc": "2.0", "id": "1", "result": {} }));
        }

        #[test]
        #[should_panic(expected = "'more' was unexpected")]
        #[ignore = "needs MCP_SPEC_DIR"]
        fn a_message_of_a_batch_that_does_not_fit_is_found() {
            asked(&json!(1)).server(&json!([{ "jsonrpc": "2.0", "id": 1, "result": { "more": 1 } }]));
        }

        #[test]
        #[should_panic(expected = "no client sends")]
        #[ignore = "needs MCP_SPEC_DIR"]
        fn what_was_allowed_once_is_not_allowed_for_ever() {
            drop(bad_input_on_purpose());
            asked(&json!({}));
        }
    }
}
