//! Offers beside tools, as a client on standard streams meets them: log messages, subscriptions, completion.

use super::*;

#[test]
fn a_session_sees_log_messages_of_its_level() {
    let mut client = Stdio2025::start();
    let initialized = client.call(1, "initialize", &initialize());
    assert_eq!(initialized["result"]["capabilities"]["logging"], json!({}));
    let tool = json!({ "name": "test_tool_with_logging", "arguments": {} });
    assert_eq!(client.call(2, "logging/setLevel", &json!({ "level": "warning" }))["result"], json!({}));
    assert_eq!(client.call(3, "tools/call", &tool)["result"]["isError"], false);
    assert_eq!(client.call(4, "logging/setLevel", &json!({ "level": "loud" }))["error"]["code"], -32602);
    assert_eq!(client.call(5, "logging/setLevel", &json!({ "level": "debug" }))["result"], json!({}));
    client.send(&json!({ "jsonrpc": "2.0", "id": 6, "method": "tools/call", "params": tool }).to_string());
    for text in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
        let message = client.read();
        assert_eq!(message["method"], "notifications/message");
        assert_eq!(message["params"], json!({ "level": "info", "logger": "test_tool_with_logging", "data": text }));
    }
    assert_eq!(client.read()["id"], 6);
}

#[test]
fn a_subscribed_resource_tells_of_its_changes() {
    const WATCHED: &str = "test://watched-resource";
    let mut client = Stdio2025::start();
    let initialized = client.call(1, "initialize", &initialize());
    assert_eq!(initialized["result"]["capabilities"]["resources"], json!({ "listChanged": true, "subscribe": true }));
    let change = json!({ "name": "test_trigger_resource_change", "arguments": {} });
    client.call(2, "tools/call", &change);
    let watched = json!({ "uri": WATCHED });
    assert_eq!(client.call(3, "resources/subscribe", &watched)["result"], json!({}));
    client.send(&json!({ "jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": change }).to_string());
    let both = [client.read(), client.read()];
    let told = json!({ "jsonrpc": "2.0", "method": "notifications/resources/updated", "params": watched });
    assert!(both.contains(&told), "{both:?}");
    let read = client.call(5, "resources/read", &watched);
    assert_eq!(read["result"]["contents"][0]["text"], "This resource has changed 2 times.");
    assert_eq!(client.call(6, "resources/unsubscribe", &watched)["result"], json!({}));
    client.call(7, "tools/call", &change);
    client.call(8, "ping", &json!({}));
    let unknown = client.call(9, "resources/subscribe", &json!({ "uri": "test://nothing" }));
    assert_eq!(
        (&unknown["error"]["code"], &unknown["error"]["data"]["uri"]),
        (&json!(-32002), &json!("test://nothing"))
    );
}

#[test]
fn a_listener_is_told_of_the_resources_it_names() {
    let mut client = Stdio2025::start();
    let listen = |id: u32, params: Value| {
        let mut params = params;
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        json!({ "jsonrpc": "2.0", "id": id, "method": if id == 1 { "subscriptions/listen" } else { "tools/call" }, "params": params })
            .to_string()
    };
    let uris = json!(["test://watched-resource", "test://nothing", "test://template/7/data"]);
    client.send(&listen(1, json!({ "notifications": { "resourceSubscriptions": uris, "toolsListChanged": true } })));
    let acknowledged = client.read();
    let accepted = json!({
        "resourceSubscriptions": ["test://template/7/data", "test://watched-resource"],
        "toolsListChanged": true,
    });
    assert_eq!(acknowledged["params"]["notifications"], accepted, "{acknowledged}");
    client.send(&listen(2, json!({ "name": "test_trigger_resource_change" })));
    let both = [client.read(), client.read()];
    let told = both.iter().find(|message| message["method"] == "notifications/resources/updated").unwrap();
    assert_eq!(told["params"]["uri"], "test://watched-resource");
    assert_eq!(told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], 1);
}

#[test]
fn arguments_are_completed_where_they_exist() {
    let mut client = Stdio2025::start();
    let initialized = client.call(1, "initialize", &initialize());
    assert_eq!(initialized["result"]["capabilities"]["completions"], json!({}));
    let params =
        |reference: Value, argument: &str| json!({ "ref": reference, "argument": { "name": argument, "value": "te" } });
    let prompt = json!({ "type": "ref/prompt", "name": "test_prompt_with_arguments" });
    let completed = client.call(2, "completion/complete", &params(prompt.clone(), "arg1"));
    let expected = json!({ "values": ["test", "testing", "tested"], "total": 3, "hasMore": false });
    assert_eq!(completed["result"]["completion"], expected);
    let template = json!({ "type": "ref/resource", "uri": "test://template/{id}/data" });
    assert!(client.call(3, "completion/complete", &params(template.clone(), "id"))["result"]["completion"].is_object());
    for (reference, argument) in [
        (prompt, "arg3"),
        (template, "other"),
        (json!({ "type": "ref/prompt", "name": "nothing" }), "arg1"),
        (json!({ "type": "ref/resource", "uri": "test://nothing" }), "id"),
        (json!({ "type": "ref/tool", "name": "greet" }), "name"),
    ] {
        let refused = client.call(4, "completion/complete", &params(reference, argument));
        assert_eq!(refused["error"]["code"], -32602, "{refused}");
    }
}
