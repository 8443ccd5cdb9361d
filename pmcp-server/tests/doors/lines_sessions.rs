//! `initialize`, its versions and their batches, and 2026-07-28 beside it, on one pair of streams.

use pmcp_server::ServeLimits;
use serde_json::{Value, json};

use crate::support::{
    LineClient, bad_input_on_purpose, call, code, initialize, modern, notification, request, server, text, with_tasks,
};

const VERSIONS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

#[tokio::test]
async fn each_version_is_agreed_on_and_calls_work_in_it() {
    for version in VERSIONS {
        let mut client = LineClient::begun(server().0, version, json!({})).await;
        client.send(&notification("notifications/initialized", json!({}))).await;
        let response = client.ask(1, "tools/call", call("echo", json!({ "text": "hi" }))).await;
        assert_eq!(text(&response), "hi");
        let result = response["result"].as_object().unwrap();
        assert!(!result.contains_key("resultType") && !result.contains_key("_meta"), "{response}");
        assert_eq!(client.ask(2, "ping", json!({})).await["result"], json!({}));
    }
}

#[tokio::test]
async fn an_unknown_version_is_answered_with_the_newest() {
    for unknown in ["1999-01-01", "", "2026-07-28", "2025-11-25 "] {
        let mut client = LineClient::new(server().0);
        let params = initialize(unknown, json!({}))["params"].clone();
        let response = client.ask(1, "initialize", params).await;
        assert_eq!(response["result"]["protocolVersion"], "2025-11-25");
        assert_eq!(response["result"]["instructions"], "Knock first.");
        assert_eq!(response["result"]["serverInfo"], json!({ "name": "doors", "version": "1.0.0" }));
    }
}

#[tokio::test]
async fn a_server_shows_its_icons_in_the_versions_that_have_them() {
    for version in VERSIONS {
        let icon = pmcp_server::Icon::embedded([1, 2], "image/png");
        let mut client = LineClient::new(server().0.icons([icon]));
        let response = client.ask(1, "initialize", initialize(version, json!({}))["params"].clone()).await;
        let icons = json!([{ "src": "data:image/png;base64,AQI=", "mimeType": "image/png" }]);
        let expected = if version == "2025-11-25" { Some(&icons) } else { None };
        assert_eq!(response["result"]["serverInfo"].get("icons"), expected, "{version}");
    }
}

#[tokio::test]
async fn tasks_are_advertised_in_the_version_that_has_them_alone() {
    for version in VERSIONS {
        let mut client = LineClient::new(server().0);
        let params = initialize(version, json!({}))["params"].clone();
        let response = client.ask(1, "initialize", params).await;
        let capabilities = &response["result"]["capabilities"];
        assert_eq!(capabilities["tools"], json!({}));
        assert_eq!(capabilities["prompts"], json!({}));
        assert_eq!(capabilities["resources"], json!({}));
        let tasks = json!({ "list": {}, "cancel": {}, "requests": { "tools": { "call": {} } } });
        assert_eq!(capabilities["tasks"], if version == "2025-11-25" { tasks } else { Value::Null });
        let listed = client.ask(2, "tasks/list", None).await;
        assert_eq!(listed.get("error").is_none(), version == "2025-11-25", "{listed}");
    }
}

#[tokio::test]
async fn before_initialize_only_ping_is_answered() {
    let _spoilt = bad_input_on_purpose();
    let mut client = LineClient::new(server().0);
    for method in ["tools/list", "tools/call", "tasks/get", "no/such"] {
        assert_eq!(code(&client.ask(1, method, json!({})).await), -32600, "{method}");
    }
    assert_eq!(client.ask(1, "ping", None).await["result"], json!({}));
    for params in [json!({}), json!({ "protocolVersion": 5 }), Value::Null] {
        assert_eq!(code(&client.ask(1, "initialize", params).await), -32602);
    }
    // None of this began a session, nor keeps one from beginning.
    assert_eq!(code(&client.ask(1, "tools/list", None).await), -32600);
    let params = json!({ "protocolVersion": "2025-06-18" });
    assert_eq!(client.ask(1, "initialize", params).await["result"]["protocolVersion"], "2025-06-18");
}

#[tokio::test]
async fn a_second_initialize_is_refused_and_changes_nothing() {
    let mut client = LineClient::begun(server().0, "2025-06-18", json!({})).await;
    let again = initialize("2025-11-25", json!({}))["params"].clone();
    assert_eq!(code(&client.ask(1, "initialize", again).await), -32600);
    assert_eq!(code(&client.ask(2, "tasks/list", None).await), -32601);
}

#[tokio::test]
async fn what_follows_initialize_at_once_is_in_the_session() {
    let mut client = LineClient::new(server().0);
    let initialize = request(1, "initialize", initialize("2025-11-25", json!({}))["params"].clone());
    client.send_bytes(format!("{initialize}\n{}\n", request(2, "tools/list", None)).as_bytes()).await;
    assert_eq!(client.receive().await["id"], 1);
    assert!(client.receive().await["result"]["tools"].is_array());
}

#[tokio::test]
async fn a_batch_is_answered_together_in_the_one_version_that_has_them() {
    let _spoilt = bad_input_on_purpose();
    let mut client = LineClient::begun(server().0, "2025-03-26", json!({})).await;
    let batch = json!([
        request(1, "ping", None),
        notification("notifications/initialized", json!({})),
        request("two", "tools/call", call("echo", json!({ "text": "hi" }))),
        5,
        { "jsonrpc": "2.0", "id": 9, "result": {} },
        request(3, "no/such", None),
        request(1, "ping", None),
        request(4, "initialize", json!({ "protocolVersion": "2025-11-25" })),
    ]);
    client.send(&batch).await;
    let responses = client.receive().await;
    let summary: Vec<_> = responses.as_array().unwrap().iter().map(|it| (&it["id"], &it["error"]["code"])).collect();
    let null = &Value::Null;
    assert_eq!(
        summary,
        [
            (&json!(1), null),
            (&json!("two"), null),
            (null, &json!(-32600)),
            (&json!(3), &json!(-32601)),
            (&json!(1), &json!(-32600)),
            (&json!(4), &json!(-32600)),
        ]
    );
    client.send(&json!([notification("notifications/initialized", json!({}))])).await;
    client.assert_silent().await;
}

#[tokio::test]
async fn batches_are_bounded_and_refused_elsewhere() {
    let limits = ServeLimits { batch: 2, ..ServeLimits::default() };
    let mut client = LineClient::begun(server().0.serve_limits(limits), "2025-03-26", json!({})).await;
    let ping = request(1, "ping", None);
    for bad in [json!([]), json!([ping, ping, ping])] {
        client.send(&bad).await;
        let response = client.receive().await;
        assert_eq!((code(&response), response.get("id")), (-32600, None));
    }
    for version in ["2025-11-25", "2025-06-18", "2024-11-05"] {
        let mut client = LineClient::begun(server().0, version, json!({})).await;
        client.send(&json!([ping])).await;
        assert_eq!(code(&client.receive().await), -32600);
        client.assert_silent().await;
    }
    let mut client = LineClient::new(server().0);
    client.send(&json!([ping])).await;
    assert_eq!(code(&client.receive().await), -32600);
}

#[tokio::test]
async fn both_eras_are_served_on_one_pair_of_streams() {
    let mut client = LineClient::new(server().0);
    let discovered = client.ask(1, "server/discover", modern(json!({}), with_tasks())).await;
    assert_eq!(discovered["result"]["supportedVersions"][0], "2026-07-28");
    assert_eq!(discovered["result"]["resultType"], "complete");
    let capabilities = &discovered["result"]["capabilities"];
    assert_eq!(capabilities["extensions"], json!({ "io.modelcontextprotocol/tasks": {} }));
    assert_eq!(capabilities.get("tasks"), None);

    let echo = call("echo", json!({ "text": "hi" }));
    assert_eq!(code(&client.ask(2, "tools/call", echo.clone()).await), -32600);
    let plain = client.ask(3, "tools/call", modern(echo.clone(), json!({}))).await;
    assert_eq!((text(&plain), &plain["result"]["resultType"]), ("hi", &json!("complete")));

    let params = initialize("2025-11-25", json!({}))["params"].clone();
    client.ask(4, "initialize", params).await;
    let legacy = client.ask(5, "tools/call", echo.clone()).await;
    assert_eq!((text(&legacy), legacy["result"].get("resultType")), ("hi", None));
    let plain = client.ask(6, "tools/call", modern(echo, json!({}))).await;
    assert_eq!(plain["result"]["resultType"], "complete");
    assert_eq!(plain["result"]["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "doors");
}

#[tokio::test]
async fn modern_requests_are_checked_without_headers() {
    let _spoilt = bad_input_on_purpose();
    let mut client = LineClient::new(server().0);
    for method in ["initialize", "ping", "tasks/list", "tasks/result", "logging/setLevel", "resources/subscribe", "x"] {
        let response = client.ask(1, method, modern(json!({}), json!({}))).await;
        assert_eq!(code(&response), -32601, "{method} {response}");
    }
    let mut unsupported = modern(json!({}), json!({}));
    unsupported["_meta"]["io.modelcontextprotocol/protocolVersion"] = "v999".into();
    let response = client.ask(1, "tools/list", unsupported).await;
    assert_eq!(code(&response), -32022);
    assert_eq!(response["error"]["data"]["requested"], "v999");
    assert_eq!(response["error"]["data"]["supported"][0], "2026-07-28");
    for missing in ["protocolVersion", "clientCapabilities"] {
        let mut params = modern(json!({}), json!({}));
        params["_meta"].as_object_mut().unwrap().remove(&format!("io.modelcontextprotocol/{missing}"));
        assert_eq!(code(&client.ask(1, "tools/list", params).await), -32602, "{missing}");
        let mut params = modern(json!({}), json!({}));
        params["_meta"][format!("io.modelcontextprotocol/{missing}")] = json!(5);
        assert_eq!(code(&client.ask(1, "tools/list", params).await), -32602, "{missing}");
    }
    for params in [Value::Null, json!({}), json!({ "_meta": {} })] {
        assert_eq!(code(&client.ask(1, "server/discover", params).await), -32602);
    }
    assert_eq!(code(&client.ask(1, "tasks/get", modern(json!({ "taskId": "x" }), json!({}))).await), -32021);
}
