//! The trace of a call is kept with its task, and the spans of its life are one tree.

use pmcp_tasks::{
    TaskContext, ToolError, ToolResult,
    call::{Revision, TraceContext},
    protocol::VARIABLES,
    router::Execution,
};
use serde_json::{Map, Value, json};

use crate::support::*;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
const OTHER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b8-00";

/// A call that is a part of a trace.
fn traced(tool: &str) -> Value {
    json!({ "name": tool, "arguments": {}, "_meta": {
        "traceparent": PARENT, "tracestate": "rojo=1", "baggage": "user=ann",
    } })
}

/// What a function is told of its trace.
fn told(trace: Option<&TraceContext>) -> String {
    let all: Map<String, Value> =
        trace.iter().flat_map(|trace| trace.pairs()).map(|(key, text)| (key.to_owned(), text.into())).collect();
    Value::Object(all).to_string()
}

/// Has the tool give what it is told.
fn tells(server: &Server, tool: &'static str) {
    server.world.on(tool, |_, cx| async move { Ok(ToolResult::text(told(cx.tool().trace().as_ref()))) });
}

fn all() -> String {
    json!({ "traceparent": PARENT, "tracestate": "rojo=1", "baggage": "user=ann" }).to_string()
}

#[tokio::test]
async fn a_function_reads_the_trace_of_its_call() {
    let server = Server::new();
    tells(&server, "plain");
    for mut client in [server.v2025("ann"), server.v2026("ann")] {
        assert_eq!(text_of(&client.ok("tools/call", traced("plain")).await), all());
        let with = |meta: Value| json!({ "name": "plain", "arguments": {}, "_meta": meta });
        for (meta, expected) in [
            (json!({}), json!({})),
            (json!({ "traceparent": "00-broken-01", "tracestate": "rojo=1" }), json!({})),
            (json!({ "traceparent": PARENT, "tracestate": "Rojo", "baggage": "ü" }), json!({ "traceparent": PARENT })),
            (json!({ "traceparent": 7, "baggage": "a=b" }), json!({ "baggage": "a=b" })),
        ] {
            assert_eq!(text_of(&client.ok("tools/call", with(meta)).await), expected.to_string());
        }
        // What the transport tells counts where the request says nothing.
        client.cx.trace = TraceContext::read(|key| (key == "traceparent").then_some(OTHER));
        let of_transport = client.ok("tools/call", with(json!({}))).await;
        assert_eq!(text_of(&of_transport), json!({ "traceparent": OTHER }).to_string());
        assert_eq!(text_of(&client.ok("tools/call", traced("plain")).await), all());
    }
}

#[tokio::test]
async fn a_trace_is_kept_when_its_task_is_taken_over() {
    let cluster = Cluster::new();
    let one = cluster.dead();
    let _gate = gated(&one, "restarting", "one", &cluster.log);
    let id = id_of(&one.v2026("ann").create_with(traced("restarting")).await.unwrap());
    settle().await;
    let other = cluster.alive();
    tells(&other, "restarting");
    cluster.two_periods().await;
    let task = other.v2026("ann").until(&id, "completed").await;
    assert_eq!(text_of(&task["result"]), all());
    // It is of the caller, and nobody else is told.
    assert!(!task.to_string().replace(&*all().replace('"', "\\\""), "").contains("baggage"));
}

#[tokio::test]
async fn a_trace_is_kept_when_its_task_was_queued() {
    let cluster = Cluster::new();
    let server = cluster.with(|router| router.execution(Execution::Queued).worker(1));
    tells(&server, "restarting");
    for revision in [Revision::V2025, Revision::V2026] {
        let client = server.client(revision, user_owner("ann"));
        let id = id_of(&client.create_with(traced("restarting")).await.unwrap());
        cluster.clock.advance(seconds(1)).await;
        let task = client.until(&id, "completed").await;
        let result =
            if revision == Revision::V2025 { client.result(&id).await.unwrap() } else { task["result"].clone() };
        assert_eq!(text_of(&result), all());
    }
}

/// A function with a step, a question and a call of another tool.
fn does_everything(server: &Server, tool: &'static str) {
    server.world.on(tool, |_, cx| async move {
        let task: TaskContext<Shared> = cx.task();
        let value: String = task.step("of CANARY", async || Ok::<_, ToolError>("CANARY".to_owned())).await?;
        let failed: Result<u8, _> = task.step("fails", async || Err(ToolError::new("no CANARY"))).await;
        assert!(failed.is_err());
        task.variables().status.set(value.clone()).await?;
        task.status_message("at CANARY").await.unwrap();
        let called = task.call_named("plain", "call of CANARY", json!({ "given": "CANARY" })).await?;
        assert_eq!(called, "CANARY");
        let name: String = task.elicit("Who is CANARY?").await?;
        Ok(ToolResult::text(name))
    });
    server.world.on("plain", |_, _| async { Ok(ToolResult::text("CANARY")) });
}

#[tokio::test]
async fn the_life_of_a_task_is_one_tree_and_tells_nothing_of_what_it_is_about() {
    let spans = Spans::begin();
    let cluster = Cluster::new();
    let one = cluster.dead();
    does_everything(&one, "restarting");
    let client = one.v2026("ann");
    let mut call = traced("restarting");
    call["arguments"] = json!({ "word": "CANARY" });
    call["_meta"][VARIABLES] = json!({ "limit": 77_000_177 });
    call["_meta"]["baggage"] = json!("user=CANARY");
    let id = id_of(&client.create_with(call).await.unwrap());
    client.until(&id, "input_required").await;
    let begun = format!(
        "{PARENT} > execute_tool restarting (internal) 1 …
  step (internal)
  step (internal) tool_error
  execute_tool plain (internal)
  elicitation/create (client) …
"
    );
    assert_eq!(Spans::tree(&["pmcp.task.attempt", "error.type"]), begun);
    // Its process dies, as far as others can see.
    let other = cluster.alive();
    does_everything(&other, "restarting");
    cluster.two_periods().await;
    let client = other.v2026("ann");
    let task = client.until(&id, "input_required").await;
    let key = task["inputRequests"].as_object().unwrap().keys().next().unwrap().clone();
    client.update(&id, json!({ key: accept(json!({ "answer": "CANARY" })) })).await.unwrap();
    client.until(&id, "completed").await;
    settle().await;
    let taken = format!(
        "{PARENT} > take_over restarting (consumer)
  execute_tool restarting (internal) 2 completed
    step (internal) tool_error
    elicitation/create (client)
"
    );
    let tree = Spans::tree(&["pmcp.task.attempt", "pmcp.task.outcome", "error.type"]);
    assert!(tree.ends_with(&taken), "{tree}");
    let everything = spans.everything();
    assert!(everything.contains(&id), "{everything}");
    assert!(!everything.contains("CANARY") && !everything.contains("77000177"), "{everything}");
}

#[tokio::test]
async fn a_wait_in_the_queue_is_between_two_spans_of_the_tree() {
    let _spans = Spans::begin();
    let cluster = Cluster::new();
    let server = cluster.with(|router| router.execution(Execution::Queued).worker(1));
    let client = server.v2026("ann");
    let id = id_of(&client.create_with(traced("restarting")).await.unwrap());
    cluster.clock.advance(seconds(1)).await;
    client.until(&id, "completed").await;
    settle().await;
    let tree = Spans::tree(&["pmcp.task.queued_ms", "pmcp.task.outcome"]);
    let waited = tree.split_once("dequeue restarting (consumer) ").and_then(|(_, rest)| rest.split_once('\n')).unwrap();
    assert!(waited.0.parse::<u64>().unwrap() <= 1000, "{tree}");
    let shape = tree.replace(&format!(" {}\n", waited.0), "\n");
    assert_eq!(
        shape,
        format!(
            "{PARENT} > queue restarting (producer)
  dequeue restarting (consumer)
    execute_tool restarting (internal) completed
"
        )
    );
}

#[tokio::test]
async fn a_task_that_is_lost_tells_so_in_its_trace() {
    let _spans = Spans::begin();
    let cluster = Cluster::new();
    let one = cluster.dead();
    let _alive = one.world.never_ends("required");
    let id = id_of(&one.v2026("ann").create_with(traced("required")).await.unwrap());
    settle().await;
    let other = cluster.alive();
    cluster.two_periods().await;
    other.v2026("ann").until(&id, "failed").await;
    let tree = Spans::tree(&["error.type", "otel.status_code"]);
    assert!(tree.contains(&format!("{PARENT} > take_over required (consumer) lost ERROR\n")), "{tree}");
}

/// Fails as it is told, knowing CANARY as argument, variable, recorded step and result.
fn fails_in_every_way(server: &Server, tool: &'static str) {
    server.world.on(tool, |arguments, cx| async move {
        let task: TaskContext<Shared> = cx.task();
        task.variables().secret.set("CANARY".to_owned()).await?;
        let how = arguments.given["how"].as_str().unwrap_or_default().to_owned();
        match &*how {
            "panics" => panic!("the oven is cold"),
            "fails" => Err(ToolError::new("no CANARY")),
            "fails inside" => Err(std::io::Error::other("the oven is cold").into()),
            "rpc" => Err(ToolError::rpc(-32050, "no CANARY")),
            "reads a variable as another type" => {
                task.variables().secret_as_number().await?;
                Ok(ToolResult::default())
            }
            "reads an answer as another type" => {
                let answer: u8 = task.elicit("How many of CANARY?").await?;
                Ok(ToolResult::text(answer.to_string()))
            }
            "reads a signal as another type" => {
                let cents: u8 = task.signal("paid").await?;
                Ok(ToolResult::text(cents.to_string()))
            }
            "gives too much" => Ok(ToolResult::text("CANARY".repeat(5_000))),
            "uses one name twice" => {
                // The name is told, as the mistake is of whoever wrote it.
                for _ in 0..2 {
                    task.step("twice", async || Ok::<_, ToolError>("CANARY".to_owned())).await?;
                }
                Ok(ToolResult::default())
            }
            _ => Ok(ToolResult::text("CANARY")),
        }
    });
}

#[tokio::test]
async fn no_failure_tells_in_spans_or_the_log_what_a_task_is_about() {
    let spans = Spans::begin();
    let backend = FaultyBackend::with_max_part(20_000);
    let server = Server::on(backend.clone(), pmcp_tasks::Limits::default());
    let (new, old) = (server.v2026("ann"), server.v2025("ann"));
    let given = |how: &str| json!({ "how": how, "word": "CANARY" });
    let create = async |client: &Client, how: &str| {
        id_of(&client.create_with(json!({ "name": "variables", "arguments": given(how) })).await.unwrap())
    };
    for client in [&new, &old] {
        fails_in_every_way(&server, "variables");
        for how in [
            "panics",
            "fails",
            "fails inside",
            "rpc",
            "reads a variable as another type",
            "gives too much",
            "uses one name twice",
            "nothing",
        ] {
            let id = create(client, how).await;
            eventually_ends(client, &id).await;
        }
        // Refused before there is a task.
        for refused in [json!({ "refuse": "no CANARY" }), json!({ "refuse": "panic", "word": "CANARY" })] {
            let _ = client.call("variables", refused).await;
        }
        let variables = json!({ "limit": "CANARY" });
        let with = json!({ "name": "variables", "arguments": given("nothing"), "_meta": { VARIABLES: variables } });
        assert!(client.create_with(with).await.is_err());
    }
    // An answer, a variable and a signal that do not fit.
    let id = create(&new, "reads an answer as another type").await;
    let task = new.until(&id, "input_required").await;
    let key = task["inputRequests"].as_object().unwrap().keys().next().unwrap().clone();
    let _ = new.update(&id, json!({ key.clone(): accept(json!({ "answer": "CANARY" })) })).await;
    let _ = new.set(&id, json!({ "limit": "CANARY", "CANARY": 1 })).await;
    new.cancel(&id).await.unwrap();
    let id = create(&new, "reads a signal as another type").await;
    let handle = server.router.store().task(&user_owner("ann"), id.parse().unwrap());
    let _ = handle.signal("paid", &"CANARY").await;
    settle().await;
    let _ = handle.signal("paid", &"CANARY").await;
    // A store that fails while something is created, stored or read.
    for fault in [Fault::Down, Fault::ReplyLost, Fault::Full] {
        backend.fail(fault, 3);
        let creation = new.spawn("tools/call", json!({ "name": "variables", "arguments": given("nothing") }));
        server.advance(minutes(1)).await;
        let _ = creation.await.unwrap();
        backend.recover();
        server.advance(minutes(1)).await;
    }
    let everything = spans.everything();
    for told in ["the tool panicked", "the oven is cold", "tool_error", "the tool failed"] {
        assert!(everything.contains(told), "{told} in {everything}");
    }
    assert!(!everything.contains("CANARY"), "{everything}");
}

/// Waits until a task is over, however it ends.
async fn eventually_ends(client: &Client, id: &str) {
    for _ in 0..100 {
        if matches!(&*client.status(id).await, "completed" | "failed" | "cancelled") {
            return;
        }
        settle().await;
    }
    panic!("the task does not end");
}
