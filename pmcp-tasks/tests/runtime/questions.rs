//! `#[ask]` parameters: answered before anything else happens, and no part of the arguments.

use std::sync::{Arc, Mutex};

use pmcp_tasks::{Limits, RpcError, ToolResult, call::Revision, tool::Arguments};
use serde_json::{Value, json};

use crate::support::*;

fn ann() -> Value {
    accept(json!({ "name": "Ann" }))
}

fn home() -> Value {
    accept(json!({ "street": "Elm", "number": 3 }))
}

/// Records what the tools are called with.
fn records(server: &Server) -> Arc<Mutex<Vec<Arguments>>> {
    let calls: Arc<Mutex<Vec<Arguments>>> = Arc::default();
    for tool in ["ask_name", "ask_both"] {
        let calls = calls.clone();
        server.world.on(tool, move |arguments, _| {
            calls.lock().unwrap().push(arguments);
            async { Ok(ToolResult::text("asked")) }
        });
    }
    calls
}

fn call(tool: &str, responses: Value) -> Value {
    json!({ "name": tool, "arguments": { "a": 1 }, "inputResponses": responses })
}

#[tokio::test]
async fn the_question_comes_before_the_task_and_needs_no_state() {
    let server = Server::new();
    let calls = records(&server);
    let client = server.v2026("ann");
    let reply = client.ok("tools/call", call("ask_name", Value::Null)).await;
    assert_eq!(
        reply,
        json!({
            "resultType": "input_required",
            "inputRequests": { "name": { "method": "elicitation/create", "params": {
                "mode": "form", "message": "What is your name?",
                "requestedSchema": { "type": "object", "properties": { "name": { "type": "string" } }, "required": ["name"] },
            } } },
        })
    );
    assert!(calls.lock().unwrap().is_empty());
    let created = client.ok("tools/call", call("ask_name", json!({ "name": ann() }))).await;
    assert_eq!(created["resultType"], "task");
    client.until(&id_of(&created), "completed").await;
    let calls = calls.lock().unwrap();
    assert_eq!((calls.len(), &calls[0].given), (1, json!({ "a": 1 }).as_object().unwrap()));
    assert_eq!(calls[0].answers, *json!({ "name": "Ann" }).as_object().unwrap());
}

#[tokio::test]
async fn a_struct_is_a_form_of_its_fields() {
    let server = Server::new();
    let calls = records(&server);
    let client = server.v2026("ann");
    let reply = client.ok("tools/call", call("ask_both", Value::Null)).await;
    let schema = &reply["inputRequests"]["address"]["params"]["requestedSchema"];
    let fields = json!({ "street": { "type": "string" }, "number": { "type": "integer", "minimum": 0 } });
    assert_eq!(*schema, json!({ "type": "object", "properties": fields, "required": ["street"] }));
    let result = client.ok("tools/call", call("ask_both", json!({ "name": ann(), "address": home() }))).await;
    assert_eq!(text_of(&result), "asked");
    let expected = json!({ "name": "Ann", "address": { "street": "Elm", "number": 3 } });
    assert_eq!(calls.lock().unwrap()[0].answers, *expected.as_object().unwrap());
}

#[tokio::test]
async fn with_an_answer_missing_or_malformed_everything_is_asked_again() {
    let server = Server::new();
    let calls = records(&server);
    let client = server.v2026("ann");
    let all = client.ok("tools/call", call("ask_both", json!({}))).await;
    for responses in [
        json!({ "name": ann() }),
        json!({ "address": home() }),
        json!({ "name": ann(), "address": 7 }),
        json!({ "name": ann(), "address": { "action": "perhaps" } }),
        json!({ "name": accept(json!({})), "address": home() }),
        json!({ "name": accept(json!({ "name": 7 })), "address": home() }),
        json!({ "name": ann(), "address": accept(json!(["Elm", 3])) }),
        json!({ "name": ann(), "address": accept(json!({ "street": "Elm", "number": "3" })) }),
        json!({ "other": ann() }),
        json!([]),
        json!(7),
    ] {
        // Nothing is kept in between: a client that answers what it is asked gets on.
        assert_eq!(client.ok("tools/call", call("ask_both", responses.clone())).await, all, "{responses}");
    }
    assert!(calls.lock().unwrap().is_empty());
}

#[tokio::test]
async fn declining_ends_the_call() {
    let server = Server::new();
    let calls = records(&server);
    let client = server.v2026("ann");
    for (action, text) in [
        ("decline", "the user declined to answer: `What is your name?`"),
        ("cancel", "the user dismissed the question: `What is your name?`"),
    ] {
        let responses = json!({ "name": { "action": action } });
        let result = client.ok("tools/call", call("ask_name", responses)).await;
        assert_eq!(
            (&result["resultType"], &result["isError"], text_of(&result)),
            (&json!("complete"), &json!(true), text)
        );

        let old = server.v2025("ann");
        old.stream.answers(move |_, _| Ok(json!({ "action": action })));
        let result = old.call("ask_name", json!({})).await.unwrap();
        assert_eq!((&result["isError"], text_of(&result)), (&json!(true), text));
        // Who asked for a task expects one or an error.
        let error = old.create("ask_name").await.unwrap_err();
        assert_eq!((error.code, error.message.as_str()), (-32602, text));
        assert_eq!(old.page(None).await.0, [] as [&str; 0]);
    }
    assert!(calls.lock().unwrap().is_empty());
}

#[tokio::test]
async fn earlier_revisions_are_asked_on_the_stream_of_the_call() {
    let server = Server::new();
    let calls = records(&server);
    for revision in [Revision::V2025, Revision::Plain] {
        let client = server.client(revision, user_owner("ann"));
        client.stream.answers(|_, params| Ok(if params["message"] == "What is your name?" { ann() } else { home() }));
        assert_eq!(text_of(&client.call("ask_both", json!({})).await.unwrap()), "asked");
        assert_eq!(client.stream.requests().len(), 2);
        assert!(client.session.requests().is_empty());
        assert_eq!(calls.lock().unwrap().pop().unwrap().answers.len(), 2);
    }
    let client = server.v2025("ann");
    client.stream.answers(|_, _| Ok(ann()));
    let id = client.start("ask_name").await;
    assert_eq!(text_of(&client.result(&id).await.unwrap()), "asked");
    assert_eq!(calls.lock().unwrap()[0].answers, *json!({ "name": "Ann" }).as_object().unwrap());
}

#[tokio::test]
async fn who_cannot_be_asked_is_refused() {
    let server = Server::new();
    let error = server.v2026("ann").without_elicitation().err("tools/call", call("ask_name", Value::Null)).await;
    assert_eq!((error.code, error.data), (-32021, Some(json!({ "requiredCapabilities": { "elicitation": {} } }))));
    let error = server.v2025("ann").without_elicitation().call("ask_name", json!({})).await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (-32602, "tool `ask_name` asks the user, and the client cannot"));
    let client = server.v2025("ann");
    client.stream.answers(|_, _| Err(RpcError::new(-1, "no")));
    let refused = client.call("ask_name", json!({})).await.unwrap();
    let text = "the client refused the question with the error -1: `What is your name?`";
    assert_eq!((&refused["isError"], text_of(&refused)), (&json!(true), text));
}

#[tokio::test]
async fn cancelling_the_request_ends_the_question() {
    let server = Server::new();
    let (client, cancel) = server.v2025("ann").cancellable();
    let waiting = client.spawn("tools/call", call("ask_name", Value::Null));
    eventually("the question", || client.stream.requests().len() == 1).await;
    cancel.cancel();
    assert_eq!(waiting.await.unwrap().unwrap_err().message, "cancelled");
    assert_eq!(client.stream.abandoned(), 1);
}

#[tokio::test]
async fn a_question_that_nobody_answers_ends() {
    let server = Server::new();
    let client = server.v2025("ann");
    let waiting = client.spawn("tools/call", call("ask_name", Value::Null));
    eventually("the question", || client.stream.requests().len() == 1).await;
    server.clock.advance(pmcp_tasks::Limits::default().question_ttl).await;
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (-32603, "the user did not answer in time"));
    assert_eq!(client.stream.abandoned(), 1);
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_refused() {
    let server = Server::with(Limits { max_answer: 100, ..Limits::default() });
    let calls = records(&server);
    let large = accept(json!({ "name": "x".repeat(100) }));
    let refusal = format!("the answer to `name` has {} bytes; 100 are allowed", large.to_string().len());
    let client = server.v2026("ann");
    let error = client.err("tools/call", call("ask_name", json!({ "name": large }))).await;
    assert_eq!((error.code, &error.message), (-32602, &refusal));
    for revision in [Revision::V2025, Revision::Plain] {
        let client = server.client(revision, user_owner("ann"));
        let answer = large.clone();
        client.stream.answers(move |_, _| Ok(answer.clone()));
        let result = client.call("ask_name", json!({})).await.unwrap();
        assert_eq!((&result["isError"], text_of(&result)), (&json!(true), refusal.as_str()));
        // As often as one that does not fit.
        assert_eq!(client.stream.requests().len(), 3);
    }
    let client = server.v2025("ann");
    let answer = large.clone();
    client.stream.answers(move |_, _| Ok(answer.clone()));
    let error = client.create("ask_name").await.unwrap_err();
    assert_eq!((error.code, &error.message), (-32602, &refusal));
    assert!(calls.lock().unwrap().is_empty());
    // One that is as large as it may be.
    let fits = accept(json!({ "name": "x".repeat(200 - large.to_string().len()) }));
    assert_eq!(fits.to_string().len(), 100);
    let created = server.v2026("ann").ok("tools/call", call("ask_name", json!({ "name": fits }))).await;
    assert_eq!(created["resultType"], "task");
}
