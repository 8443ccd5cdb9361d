//! What 2026-07-28 results carry: their type, the server, how long they may be kept; lists in pages; resources; prompts.

use pmcp_tasks::Limits;
use serde_json::{Value, json};

use crate::support::{
    Http, Legacy, Modern, bad_input_on_purpose, call, code, listening, server, text, usual, with_tasks,
};

const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

async fn ask(http: &Http, method: &str, params: Value) -> Value {
    http.modern(method, params).await.response().await
}

#[tokio::test]
async fn every_result_says_what_it_is_and_whose() {
    let (_running, http, _) = usual().await;
    let created = Modern::of("tools/call", call("work", json!({})), with_tasks()).send(&http).await.json().await;
    assert_eq!(created["result"]["resultType"], "task");
    assert!(created["result"].get("result").is_none() && created["result"].get("inputRequests").is_none());
    let id = created["result"]["taskId"].clone();
    let mut results = vec![created["result"].clone()];
    for (method, params) in [
        ("server/discover", json!({})),
        ("tools/list", json!({})),
        ("tools/call", call("echo", json!({ "text": "x" }))),
        ("prompts/list", json!({})),
        ("prompts/get", json!({ "name": "greet", "arguments": { "name": "Ann" } })),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        ("resources/read", json!({ "uri": "test://note" })),
        ("tasks/get", json!({ "taskId": id })),
        ("tasks/update", json!({ "taskId": id, "inputResponses": {} })),
        ("tasks/cancel", json!({ "taskId": id })),
    ] {
        let message = Modern::of(method, params, with_tasks()).send(&http).await.json().await;
        let result = message["result"].clone();
        assert_eq!(result["resultType"], "complete", "{method} {message}");
        let cacheable = method.ends_with("list") || matches!(method, "server/discover" | "resources/read");
        // A task has a `ttlMs` of its own.
        assert_eq!(result["ttlMs"].is_u64(), cacheable || method == "tasks/get", "{method}");
        let scope = if method == "resources/read" { json!("private") } else { json!("public") };
        assert_eq!(result["cacheScope"], if cacheable { scope } else { Value::Null }, "{method}");
        results.push(result);
    }
    for result in results {
        assert_eq!(result["_meta"][SERVER_INFO], json!({ "name": "doors", "version": "1.0.0" }), "{result}");
    }
}

#[tokio::test]
async fn an_interim_result_is_not_to_be_kept() {
    let (_running, http, _) = usual().await;
    let ask = Modern::of("prompts/get", json!({ "name": "ask" }), json!({ "elicitation": {} }));
    let asked = ask.send(&http).await.json().await;
    let result = asked["result"].as_object().unwrap();
    assert_eq!(result["resultType"], "input_required");
    assert!(!result.contains_key("ttlMs") && !result.contains_key("cacheScope"));
    let (key, question) = result["inputRequests"].as_object().unwrap().iter().next().unwrap();
    assert_eq!(question["method"], "elicitation/create");
    let answer = json!({ "action": "accept", "content": { "name": "Ann" } });
    let retry = json!({ "name": "ask", "inputResponses": { key: answer }, "requestState": result["requestState"] });
    let retry = Modern::of("prompts/get", retry, json!({ "elicitation": {} }));
    let got = retry.clone().send(&http).await.json().await;
    assert_eq!(got["result"]["messages"][0]["content"]["text"], "Ann", "{got}");
    retry.send(&http).await.expect_error(200, -32602).await;
}

#[tokio::test]
async fn tools_do_not_show_what_another_version_has() {
    let (_running, http, _) = usual().await;
    let listed = ask(&http, "tools/list", json!({})).await;
    assert!(listed["result"]["tools"].as_array().unwrap().iter().all(|tool| tool.get("execution").is_none()));
    let discovered = ask(&http, "server/discover", json!({})).await;
    assert_eq!(discovered["result"]["capabilities"].get("tasks"), None);
    assert_eq!(discovered["result"]["instructions"], "Knock first.");
    let legacy = Legacy::begin(&http).await;
    let listed = legacy.ask(1, "tools/list", None).await;
    let supports: Vec<_> = listed["result"]["tools"].as_array().unwrap().iter().map(|it| &it["execution"]).collect();
    assert!(supports.contains(&&json!({ "taskSupport": "optional" })));
    assert!(supports.contains(&&json!({ "taskSupport": "required" })));
}

async fn pages(http: &Http, method: &str, member: &str) -> Vec<Value> {
    let (mut all, mut params) = (Vec::new(), json!({}));
    loop {
        let result = ask(http, method, params).await["result"].clone();
        assert_eq!(result["ttlMs"], 60_000);
        let page = result[member].as_array().unwrap();
        assert!((1..=2).contains(&page.len()), "{result}");
        all.extend(page.iter().cloned());
        match result.get("nextCursor") {
            Some(cursor) => params = json!({ "cursor": cursor }),
            None => return all,
        }
    }
}

#[tokio::test]
async fn lists_come_in_pages_and_a_bad_cursor_is_an_error() {
    let _spoilt = bad_input_on_purpose();
    let limits = Limits { page_size: 2, ..Limits::default() };
    let (_running, http) = listening(server().0.limits(limits)).await;
    for (method, member, count, key) in [
        ("tools/list", "tools", 16, "name"),
        ("prompts/list", "prompts", 5, "name"),
        ("resources/list", "resources", 4, "uri"),
        ("resources/templates/list", "resourceTemplates", 1, "uriTemplate"),
    ] {
        let all = pages(&http, method, member).await;
        let mut names: Vec<_> = all.iter().map(|entry| entry[key].as_str().unwrap()).collect();
        names.dedup();
        assert_eq!(names.len(), count, "{method}");
        for bad in ["", "0", "-1", "999", "x", "1e1", "echo\0", "18446744073709551616"] {
            assert_eq!(code(&ask(&http, method, json!({ "cursor": bad })).await), -32602, "{method} {bad}");
        }
        for bad in [json!(1), json!([]), json!({})] {
            assert_eq!(code(&ask(&http, method, json!({ "cursor": bad })).await), -32602, "{method} {bad}");
        }
    }
}

#[tokio::test]
async fn even_a_page_size_of_nothing_ends() {
    let limits = Limits { page_size: 0, ..Limits::default() };
    let (_running, http) = listening(server().0.limits(limits)).await;
    assert_eq!(pages(&http, "tools/list", "tools").await.len(), 16);
    assert_eq!(pages(&http, "prompts/list", "prompts").await.len(), 5);
}

#[tokio::test]
async fn resources_are_read_by_uri_and_by_template() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, _) = usual().await;
    let legacy = Legacy::begin(&http).await;
    for (uri, contents) in [
        ("test://note", json!({ "uri": "test://note", "mimeType": "text/plain", "text": "a note" })),
        ("test://bytes", json!({ "uri": "test://bytes", "blob": "AAH/" })),
        ("test://item/7/data", json!({ "uri": "test://item/7/data", "text": "item 7" })),
        ("test://item/%61%2Fb/data", json!({ "uri": "test://item/%61%2Fb/data", "text": "item a/b" })),
    ] {
        let read = ask(&http, "resources/read", json!({ "uri": uri })).await;
        assert_eq!(read["result"]["contents"], json!([contents]));
        let read = legacy.ask(1, "resources/read", json!({ "uri": uri })).await;
        assert_eq!(read["result"], json!({ "contents": [contents] }));
    }
    for unknown in [
        "test://no",
        "",
        "test://note/",
        "TEST://note",
        "test://item//data",
        "test://item/a/b/data",
        "test://item/%2e%2e/data",
    ] {
        let read = ask(&http, "resources/read", json!({ "uri": unknown })).await;
        assert_eq!((code(&read), &read["error"]["data"]["uri"]), (-32602, &json!(unknown)));
        let read = legacy.ask(1, "resources/read", json!({ "uri": unknown })).await;
        assert_eq!((code(&read), &read["error"]["data"]["uri"]), (-32002, &json!(unknown)));
    }
    assert_eq!(code(&legacy.ask(1, "resources/read", json!({})).await), -32602);
}

#[tokio::test]
async fn prompts_take_the_arguments_they_declare() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, probe) = usual().await;
    for bad in [
        json!({ "name": "greet" }),
        json!({ "name": "greet", "arguments": {} }),
        json!({ "name": "greet", "arguments": { "tone": "warm" } }),
        json!({ "name": "greet", "arguments": { "name": 5 } }),
        json!({ "name": "greet", "arguments": { "name": null } }),
        json!({ "name": "greet", "arguments": { "name": "Ann", "other": "x" } }),
        json!({ "name": "greet", "arguments": { "name": "Ann", "tone": ["x"] } }),
        json!({ "name": "greet", "arguments": "Ann" }),
        json!({ "name": "no-such" }),
    ] {
        assert_eq!(code(&ask(&http, "prompts/get", bad.clone()).await), -32602, "{bad}");
    }
    assert_eq!(probe.count("greet"), 0);
    let got = ask(&http, "prompts/get", json!({ "name": "greet", "arguments": { "name": "Ann", "tone": "x" } })).await;
    let message = json!({ "role": "user", "content": { "type": "text", "text": "Hello, Ann!" } });
    assert_eq!(got["result"]["messages"], json!([message]));
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_told_to_the_model() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http, _) = usual().await;
    for bad in [json!({}), json!({ "text": 5 }), json!({ "text": null })] {
        let answer = ask(&http, "tools/call", call("echo", bad)).await;
        assert_eq!(answer["result"]["isError"], true);
        assert!(text(&answer).contains("text"), "{answer}");
    }
    for bad in [json!([]), json!("x"), json!(5)] {
        assert_eq!(code(&ask(&http, "tools/call", call("echo", bad)).await), -32602);
    }
    assert_eq!(code(&ask(&http, "tools/call", call("no-such", json!({}))).await), -32602);
}
