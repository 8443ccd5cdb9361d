//! Tools that are called from inside a function: on the path of a client's call, as a step of the task that calls.

use pmcp_tasks::{Limits, TaskContext, ToolError, ToolResult, context::RunContext, protocol::VARIABLES};
use serde_json::{Value, json};

use crate::support::*;

#[derive(pmcp_tasks::Form)]
struct Name {
    name: String,
}

/// Makes `restarting` call a tool as the step `eu`, and give what came back as text.
fn calls(server: &Server, tool: &'static str, arguments: Value) {
    server.world.on("restarting", move |_, cx| {
        let arguments = arguments.clone();
        async move {
            let task: TaskContext<Shared> = cx.task();
            Ok(ToolResult::text(task.call_named(tool, "eu", arguments).await?.to_string()))
        }
    });
}

async fn result_of_call(server: &Server) -> Value {
    let client = server.v2026("ann");
    let id = client.start("restarting").await;
    client.until(&id, "completed").await["result"].clone()
}

fn caller() -> (Cluster, Server) {
    let cluster = Cluster::new();
    let server = cluster.alive();
    (cluster, server)
}

#[tokio::test]
async fn a_call_gives_what_the_tool_gives() {
    let (_cluster, server) = caller();
    let two = ToolResult::text("two").with(pmcp_tasks::tool::Content::text("texts"));
    for (result, value) in [
        (ToolResult::text("a text"), json!("a text")),
        (two.clone(), serde_json::to_value(&two).unwrap()),
        (ToolResult::default(), Value::Null),
        (ToolResult::text("words").with_structured(json!({ "rows": 3 })), json!({ "rows": 3 })),
    ] {
        server.world.on("plain", move |_, _| {
            let result = result.clone();
            async move { Ok(result) }
        });
        calls(&server, "plain", json!({}));
        assert_eq!(text_of(&result_of_call(&server).await), value.to_string());
    }
}

#[tokio::test]
async fn a_call_that_fails_says_why_and_the_server_goes_on() {
    let (_cluster, server) = caller();
    let said = async || {
        let result = result_of_call(&server).await;
        assert_eq!(result["isError"], true);
        text_of(&result).to_owned()
    };
    calls(&server, "nowhere", json!({}));
    assert_eq!(said().await, "there is no tool `nowhere`");
    calls(&server, "plain", json!([1]));
    assert_eq!(said().await, "the arguments of a call of `plain` are no object");
    calls(&server, "ask_name", json!({}));
    assert!(said().await.starts_with("the tool `ask_name` asks its caller before it begins"));
    calls(&server, "plain", json!({ "refuse": "`size` is too large" }));
    assert_eq!(said().await, "`plain` refuses its arguments: `size` is too large");
    calls(&server, "plain", json!({ "refuse": "panic" }));
    assert_eq!(said().await, "`plain`: the tool failed unexpectedly");
    server.world.on("plain", |_, _| async { Err(ToolError::new("there is no such file")) });
    calls(&server, "plain", json!({}));
    assert_eq!(said().await, "there is no such file");
    server.world.on("plain", |_, _| async { panic!("inside") });
    let client = server.v2026("ann");
    let id = client.start("restarting").await;
    assert_eq!(client.until(&id, "failed").await["error"]["message"], "the tool failed unexpectedly");
    server.world.on("plain", |_, _| async { Ok(ToolResult::text("well")) });
    assert_eq!(text_of(&result_of_call(&server).await), "\"well\"");
}

#[tokio::test]
async fn arguments_are_bounded_as_those_of_a_client() {
    let server = Server::with(Limits { max_arguments: 100, ..Limits::default() });
    server.world.on("optional", |_, cx| async move {
        let task: TaskContext = cx.task();
        task.call_named("plain", "eu", json!({ "text": "x".repeat(200) })).await?;
        Ok(ToolResult::default())
    });
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    let result = client.until(&id, "completed").await["result"].clone();
    assert_eq!(text_of(&result), "`plain` refuses its arguments: the arguments have 211 bytes; 100 are allowed");
}

#[tokio::test]
async fn steps_variables_and_questions_of_the_tool_have_names_of_their_own() {
    let (cluster, server) = caller();
    let log = cluster.log.clone();
    server.world.on("variables", move |_, cx| {
        let log = log.clone();
        async move {
            let task: TaskContext<Shared> = cx.task();
            task.step("fetch", async || log.effect("the tool fetches")).await?;
            task.variables().rows.set(7).await?;
            let Name { name } = task.elicit("The tool's question?").await?;
            Ok(ToolResult::text(format!("{name} {} {}", task.step_key("x"), task.variables().rows.get().await?)))
        }
    });
    let log = cluster.log.clone();
    server.world.on("restarting", move |_, cx| {
        let log = log.clone();
        async move {
            let task: TaskContext<Shared> = cx.task();
            task.step("fetch", async || log.effect("the caller fetches")).await?;
            task.variables().rows.set(1).await?;
            let said = task.call_named("variables", "eu", json!({})).await?;
            let Name { name } = task.elicit("The caller's question?").await?;
            Ok(ToolResult::text(format!("{said} {name} {}", task.variables().rows.get().await?)))
        }
    });
    let client = server.v2026("ann");
    let id = client.start("restarting").await;
    let asks = client.until(&id, "input_required").await;
    assert_eq!(asks["inputRequests"]["eu/input-1"]["params"]["message"], "The tool's question?");
    assert_eq!(asks["_meta"][VARIABLES]["rows"], 1, "the tool's own are not shown: {asks}");
    assert!(!asks.to_string().contains("eu/rows"));
    client.update(&id, json!({ "eu/input-1": accept(json!({ "name": "Eve" })) })).await.unwrap();
    client.until(&id, "input_required").await;
    client.update(&id, json!({ "input-1": accept(json!({ "name": "Ann" })) })).await.unwrap();
    let done = client.until(&id, "completed").await;
    assert_eq!(text_of(&done["result"]), format!("\"Eve {id}/eu/x 7\" Ann 1"));
    assert_eq!(cluster.log.lines(), ["the caller fetches", "the tool fetches"]);
}

#[tokio::test]
async fn after_a_crash_a_call_that_ended_is_not_made_again_and_one_that_did_not_goes_on() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.dead(), cluster.alive());
    for (server, name, stops) in [(&one, "one", true), (&other, "other", false)] {
        let log = cluster.log.clone();
        server.world.on("swift", move |arguments, cx| {
            let log = log.clone();
            async move {
                let (task, region) = (cx.task::<Shared>(), arguments.given["region"].clone());
                log.add(format!("{name} begins {region}"));
                task.step("build", async || log.effect(format!("{name} builds {region}"))).await?;
                if stops && region == "us" {
                    std::future::pending::<()>().await;
                }
                Ok(ToolResult::text(format!("{region} by {name}")))
            }
        });
        server.world.on("restarting", |_, cx| async move {
            let (task, mut all) = (cx.task::<Shared>(), Vec::new());
            for region in ["eu", "us"] {
                all.push(task.call_named("swift", region, json!({ "region": region })).await?);
            }
            Ok(ToolResult::text(Value::from(all).to_string()))
        });
    }
    let id = one.v2026("ann").start("restarting").await;
    eventually("the second region is built", || cluster.log.lines().len() == 4).await;
    cluster.two_periods().await;
    let done = other.v2026("ann").until(&id, "completed").await;
    assert_eq!(text_of(&done["result"]), r#"["\"eu\" by one","\"us\" by other"]"#);
    let lines =
        ["one begins \"eu\"", "one builds \"eu\"", "one begins \"us\"", "one builds \"us\"", "other begins \"us\""];
    assert_eq!(cluster.log.lines(), lines);
}

#[tokio::test]
async fn a_tool_that_must_not_run_twice_is_not_called_again_after_a_crash() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.dead(), cluster.alive());
    for (server, name) in [(&one, "one"), (&other, "other")] {
        let log = cluster.log.clone();
        server.world.on("plain", move |_, _| {
            log.add(format!("{name} calls"));
            std::future::pending()
        });
        calls(server, "plain", json!({}));
    }
    let id = one.v2026("ann").start("restarting").await;
    eventually("it is called", || cluster.log.lines() == ["one calls"]).await;
    cluster.two_periods().await;
    let done = other.v2026("ann").until(&id, "completed").await;
    assert_eq!(done["result"]["isError"], true);
    let said = "the server stopped while it called `plain`; nobody knows how far that came";
    assert_eq!(text_of(&done["result"]), said);
    assert_eq!(cluster.log.lines(), ["one calls"]);
}

#[tokio::test]
async fn the_tools_timeout_holds_and_stands_still_while_it_asks() {
    let (cluster, server) = caller();
    let log = cluster.log.clone();
    server.world.on("timed", move |_, cx: RunContext| {
        let log = log.clone();
        async move {
            let cx = cx.tool();
            let Name { .. } = cx.elicit("?").await?;
            cx.cancellation().cancelled().await;
            log.add("the tool is cancelled");
            Ok(ToolResult::default())
        }
    });
    server.world.on("restarting", |_, cx| async move {
        let task: TaskContext<Shared> = cx.task();
        let refused = task.call_named("timed", "eu", json!({})).await.unwrap_err();
        task.check_cancelled()?;
        Ok(ToolResult::text(refused.to_string()))
    });
    let client = server.v2026("ann");
    let id = client.start("restarting").await;
    client.until(&id, "input_required").await;
    server.advance(seconds(120)).await;
    client.update(&id, json!({ "eu/input-1": accept(json!({ "name": "Ann" })) })).await.unwrap();
    client.until(&id, "working").await;
    settle().await;
    server.advance(seconds(59)).await;
    assert_eq!((client.status(&id).await.as_str(), cluster.log.lines().len()), ("working", 0));
    server.advance(seconds(1)).await;
    let done = client.until(&id, "completed").await;
    assert!(text_of(&done["result"]).contains("the tool took longer than it may"), "{done}");
    assert_eq!(cluster.log.lines(), ["the tool is cancelled"]);
}

#[tokio::test]
async fn cancelling_the_task_reaches_the_tool() {
    let (cluster, server) = caller();
    let log = cluster.log.clone();
    server.world.on("plain", move |_, cx: RunContext| {
        let log = log.clone();
        async move {
            cx.tool().cancellation().cancelled().await;
            log.add("the tool is cancelled");
            Ok(ToolResult::default())
        }
    });
    calls(&server, "plain", json!({}));
    let client = server.v2026("ann");
    let id = client.start("restarting").await;
    settle().await;
    client.cancel(&id).await.unwrap();
    client.until(&id, "cancelled").await;
    eventually("it reaches the tool", || !cluster.log.lines().is_empty()).await;
}

#[tokio::test]
async fn a_plain_call_calls_too_and_keeps_nothing() {
    let server = Server::new();
    server.world.on("variables", |_, cx| async move {
        let task: TaskContext<Shared> = cx.task();
        task.variables().rows.set(7).await?;
        Ok(ToolResult::text(task.variables().rows.get().await?.to_string()))
    });
    server.world.on("optional", |_, cx| async move {
        let task: TaskContext<Shared> = cx.task();
        task.variables().rows.set(1).await?;
        let said = task.call_named("variables", "eu", json!({})).await?;
        Ok(ToolResult::text(format!("{said} {}", task.variables().rows.get().await?)))
    });
    let result = server.v2026("ann").undeclared().call("optional", json!({})).await.unwrap();
    assert_eq!(text_of(&result), "\"7\" 1");
}

#[tokio::test]
async fn a_call_that_failed_fails_the_same_way_after_a_crash() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.dead(), cluster.alive());
    for (server, name, stops) in [(&one, "one", true), (&other, "other", false)] {
        let log = cluster.log.clone();
        server.world.on("plain", move |_, _| {
            log.add(format!("{name} calls"));
            async { Err(ToolError::new("there is no such file")) }
        });
        let log = cluster.log.clone();
        server.world.on("restarting", move |_, cx| {
            let log = log.clone();
            async move {
                let task: TaskContext<Shared> = cx.task();
                let error = task.call_named("plain", "eu", json!({})).await.unwrap_err();
                log.add(format!("{name} is told: {error}"));
                if stops {
                    std::future::pending::<()>().await;
                }
                Ok(ToolResult::default())
            }
        });
    }
    let id = one.v2026("ann").start("restarting").await;
    eventually("it is told", || cluster.log.lines().len() == 2).await;
    cluster.two_periods().await;
    other.v2026("ann").until(&id, "completed").await;
    let told = |name: &str| format!("{name} is told: there is no such file");
    assert_eq!(cluster.log.lines(), ["one calls".to_owned(), told("one"), told("other")]);
}
