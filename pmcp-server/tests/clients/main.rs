//! `pmcp-client` against this server: each revision over each transport.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{future::Future, sync::Mutex, time::Duration};

use futures_util::TryStreamExt as _;
use pmcp_client::{
    CallOutcome, Client, ClientBuilder, ClientError, ElicitAnswer, Elicitation, RequestOptions, TaskHandle, TaskStatus,
    TaskUpdate,
};
use pmcp_server::{Prompt, PromptResult, Running, Server};
use pmcp_tasks::{call::TraceContext, prelude::*, trace::Bridge};
use serde_json::{Value, json};
use spec_check::Tap;
use tokio::io::{duplex, split};
use tracing::Span;

fn builder(revision: &str) -> ClientBuilder {
    Client::builder("test", "1.2.3").revision(revision)
}

/// Accepts every form with a name.
async fn luca(_: Elicitation) -> ElicitAnswer {
    ElicitAnswer::Accept(json!({ "name": "Luca" }))
}

#[derive(Form)]
struct Name {
    name: String,
}

#[derive(TaskVariables, Default)]
struct Greeting {
    greeted: u64,
    #[variable(client_writable)]
    loud: bool,
}

/// Greets whoever answers.
#[task_tool(support = "optional", poll_interval = "20ms")]
async fn greet(task: TaskContext<Greeting>) -> Result<String, ToolError> {
    let Name { name } = task.elicit("Who?").await?;
    task.variables().greeted.set(1).await?;
    Ok(format!("Hello, {name}!"))
}

/// Greets without ever being a task.
#[task_tool(support = "forbidden")]
async fn greet_plainly(tool: ToolContext) -> Result<String, ToolError> {
    let Name { name } = tool.elicit("Who?").await?;
    Ok(format!("Hello, {name}!"))
}

/// Asks before it begins.
#[task_tool(support = "optional", poll_interval = "20ms")]
async fn greet_asked(#[ask("Who?")] who: Name) -> String {
    format!("Hello, {}!", who.name)
}

/// Works until it is cancelled or told to stop.
#[task_tool(support = "required", poll_interval = "20ms")]
async fn work(task: TaskContext<Greeting>) -> Result<String, ToolError> {
    while !task.variables().loud.get().await? {
        task.check_cancelled()?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok("loud".into())
}

/// Fails as its argument says.
#[task_tool(support = "optional", poll_interval = "20ms")]
async fn fail(rpc: bool) -> Result<String, ToolError> {
    Err(if rpc { ToolError::rpc(-32050, "broken") } else { ToolError::new("not today") })
}

fn server() -> Server {
    Server::new("served", "1")
        .tool::<greet>()
        .tool::<greet_plainly>()
        .tool::<greet_asked>()
        .tool::<work>()
        .tool::<fail>()
        .prompt_with(Prompt::new("hello"), |_, cx: ToolContext| async move {
            let Name { name } = cx.elicit("Who?").await?;
            Ok(PromptResult::user(format!("Greet {name}")))
        })
        .resource_with("test://text", |_, _| async { Ok("words") })
}

const REVISIONS: [&str; 2] = ["2026-07-28", "2025-11-25"];

async fn in_process(builder: ClientBuilder) -> Client {
    let (client, served) = duplex(64 * 1024);
    let (reader, writer) = split(served);
    tokio::spawn(server().serve_io(reader, writer));
    let (reader, writer) = split(Tap::watching().lines(client));
    builder.connect_io(reader, writer).await.unwrap()
}

async fn over_http(builder: ClientBuilder) -> (Client, Running) {
    let running = server().start(([127, 0, 0, 1], 0).into()).await.unwrap();
    let watched = Tap::watching().http(running.address()).await;
    let client = builder.connect_http(&format!("http://{watched}/mcp")).await.unwrap();
    (client, running)
}

/// Runs a test with each revision over each transport, with pushes and without.
async fn everywhere<F: Future<Output = ()> + Send>(
    prepare: impl Fn(ClientBuilder) -> ClientBuilder + Send + Sync,
    test: impl Fn(Client) -> F + Send + Sync,
) {
    for revision in REVISIONS {
        for listen in [true, false] {
            let builder = || prepare(builder(revision).listen(listen));
            let limit = Duration::from_secs(20);
            let name = format!("{revision}, listen: {listen}");
            let in_process = async { test(in_process(builder()).await).await };
            tokio::time::timeout(limit, in_process).await.unwrap_or_else(|_| panic!("in process, {name}"));
            let over_http = async {
                let (client, running) = over_http(builder()).await;
                test(client.clone()).await;
                client.close().await.unwrap();
                running.shut_down().await.unwrap();
            };
            tokio::time::timeout(limit, over_http).await.unwrap_or_else(|_| panic!("over HTTP, {name}"));
        }
    }
}

#[tokio::test]
async fn calls_are_asked_and_answered() {
    everywhere(
        |builder| builder.on_elicit(luca),
        |client| async move {
            for tool in ["greet", "greet_plainly", "greet_asked"] {
                let result = client.call_and_wait(tool, json!({})).await.unwrap();
                assert_eq!(result.first_text(), Some("Hello, Luca!"), "{tool}");
            }
            let prompt = client.get_prompt("hello", json!({})).await.unwrap();
            assert_eq!(prompt["messages"][0]["content"]["text"], "Greet Luca");
            let resource = client.read_resource("test://text").await.unwrap();
            assert_eq!(resource["contents"][0]["text"], "words");
        },
    )
    .await;
}

#[tokio::test]
async fn without_tasks_calls_run_plainly() {
    everywhere(
        |builder| builder.declare_tasks(false).on_elicit(luca),
        |client| async move {
            let outcome = client.call_tool("greet", json!({})).await.unwrap();
            assert!(matches!(outcome, CallOutcome::Result(_)));
            let error = client.call_and_wait("work", json!({})).await.unwrap_err();
            let expected = if client.protocol_version() == "2026-07-28" { -32021 } else { -32601 };
            assert_eq!(error.code(), Some(expected));
        },
    )
    .await;
}

async fn begin(client: &Client, tool: &str) -> TaskHandle {
    let outcome = if client.protocol_version() == "2026-07-28" {
        client.call_tool(tool, json!({})).await
    } else {
        client.call_tool_as_task(tool, json!({}), Some(Duration::from_secs(60))).await
    };
    outcome.unwrap().into_task().unwrap()
}

#[tokio::test]
async fn tasks_are_followed_updated_and_cancelled() {
    everywhere(
        |builder| builder,
        |client| async move {
            let told = begin(&client, "work").await;
            told.update(TaskUpdate::new().variable("loud", true)).await.unwrap();
            let states: Vec<_> = told.changes().try_collect().await.unwrap();
            assert_eq!(states.first().unwrap().status, TaskStatus::Working);
            assert_eq!(states.last().unwrap().status, TaskStatus::Completed);
            assert_eq!(states.last().unwrap().variables.as_ref().unwrap()["loud"], json!(true));
            assert_eq!(told.result().await.unwrap().first_text(), Some("loud"));
            let error = told.update(TaskUpdate::new().variable("greeted", 5)).await.unwrap_err();
            assert_eq!(error.code(), Some(-32602));

            let cancelled = begin(&client, "work").await;
            let (waited, ()) = tokio::join!(cancelled.wait(), async { cancelled.cancel().await.unwrap() });
            assert!(matches!(waited, Err(ClientError::Cancelled)), "{waited:?}");
            // Named by its id it is the same.
            assert!(matches!(client.task(cancelled.id()).wait().await, Err(ClientError::Cancelled)));

            if client.protocol_version() == "2025-11-25" {
                assert_eq!(client.list_tasks().await.unwrap().len(), 2);
            }
            let unknown = client.task("00000000-0000-4000-8000-000000000000");
            assert_eq!(unknown.get().await.unwrap_err().code(), Some(-32602));
            assert_eq!(unknown.wait().await.unwrap_err().code(), Some(-32602));
        },
    )
    .await;
}

#[tokio::test]
async fn failures_are_told_apart() {
    everywhere(
        |builder| builder.on_elicit(|_| async { ElicitAnswer::Decline }),
        |client| async move {
            let error = client.call_and_wait("fail", json!({ "rpc": true })).await.unwrap_err();
            assert_eq!(error.code(), Some(-32050));
            let result = client.call_and_wait("fail", json!({ "rpc": false })).await.unwrap();
            assert_eq!((result.is_error, result.first_text()), (true, Some("not today")));
            assert!(client.call_and_wait("greet", json!({})).await.unwrap().is_error);
            let error = client.call_and_wait("missing", json!({})).await.unwrap_err();
            assert_eq!(error.code(), Some(-32602));
        },
    )
    .await;
}

#[tokio::test]
async fn a_question_arrives_on_the_sessions_stream_too() {
    let (client, running) = over_http(builder("2025-11-25").on_elicit(luca)).await;
    let task = begin(&client, "greet").await;
    // Nobody waits for the result: the session's stream is the only way to ask.
    let state = loop {
        let state = task.get().await.unwrap();
        if state.status.is_terminal() {
            break state;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!(state.status, TaskStatus::Completed);
    running.shut_down().await.unwrap();
}

#[tokio::test]
async fn a_question_arrives_without_the_sessions_stream() {
    let (client, running) = over_http(builder("2025-11-25").session_stream(false).on_elicit(luca)).await;
    let task = begin(&client, "greet").await;
    let mut seen = Vec::new();
    let result = task.wait_with(|state| seen.push(state.status)).await.unwrap();
    assert_eq!(result.first_text(), Some("Hello, Luca!"));
    assert!(seen.contains(&TaskStatus::InputRequired), "{seen:?}");
    running.shut_down().await.unwrap();
}

#[tokio::test]
async fn sessions_that_are_gone_are_replaced() {
    let (client, running) = over_http(builder("2025-11-25")).await;
    let session = client.session_id().unwrap();
    // Somebody deletes the session behind the client's back.
    let other = builder("2025-11-25").session_stream(false).connect_http(&running.url()).await.unwrap();
    let delete = http::Request::delete(running.url()).header("mcp-session-id", &session);
    let delete = delete.body(http_body_util::Full::<bytes::Bytes>::default()).unwrap();
    let hyper = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new());
    let response = hyper.build_http().request(delete).await.unwrap();
    assert_eq!(response.status(), 204);
    assert_eq!(client.list_tools().await.unwrap().len(), 5);
    assert_ne!(client.session_id().unwrap(), session);
    other.close().await.unwrap();
    running.shut_down().await.unwrap();
}

#[tokio::test]
async fn every_earlier_version_connects() {
    for version in ["2025-06-18", "2025-03-26", "2024-11-05"] {
        let (client, running) = over_http(builder(version).on_elicit(luca)).await;
        assert_eq!(client.protocol_version(), version);
        let in_process = in_process(builder(version)).await;
        for client in [client, in_process] {
            client.ping().await.unwrap();
            let result = client.call_and_wait("fail", json!({ "rpc": false })).await.unwrap();
            assert!(result.is_error);
        }
        running.shut_down().await.unwrap();
    }
}

#[tokio::test]
async fn what_a_server_is_can_be_asked() {
    let client = in_process(builder("2026-07-28")).await;
    let discovered = client.discover().await.unwrap();
    assert!(discovered["supportedVersions"].as_array().unwrap().contains(&Value::from("2026-07-28")));
    assert_eq!(client.server(), None);
    let client = in_process(builder("2025-11-25")).await;
    assert_eq!(client.server().unwrap()["serverInfo"]["name"], "served");
}

/// Where spans were said to go on from, and what they were linked to, by the name of each.
static TIES: Mutex<Vec<(&'static str, &'static str, String)>> = Mutex::new(Vec::new());

/// A system of tracing that knows nothing but that.
struct Ties;

impl Ties {
    fn note(tie: &'static str, span: &Span, place: &TraceContext) {
        let name = span.metadata().map_or("", tracing::Metadata::name);
        TIES.lock().unwrap().push((name, tie, place.traceparent().unwrap_or_default().to_owned()));
    }
}

impl Bridge for Ties {
    fn join(&self, span: &Span, parent: &TraceContext) {
        Self::note("parent", span, parent);
    }

    fn link(&self, span: &Span, other: &TraceContext) {
        Self::note("link", span, other);
    }

    fn context(&self, _: &Span) -> Option<TraceContext> {
        None
    }
}

#[tokio::test]
async fn what_meta_tells_of_a_trace_is_the_parent_and_what_headers_tell_a_link() {
    const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
    const PROXY: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b8-01";
    // Of the spans of other tests nobody is told: they have no subscriber.
    pmcp_tasks::trace::bridge(Ties).unwrap();
    // `tracing` may miss to tell a subscriber of a span that another thread has just come to for the first time.
    let (client, running) = over_http(builder("2025-11-25").session_stream(false)).await;
    client.call_and_wait("fail", json!({ "rpc": false })).await.unwrap();
    running.shut_down().await.unwrap();
    let _spans = tracing::subscriber::set_default(tracing_subscriber::registry());
    for revision in ["2025-11-25", "2026-07-28"] {
        let (client, running) = over_http(builder(revision).session_stream(false)).await;
        let ties = async |told: &[(&'static str, &'static str)]| {
            let mut options = RequestOptions::new();
            for (place, parent) in told {
                options = if *place == "_meta" {
                    options.meta("traceparent", *parent)
                } else {
                    options.header("traceparent", *parent)
                };
            }
            TIES.lock().unwrap().clear();
            client.call_tool_with("fail", json!({ "rpc": false }), options).await.unwrap();
            std::mem::take(&mut *TIES.lock().unwrap())
        };
        let expected = |parent: &str, link: Option<&str>| {
            let request = ("request", "parent", parent.to_owned());
            let link = link.map(|link| ("request", "link", link.to_owned()));
            // The run goes on from the request, or from where that does if no system of tracing knows it.
            [Some(request), link, Some(("run", "parent", parent.to_owned()))].into_iter().flatten().collect::<Vec<_>>()
        };
        assert_eq!(ties(&[("_meta", CALLER), ("header", PROXY)]).await, expected(CALLER, Some(PROXY)), "{revision}");
        assert_eq!(ties(&[("_meta", CALLER)]).await, expected(CALLER, None), "{revision}");
        assert_eq!(ties(&[("header", PROXY)]).await, expected(PROXY, None), "{revision}");
        assert_eq!(ties(&[("_meta", "00-broken"), ("header", PROXY)]).await, expected(PROXY, None), "{revision}");
        assert_eq!(ties(&[("_meta", CALLER), ("header", "broken")]).await, expected(CALLER, None), "{revision}");
        assert!(ties(&[]).await.is_empty(), "{revision}");
        running.shut_down().await.unwrap();
    }
}
