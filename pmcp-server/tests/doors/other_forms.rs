//! What means the same in another form is taken as the same, and metadata as it comes.

use serde_json::{Value, json};

use crate::support::{Legacy, LineClient, Modern, bad_input_on_purpose, call, code, request, server, text, usual};

#[tokio::test]
async fn null_is_what_was_left_out() {
    let _spoilt = bad_input_on_purpose();
    let mut client = LineClient::begun(server().0, "2025-11-25", json!({})).await;
    for method in ["ping", "tools/list", "prompts/list", "resources/list", "resources/templates/list", "tasks/list"] {
        assert!(client.ask(1, method, Value::Null).await["result"].is_object(), "{method}");
    }
    let greet = json!({ "name": "greet", "arguments": { "name": "Ann", "tone": null } });
    let greeted = client.ask(3, "prompts/get", greet).await;
    assert_eq!(greeted["result"]["messages"][0]["content"]["text"], "Hello, Ann!", "{greeted}");
    for arguments in [Value::Null, json!({ "name": null })] {
        let refused = client.ask(4, "prompts/get", json!({ "name": "greet", "arguments": arguments })).await;
        assert_eq!(code(&refused), -32602);
        assert_eq!(refused["error"]["message"], "argument `name` is missing");
    }
    let create = json!({ "name": "must_be_task", "arguments": null, "task": { "ttl": 3_600_000.0 } });
    let created = client.ask(2, "tools/call", create).await;
    assert_eq!(created["result"]["task"]["ttl"], 3_600_000, "{created}");
    let (_running, http, _) = usual().await;
    let called = Modern::new("tools/call", json!({ "name": "fail", "arguments": null })).send(&http).await.json().await;
    assert_eq!(called["result"]["isError"], true, "{called}");
}

/// The id of a question as some clients give it back.
fn as_some_give_it_back(id: &Value) -> [Value; 3] {
    let number = u32::try_from(id.as_u64().unwrap()).unwrap();
    [id.clone(), number.to_string().into(), f64::from(number).into()]
}

#[tokio::test]
async fn an_answer_is_matched_however_its_id_is_written() {
    let _spoilt = bad_input_on_purpose();
    let answer = json!({ "action": "accept", "content": { "name": "Ann" } });
    let mut client = LineClient::begun(server().0, "2025-11-25", json!({ "elicitation": {} })).await;
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    for form in 0..3 {
        client.send(&request(1, "tools/call", call("ask_first", json!({})))).await;
        let question = client.receive().await;
        let id = &as_some_give_it_back(&question["id"])[form];
        // Some write every member, too.
        client.send(&json!({ "jsonrpc": "2.0", "id": id, "result": answer, "error": null })).await;
        assert_eq!(text(&client.receive().await), "hello Ann");

        let mut reply = legacy.send(1, "tools/call", call("ask_first", json!({}))).await;
        let question = reply.receive().await;
        let id = &as_some_give_it_back(&question["id"])[form];
        legacy.answer(&json!({ "id": id }), answer.clone()).await;
        assert_eq!(text(&reply.receive().await), "hello Ann");
    }
}

#[tokio::test]
async fn a_progress_token_that_is_none_asks_for_nothing() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, probe) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let mut client = LineClient::begun(server().0, "2025-11-25", json!({})).await;
    probe.open(6);
    for token in [json!(null), json!(true), json!(1.5), json!([]), json!({}), json!("x".repeat(257))] {
        let mut params = call("count", json!({ "to": 3 }));
        params["_meta"]["progressToken"] = token.clone();
        assert_eq!(text(&client.ask(1, "tools/call", params.clone()).await), "counted to 3", "{token}");
        assert_eq!(text(&legacy.send(1, "tools/call", params.clone()).await.json().await), "counted to 3", "{token}");
        let modern = Modern::new("tools/call", params).meta("progressToken", token.clone());
        assert_eq!(text(&modern.send(&http).await.json().await), "counted to 3", "{token}");
        let work = json!({ "name": "work", "task": {}, "_meta": { "progressToken": token } });
        let created = legacy.ask(2, "tools/call", work).await;
        let id = &created["result"]["task"]["taskId"];
        assert_eq!(text(&legacy.ask(3, "tasks/result", json!({ "taskId": id })).await), "worked");
        for (method, params) in
            [("tools/list", json!({})), ("prompts/get", json!({ "name": "greet", "arguments": { "name": "A" } }))]
        {
            let mut params = params;
            params["_meta"] = json!({ "progressToken": token });
            assert!(client.ask(4, method, params).await["result"].is_object(), "{method}");
        }
    }
}

#[tokio::test]
async fn an_id_that_is_a_whole_number_is_that_integer() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    let pong = legacy.ask(5.0, "ping", None).await;
    assert_eq!(pong["id"].to_string(), "5");
    let mut list = Modern::new("tools/list", json!({}));
    list.body["id"] = 5.0.into();
    let listed = list.send(&http).await.json().await;
    assert_eq!(listed["id"].to_string(), "5");
}
