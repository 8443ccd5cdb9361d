//! What clients say in a conversation, so that the server has every occasion to speak.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use pmcp_client::{
    Client, ClientBuilder, ClientError, ElicitAnswer, Elicitation, RequestOptions, TaskHandle, TaskStatus, TaskUpdate,
};
use serde_json::{Value, json};
use spec_check::Revision;

use super::doors::Door;

/// A client that answers everything.
pub(crate) fn client(revision: Revision) -> ClientBuilder {
    Client::builder("script", "1")
        .revision(revision.version())
        .request_timeout(Duration::from_secs(20))
        .call_timeout(Duration::from_secs(20))
        .on_elicit(filled_in)
        .on_sample(|_| async {
            Ok(json!({ "role": "assistant", "model": "m", "content": { "type": "text", "text": "Hello" } }))
        })
        .root("file:///home", "home")
}

async fn filled_in(question: Elicitation) -> ElicitAnswer {
    let name = json!({ "name": "Luca" });
    let form = json!({
        "name": "Luca", "weight": 60.5, "member": true, "size": "small", "sizes": ["large"],
        "plain": "a", "plains": ["b"],
    });
    ElicitAnswer::Accept(if question.message == "Who are you?" { form } else { name })
}

/// What has the same form in both revisions.
pub(crate) async fn everything(client: &Client) {
    for method in ["tools/list", "prompts/list", "resources/list", "resources/templates/list"] {
        let mut cursor = None;
        loop {
            let params = cursor.take().map_or(json!({}), |cursor: Value| json!({ "cursor": cursor }));
            let page = client.request(method, params).await.unwrap();
            match page.get("nextCursor") {
                Some(next) => cursor = Some(next.clone()),
                None => break,
            }
        }
        refused(client, method, json!({ "cursor": "x" }), -32602).await;
    }
    for subject in ["you", "me"] {
        client.get_prompt("show", json!({ "subject": subject })).await.unwrap();
    }
    for uri in ["test://text", "test://bytes", "test://item/1", "test://asks"] {
        client.read_resource(uri).await.unwrap();
    }
    for reference in
        [json!({ "type": "ref/prompt", "name": "show" }), json!({ "type": "ref/resource", "uri": "test://item/{id}" })]
    {
        let name = if reference["name"].is_string() { "subject" } else { "id" };
        let params = json!({ "ref": reference, "argument": { "name": name, "value": "a" } });
        client.request("completion/complete", params).await.unwrap();
    }
    // The tools that never ask; as a task or not, as the client is.
    for (tool, arguments) in [
        ("contents", json!({})),
        ("report", json!({ "rows": 3 })),
        ("list", json!({})),
        ("number", json!({})),
        ("nothing", json!({})),
    ] {
        assert!(!client.call_and_wait(tool, arguments).await.unwrap().is_error, "{tool}");
    }
    for how in ["text", "inside"] {
        assert!(client.call_and_wait("fail", json!({ "how": how })).await.unwrap().is_error, "{how}");
    }
    // A result of a call, an error of a task that is not even made.
    let missing = client.call_and_wait("fail", json!({})).await;
    assert!(missing.map_or(true, |result| result.is_error));
    for (how, code) in [("code", -31000), ("panic", -32603)] {
        let error = client.call_and_wait("fail", json!({ "how": how })).await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{how}: {error}");
    }
    for tool in ["ask", "greet"] {
        assert!(!client.call_and_wait(tool, json!({})).await.unwrap().is_error, "{tool}");
    }
    refused(client, "tools/call", json!({ "name": "missing", "arguments": {} }), -32602).await;
    refused(client, "tools/call", json!({}), -32602).await;
    refused(client, "prompts/get", json!({ "name": "show", "arguments": {} }), -32602).await;
    refused(client, "no/such", json!({}), -32601).await;
}

/// Sends a request that is refused with this code.
pub(crate) async fn refused(client: &Client, method: &str, params: Value, code: i64) {
    refused_with(client, method, params, RequestOptions::new(), code).await;
}

pub(crate) async fn refused_with(client: &Client, method: &str, params: Value, options: RequestOptions, code: i64) {
    let reply = client.request_with(method, params.clone(), options).await.unwrap();
    match reply.result {
        Err(error) => assert_eq!(error.code, code, "{method} {params}: {error}"),
        Ok(result) => panic!("{method} {params} was answered {result}"),
    }
}

/// Calls the tool that tells how far it is, and reads what it tells.
pub(crate) async fn told(client: &Client, log_level: Option<&str>) {
    let mut options = RequestOptions::new().meta("progressToken", "t");
    if let Some(level) = log_level {
        options = options.meta("io.modelcontextprotocol/logLevel", level);
    }
    client.call_tool_with("tell", json!({}), options).await.unwrap();
}

async fn begun(client: &Client, tool: &str, arguments: Value) -> TaskHandle {
    let outcome = if client.protocol_version() == Revision::V2026.version() {
        client.call_tool(tool, arguments).await
    } else {
        let options = RequestOptions::new().task(Some(Duration::from_secs(600))).meta("progressToken", 7);
        client.call_tool_with(tool, arguments, options).await
    };
    outcome.unwrap().into_task().unwrap()
}

/// Tasks that end in every way, watched from begin to end.
pub(crate) async fn tasks(client: &Client) {
    let told = begun(client, "work", json!({})).await;
    assert_eq!(told.get().await.unwrap().status, TaskStatus::Working);
    told.update(TaskUpdate::new().variable("stop", true)).await.unwrap();
    let states: Vec<_> = told.changes().try_collect().await.unwrap();
    assert_eq!(states.last().unwrap().status, TaskStatus::Completed);
    told.result().await.unwrap();
    // What was pushed is not what is asked for.
    assert_eq!(told.get().await.unwrap().status, TaskStatus::Completed);

    let cancelled = begun(client, "work", json!({})).await;
    cancelled.cancel().await.unwrap();
    assert!(matches!(cancelled.wait().await, Err(ClientError::Cancelled)));
    assert_eq!(cancelled.get().await.unwrap().status, TaskStatus::Cancelled);

    for how in ["text", "code", "panic"] {
        let failed = begun(client, "fail", json!({ "how": how })).await;
        let _: Vec<_> = failed.changes().try_collect().await.unwrap();
        let _ = failed.result().await;
        assert!(failed.get().await.unwrap().status.is_terminal());
    }
    let asking = begun(client, "ask", json!({})).await;
    let states: Vec<_> = asking.changes().try_collect().await.unwrap();
    assert_eq!(states.last().unwrap().status, TaskStatus::Completed);

    let unknown = json!({ "taskId": "00000000-0000-4000-8000-000000000000" });
    refused(client, "tasks/get", unknown.clone(), -32602).await;
    refused(client, "tasks/cancel", unknown, -32602).await;
}

/// Questions stay open while somebody who answers nothing looks at them.
pub(crate) async fn open_questions(door: &Door, revision: Revision) {
    let mute = door.connect(client(revision).listen(false)).await;
    let asking = begun(&mute, "ask", json!({})).await;
    loop {
        let state = asking.get().await.unwrap();
        if state.status == TaskStatus::InputRequired {
            break;
        }
        assert!(!state.status.is_terminal(), "{state:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let unknown = TaskUpdate::new().answer("unknown", json!({ "action": "accept" }));
    asking.update(unknown).await.unwrap();
    asking.cancel().await.unwrap();
}

/// The part that only 2025-11-25 has.
pub(crate) async fn of_2025(door: &Door) {
    let client = door.connect(client(Revision::V2025)).await;
    client.ping().await.unwrap();
    client.request("logging/setLevel", json!({ "level": "debug" })).await.unwrap();
    everything(&client).await;
    told(&client, None).await;
    tasks(&client).await;
    for tool in ["contents", "report", "ask", "greet"] {
        // Without the task that the client would ask for.
        client.call_tool(tool, json!({ "rows": 1 }).as_object().filter(|_| tool == "report")).await.unwrap();
    }
    assert!(client.list_tasks().await.unwrap().len() > 2);
    refused(&client, "tasks/list", json!({ "cursor": "x" }), -32602).await;
    refused(&client, "tools/call", json!({ "name": "work", "arguments": {} }), -32601).await;
    refused(&client, "resources/read", json!({ "uri": "test://missing" }), -32002).await;
    refused(&client, "resources/read", json!({ "uri": "test://broken" }), -32603).await;
    if let Door::Lines { .. } = door {
        // Over HTTP it begins another session.
        refused(&client, "initialize", json!({ "protocolVersion": "2025-11-25" }), -32600).await;
    }
    open_questions(door, Revision::V2025).await;
    for bytes in [b"{\"jsonrpc\":".as_slice(), b"{\"id\":1,\"method\":\"ping\"}", b"[]"] {
        door.send_bytes(bytes, &[("mcp-session-id", &client.session_id().unwrap_or_default())]).await;
    }
}

/// The part that only 2026-07-28 has. It ends with the server.
pub(crate) async fn of_2026(door: Door) {
    let client = door.connect(self::client(Revision::V2026)).await;
    client.discover().await.unwrap();
    everything(&client).await;
    told(&client, Some("debug")).await;
    tasks(&client).await;
    open_questions(&door, Revision::V2026).await;

    let plain = door.connect(self::client(Revision::V2026).declare_tasks(false)).await;
    for (tool, arguments) in [("report", json!({ "rows": 1 })), ("ask", json!({})), ("fail", json!({ "how": "text" }))]
    {
        plain.call_tool(tool, arguments).await.unwrap();
    }
    refused(&plain, "tools/call", json!({ "name": "work", "arguments": {} }), -32021).await;
    refused(&plain, "tasks/get", json!({ "taskId": "x" }), -32021).await;
    for (how, code) in [("panic", -32603), ("code", -31000)] {
        refused(&plain, "tools/call", json!({ "name": "fail", "arguments": { "how": how } }), code).await;
    }
    refused(&plain, "resources/read", json!({ "uri": "test://missing" }), -32602).await;
    refused(&plain, "resources/read", json!({ "uri": "test://broken" }), -32603).await;
    let version = "io.modelcontextprotocol/protocolVersion";
    let options = RequestOptions::new().meta(version, "1999-01-01").header("mcp-protocol-version", "1999-01-01");
    refused_with(&client, "tools/list", json!({}), options, -32022).await;
    let options = RequestOptions::new().without_meta("io.modelcontextprotocol/clientCapabilities");
    refused_with(&client, "tools/list", json!({}), options, -32602).await;
    if let Door::Http { .. } = door {
        let options = RequestOptions::new().without_header("mcp-method");
        refused_with(&client, "tools/list", json!({}), options, -32020).await;
    }
    for bytes in [b"{\"jsonrpc\":".as_slice(), b"{\"id\":1,\"method\":\"tools/list\"}"] {
        door.send_bytes(bytes, &[("mcp-protocol-version", "2026-07-28")]).await;
    }

    let working = begun(&client, "work", json!({})).await;
    let mut listening = client.listen(json!({ "taskIds": [working.id()], "toolsListChanged": true })).await.unwrap();
    let first = listening.next().await.unwrap();
    assert_eq!(first.method, "notifications/tasks");
    let stopping = tokio::spawn(door.shut_down());
    while listening.next().await.is_some() {}
    stopping.await.unwrap();
}
