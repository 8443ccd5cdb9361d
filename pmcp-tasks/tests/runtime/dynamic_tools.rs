//! Tools that are made while the server runs: who sees them, what they are given, and what a source that fails leaves standing.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use parking_lot::Mutex;
use pmcp_tasks::{
    Limits, ToolContext, ToolError, ToolResult,
    call::Caller,
    changes::{List, Lists},
    gate::Target,
    store::MemoryBackend,
    testing::ManualClock,
    tool::{DynamicTool, DynamicTools, MOST_DYNAMIC_TOOLS, ToolDefinition, ToolSet},
};
use serde_json::{Map, Value, json};

use crate::support::*;

fn definition(name: &str) -> ToolDefinition {
    let properties = json!({ "count": { "type": "integer", "maximum": 9 }, "unit": { "enum": ["kg", "lb"] } });
    let input_schema = json!({
        "type": "object", "properties": properties, "required": ["count"], "additionalProperties": false,
    });
    ToolDefinition { name: name.into(), input_schema, ..ToolDefinition::default() }
}

/// A tool that says its arguments back.
fn tool(definition: ToolDefinition) -> DynamicTool {
    let echo = |arguments: Map<String, Value>, _: ToolContext| async move {
        Ok(ToolResult::text(Value::Object(arguments).to_string()))
    };
    DynamicTool::try_new(definition, echo).unwrap()
}

fn offering(tools: impl DynamicTools) -> Server {
    Server::on_clock(ManualClock::new(), MemoryBackend::new(), |router| {
        let limits = Limits { page_size: 100, ..Limits::default() };
        router.limits(limits).dynamic_tools(tools)
    })
}

/// The names that a client is listed of those that this begins.
async fn listed(client: &Client, prefix: &str) -> Vec<String> {
    let listed = client.ok("tools/list", json!({})).await;
    let names = listed["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned());
    names.filter(|name| name.starts_with(prefix)).collect()
}

/// Each caller has tools of their own.
#[derive(Debug)]
struct Own;

#[async_trait]
impl DynamicTools for Own {
    async fn list(&self, caller: &Caller) -> Result<Vec<DynamicTool>, ToolError> {
        let subject = caller.owner().map(|owner| owner.subject.clone()).unwrap_or_default();
        let scoped = ToolDefinition { scopes: vec!["rare".into()], ..definition("d-scoped") };
        Ok(vec![tool(definition(&format!("d-of-{subject}"))), tool(definition("d-of-all")), tool(scoped)])
    }
}

#[tokio::test]
async fn each_caller_sees_and_calls_what_the_source_gives_them_and_the_gate_lets_through() {
    let server = Server::on_clock(ManualClock::new(), MemoryBackend::new(), |router| {
        let rule = |_: &Caller, target: &Target<'_>| target.name != "d-of-bob";
        router.limits(Limits { page_size: 100, ..Limits::default() }).dynamic_tools(Own).authorize(rule)
    });
    for (client, names) in [
        (server.v2025("ann"), vec!["d-of-all", "d-of-ann"]),
        (server.v2026("ann"), vec!["d-of-all", "d-of-ann"]),
        (server.v2026("bob"), vec!["d-of-all"]),
    ] {
        assert_eq!(listed(&client, "d-").await, names);
        for name in ["d-of-all", "d-of-ann", "d-of-bob", "d-scoped"] {
            let called = client.call(name, json!({ "count": 1 })).await;
            if names.contains(&name) {
                assert_eq!(text_of(&called.unwrap()), r#"{"count":1}"#);
            } else {
                // As every name that there is not.
                let error = called.unwrap_err();
                assert_eq!((error.code, error.message), (-32602, format!("unknown tool `{name}`")));
            }
        }
    }
    let list = server.v2026("ann").ok("tools/list", json!({})).await;
    assert_eq!((&list["cacheScope"], &list["ttlMs"]), (&json!("private"), &json!(0)));
}

#[tokio::test]
async fn arguments_are_read_and_refused_by_the_schema() {
    let tools = ToolSet::new();
    assert!(tools.add(tool(definition("weigh"))));
    let server = offering(tools);
    let client = server.v2026("ann");
    for (given, read) in [
        (json!({ "count": 3.0, "unit": null }), json!({ "count": 3 })),
        (json!({ "count": 9, "unit": "kg" }), json!({ "count": 9, "unit": "kg" })),
    ] {
        let said = client.call("weigh", given).await.unwrap();
        assert_eq!(serde_json::from_str::<Value>(text_of(&said)).unwrap(), read);
    }
    for (wrong, argument) in [
        (json!({}), "count"),
        (json!({ "count": "three" }), "count"),
        (json!({ "count": 10 }), "count"),
        (json!({ "count": 1, "unit": "stone" }), "unit"),
        (json!({ "count": 1, "more": 1 }), "more"),
    ] {
        let refused = client.call("weigh", wrong.clone()).await.unwrap();
        assert_eq!(refused["isError"], true, "{wrong}");
        assert!(text_of(&refused).contains(argument), "{refused}");
    }
    // It is no task, whoever wants one.
    assert_eq!(server.v2025("ann").create("weigh").await.unwrap_err().code, -32601);
}

#[tokio::test]
async fn a_registered_tool_keeps_its_name_and_of_two_the_first_counts() {
    let (one, other) = (ToolSet::new(), ToolSet::new());
    let says = |text: &'static str, name: &str| {
        let plain = ToolDefinition {
            name: name.into(),
            input_schema: json!({ "type": "object" }),
            ..ToolDefinition::default()
        };
        DynamicTool::try_new(plain, move |_, _| async move { Ok(ToolResult::text(text)) }).unwrap()
    };
    assert!(one.add(says("one", "plain")) && one.add(says("one", "twice")) && other.add(says("other", "twice")));
    let server = Server::on_clock(ManualClock::new(), MemoryBackend::new(), |router| {
        router.limits(Limits { page_size: 100, ..Limits::default() }).dynamic_tools(one.clone()).dynamic_tools(other)
    });
    server.world.on("plain", |_, _| async { Ok(ToolResult::text("registered")) });
    let client = server.v2026("ann");
    assert_eq!(text_of(&client.call("plain", json!({})).await.unwrap()), "registered");
    assert_eq!(text_of(&client.call("twice", json!({})).await.unwrap()), "one");
    assert_eq!((listed(&client, "plain").await.len(), listed(&client, "twice").await.len()), (1, 1));
    one.remove("twice");
    assert_eq!(text_of(&client.call("twice", json!({})).await.unwrap()), "other");
}

#[tokio::test]
async fn pages_go_on_although_their_last_tool_has_gone() {
    let tools = ToolSet::new();
    for n in 0..7 {
        assert!(tools.add(tool(definition(&format!("d{n}")))));
    }
    let set = tools.clone();
    let server = Server::on_clock(ManualClock::new(), MemoryBackend::new(), |router| {
        router.limits(Limits { page_size: 3, ..Limits::default() }).dynamic_tools(set)
    });
    let client = server.v2026("ann");
    let (mut cursor, mut seen) = (None::<String>, Vec::new());
    loop {
        let page = client.ok("tools/list", json!({ "cursor": cursor })).await;
        let names = page["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned());
        seen.extend(names.filter(|name| name.starts_with('d')));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
        if let Some(last) = &cursor {
            tools.remove(last);
        }
    }
    assert_eq!(seen, ["d0", "d1", "d2", "d3", "d4", "d5", "d6"]);
    assert_eq!(client.err("tools/list", json!({ "cursor": "no cursor" })).await.code, -32602);
}

/// Does what it is told.
#[derive(Clone, Debug, Default)]
struct Odd(Arc<Mutex<&'static str>>);

#[async_trait]
impl DynamicTools for Odd {
    async fn list(&self, _: &Caller) -> Result<Vec<DynamicTool>, ToolError> {
        let does = *self.0.lock();
        match does {
            "fails" => Err(ToolError::new("the password of the database is hunter2")),
            "hangs" => std::future::pending().await,
            "many" => {
                let one = definition("d");
                let named = |n| tool(ToolDefinition { name: format!("d{n}"), ..one.clone() });
                Ok((0..MOST_DYNAMIC_TOOLS + 5).map(named).collect())
            }
            _ => Ok(Vec::new()),
        }
    }
}

#[tokio::test]
async fn a_source_that_fails_hangs_or_gives_too_much_is_bounded_and_tells_nothing_inner() {
    let odd = Odd::default();
    let server = offering(odd.clone());
    let client = server.v2026("ann");
    server.world.on("plain", |_, _| async { Ok(ToolResult::text("registered")) });
    for does in ["fails", "hangs"] {
        *odd.0.lock() = does;
        for (method, params) in [("tools/list", json!({})), ("tools/call", json!({ "name": "d1" }))] {
            let asked = client.spawn(method, params);
            settle().await;
            server.advance(Duration::from_secs(11)).await;
            let error = asked.await.unwrap().unwrap_err();
            assert_eq!(error.code, -32603);
            assert_eq!(error.message, "the server's tools cannot be told now; try again later");
        }
        // What is registered does not depend on it.
        assert_eq!(text_of(&client.call("plain", json!({})).await.unwrap()), "registered");
    }
    *odd.0.lock() = "many";
    let mut cursor = Value::Null;
    let mut count = 0;
    loop {
        let page = client.ok("tools/list", json!({ "cursor": cursor })).await;
        count +=
            page["tools"].as_array().unwrap().iter().filter(|tool| tool["name"].as_str().unwrap().len() > 1).count();
        cursor = page["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    *odd.0.lock() = "nothing";
    let registered = listed(&client, "").await.iter().filter(|name| name.len() > 1).count();
    assert_eq!(count - registered, MOST_DYNAMIC_TOOLS);
}

#[tokio::test]
async fn a_set_tells_of_its_changes_and_its_list_may_be_kept() {
    let tools = ToolSet::new();
    let server = offering(tools.clone());
    assert!(server.router.has_dynamic_tools());
    assert_eq!(server.router.changing_lists(), Lists::from(List::Tools));
    let client = server.v2026("ann");
    assert_eq!(client.ok("tools/list", json!({})).await.get("ttlMs"), None);
    let mut followed = server.router.follow_lists(&client.cx.caller);
    let all = List::ALL.into_iter().collect();
    assert!(tools.add(tool(definition("d1"))));
    assert_eq!(followed.next(all).await, Some(List::Tools.into()));
    // What was not there changes nothing.
    tools.remove("d2");
    assert!(followed.now(all).is_empty());
    tools.remove("d1");
    assert_eq!(followed.now(all), List::Tools.into());
}

#[tokio::test]
async fn it_asks_its_client_in_both_revisions() {
    let asking =
        ToolDefinition { name: "asks".into(), input_schema: json!({ "type": "object" }), ..ToolDefinition::default() };
    let asks = |_: Map<String, Value>, cx: ToolContext| async move {
        let name: String = cx.elicit("Who are you?").await?;
        Ok(ToolResult::text(format!("hello {name}")))
    };
    let tools = ToolSet::new();
    assert!(tools.add(DynamicTool::try_new(asking, asks).unwrap()));
    let server = offering(tools.clone());
    let modern = server.v2026("ann");
    let first = modern.call("asks", json!({})).await.unwrap();
    assert_eq!(first["resultType"], "input_required");
    let key = first["inputRequests"].as_object().unwrap().keys().next().unwrap().clone();
    let responses = json!({ key: accept(json!({ "answer": "Ann" })) });
    let again = json!({
        "name": "asks", "arguments": {}, "requestState": first["requestState"], "inputResponses": responses,
    });
    assert_eq!(text_of(&modern.ok("tools/call", again).await), "hello Ann");
    let legacy = server.v2025("ann");
    legacy.stream.answers(|_, _| Ok(accept(json!({ "answer": "Bob" }))));
    assert_eq!(text_of(&legacy.call("asks", json!({})).await.unwrap()), "hello Bob");
}
