//! Sessions of 2025-11-25 on several instances: any of them answers, whichever began, whichever dies.

mod ids;
mod questions;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use pmcp_server::{Anonymous, BearerTokens, ServeLimits, Server, SessionKey};
use pmcp_tasks::{
    Limits, TaskStore,
    changes::{List, ListChanges},
    prelude::*,
    store::MemoryBackend,
    testing::{CountingBackend, ManualClock},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy, copy_bidirectional},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};

use crate::support::{
    App, Http, Legacy, Probe, Reply, bad_input_on_purpose, call, listening, request, server_with, text, within,
};

#[derive(Form)]
struct Name {
    name: String,
}

/// Asks for a name, and once more if its process dies.
#[task_tool(on_crash = "restart")]
async fn insist(task: TaskContext) -> Result<String, ToolError> {
    let Name { name } = task.elicit("Who are you?").await?;
    Ok(format!("hello {name}"))
}

fn key(n: u8) -> SessionKey {
    let bytes: Vec<u8> = (0..32).map(|at| at ^ n.wrapping_mul(37)).collect();
    SessionKey::try_new(bytes).unwrap()
}

/// An instance with threads of its own, so that it can die at any time.
struct Instance {
    runtime: Option<Runtime>,
    http: Http,
    probe: Probe,
}

impl Instance {
    async fn start(store: &str) -> Self {
        Self::start_as(store, |server| server.session_keys([key(1)])).await
    }

    async fn start_as(store: &str, with: impl FnOnce(Server<App>) -> Server<App> + Send + 'static) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let store = store.to_owned();
        let started = runtime.spawn(async move {
            let (server, probe) = server_with(TaskStore::connect(&store).await.unwrap());
            let server = with(server.tool::<insist>().lease(Duration::from_secs(1)));
            let running = server.start(([127, 0, 0, 1], 0).into()).await.unwrap();
            (Http::new(running.address()), probe)
        });
        let (http, probe) = within(started).await.unwrap();
        Self { runtime: Some(runtime), http, probe }
    }

    /// Stops it in the middle of everything: nothing is finished, nothing given back.
    async fn kill(&mut self) {
        self.stop();
        // Until then the system takes connections for it.
        within(async { while TcpStream::connect(self.http.address).await.is_ok() {} }).await;
    }

    fn stop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A store that processes share.
fn shared() -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("tasks.db").display());
    (directory, url)
}

/// Gives each connection to the next instance that takes it.
async fn balanced(instances: &[&Instance]) -> Http {
    let all: Vec<SocketAddr> = instances.iter().map(|instance| instance.http.address).collect();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (all, next) = (Arc::new(all), Arc::new(AtomicUsize::new(0)));
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let (all, next) = (all.clone(), next.clone());
            tokio::spawn(async move {
                for _ in 0..all.len() {
                    let instance = all[next.fetch_add(1, Ordering::Relaxed) % all.len()];
                    if let Ok(mut server) = TcpStream::connect(instance).await {
                        let _ = copy_bidirectional(&mut client, &mut server).await;
                        return;
                    }
                }
            });
        }
    });
    Http::new(address)
}

/// The same session at this instance alone.
fn at(legacy: &Legacy, instance: &Instance) -> Legacy {
    Legacy { http: instance.http.clone(), ..legacy.clone() }
}

fn named(name: &str) -> Value {
    json!({ "action": "accept", "content": { "name": name } })
}

/// The next message with this method.
async fn next(stream: &mut Reply, method: &str) -> Value {
    loop {
        let message = stream.receive().await;
        if message["method"] == method {
            return message;
        }
    }
}

async fn result(legacy: &Legacy, task: &str) -> Value {
    legacy.ask("result", "tasks/result", json!({ "taskId": task })).await
}

async fn status(legacy: &Legacy) -> u16 {
    legacy.send("status", "ping", None).await.status.as_u16()
}

#[tokio::test]
async fn any_instance_answers_every_request_of_a_session() {
    let (_directory, store) = shared();
    let (one, other) = (Instance::start(&store).await, Instance::start(&store).await);
    let http = balanced(&[&one, &other]).await;
    for version in ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] {
        let legacy = Legacy::begin_in(&http, version, json!({ "elicitation": {} })).await;
        for id in 0..4 {
            assert_eq!(text(&legacy.ask(id, "tools/call", call("echo", json!({ "text": "hi" }))).await), "hi");
        }
    }
    let legacy = Legacy::begin(&http).await;
    for n in 0..3 {
        let task = legacy.task(n, "must_be_task").await;
        for _ in 0..2 {
            assert_eq!(text(&result(&legacy, &task).await), "task");
            assert_eq!(
                legacy.ask("get", "tasks/get", json!({ "taskId": task })).await["result"]["status"],
                "completed"
            );
        }
    }
    // Both had some of it.
    let batch = Legacy::begin_in(&http, "2025-03-26", json!({})).await;
    for _ in 0..2 {
        let both = batch.post(&json!([request(1, "ping", None), request(2, "ping", None)])).await.response().await;
        assert_eq!(both.as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_plain_request_of_a_sealed_session_asks_no_store() {
    let backend = CountingBackend::to(Arc::new(MemoryBackend::new()));
    let instance = |backend: &CountingBackend| {
        server_with(TaskStore::new(backend.clone())).0.session_keys([key(1)]).lease(Duration::from_secs(3600))
    };
    let (_one, http) = listening(instance(&backend)).await;
    let (_other, elsewhere) = listening(instance(&backend)).await;
    // What an instance does for itself when it starts, and when it begins to serve sessions.
    let earlier = Legacy::begin(&http).await;
    assert_eq!(status(&Legacy { http: elsewhere.clone(), ..earlier }).await, 200);
    backend.quiet().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    backend.quiet().await;
    backend.take();
    let begun = Legacy::begin(&http).await;
    for legacy in [&begun, &Legacy { http: elsewhere, ..begun.clone() }] {
        legacy.ask(1, "tools/list", None).await;
        assert_eq!(text(&legacy.ask(2, "tools/call", call("echo", json!({ "text": "hi" }))).await), "hi");
        legacy.ask(3, "ping", None).await;
    }
    assert_eq!(backend.take(), "");
}

#[tokio::test]
async fn many_streams_of_a_session_ask_the_store_as_one_does() {
    let backend = CountingBackend::to(Arc::new(MemoryBackend::new()));
    let server = server_with(TaskStore::new(backend.clone())).0.session_keys([key(1)]).lease(Duration::from_secs(3600));
    let (_running, http) = listening(server).await;
    let begun = Legacy::begin(&http).await;
    let looks = async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        backend.take().split(' ').filter(|asked| *asked == "get").count()
    };
    looks().await;
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(begun.listen().await);
    }
    assert!((1..10).contains(&looks().await));
    // Another one does when the first has gone.
    streams.remove(0);
    assert!((1..10).contains(&looks().await));
}

#[tokio::test]
async fn a_session_survives_the_instance_that_began_it() {
    let (_directory, store) = shared();
    let (mut one, other) = (Instance::start(&store).await, Instance::start(&store).await);
    let http = balanced(&[&one, &other]).await;
    let began = Legacy { http: http.clone(), ..Legacy::begin(&one.http).await };
    let done = at(&began, &one).task(1, "must_be_task").await;
    one.kill().await;
    assert_eq!(text(&began.ask(1, "tools/call", call("echo", json!({ "text": "hi" }))).await), "hi");
    assert_eq!(text(&result(&began, &done).await), "task");
    // One that takes its place goes on with it, too.
    let next = Instance::start(&store).await;
    assert_eq!(text(&result(&at(&began, &next), &done).await), "task");
}

#[tokio::test]
async fn a_stream_is_where_it_began_and_another_instance_says_so() {
    let (_directory, store) = shared();
    let (one, other) = (Instance::start(&store).await, Instance::start(&store).await);
    let began = Legacy::begin(&one.http).await;
    let mut params = call("count", json!({ "to": 2 }));
    params["_meta"] = json!({ "progressToken": "token" });
    let mut reply = began.send(1, "tools/call", params).await;
    reply.receive().await;
    let last = reply.last_id.clone();
    drop(reply);
    let elsewhere = at(&began, &other);
    let refused = elsewhere.come_back(&*last).await;
    assert_eq!(refused.status, 400);
    let error = refused.json().await["error"].clone();
    assert_eq!(error["code"], -32600);
    let told = error["message"].as_str().unwrap();
    assert!(told.contains("another process's") && told.ends_with("has to be made again"), "{told}");
    // The session is there, with a stream of its own.
    assert_eq!(text(&elsewhere.ask(2, "tools/call", call("echo", json!({ "text": "hi" }))).await), "hi");
    assert_eq!(elsewhere.come_back("s0123456789abcdef-7").await.status, 200);
    // Where it began nothing is lost.
    let mut back = began.come_back(&*last).await;
    assert_eq!(back.status, 200);
    while let Some(message) = back.next().await {
        assert!(message["id"].is_null() || message["id"] == 1, "{message}");
    }
}

#[tokio::test]
async fn a_session_that_owns_tasks_owns_them_at_any_instance() {
    let backend = Arc::new(MemoryBackend::new());
    let instance = async || {
        let server = server_with(TaskStore::new(backend.clone())).0.session_keys([key(1)]);
        // Not on loopback, where everybody is the local user.
        let running = server.anonymous(Anonymous::PerSession).start(([0, 0, 0, 0], 0).into()).await.unwrap();
        let http = Http::new(([127, 0, 0, 1], running.address().port()).into());
        (running, http)
    };
    let ((_one, http), (_other, elsewhere)) = (instance().await, instance().await);
    let owner = Legacy::begin(&http).await;
    let stranger = Legacy::begin(&http).await;
    let task = owner.task(1, "must_be_task").await;
    let owns = async |legacy: &Legacy| legacy.ask(2, "tasks/list", None).await["result"]["tasks"][0]["taskId"] == *task;
    assert!(owns(&owner).await && owns(&Legacy { http: elsewhere.clone(), ..owner }).await);
    assert!(!owns(&stranger).await && !owns(&Legacy { http: elsewhere, ..stranger }).await);
}

/// Plan a trip.
#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Trip {
    to: String,
}

#[workflow]
impl Trip {
    /// Ask who travels.
    #[step]
    async fn who(&self, task: TaskContext) -> Result<String, ToolError> {
        let Name { name } = task.elicit(format!("Who travels to {}?", self.to)).await?;
        Ok(name)
    }
}

#[tokio::test]
async fn a_workflow_asks_wherever_its_client_goes_on_with_it_and_is_answered_anywhere() {
    let _spoilt = bad_input_on_purpose();
    let (_directory, store) = shared();
    let instance = async || Instance::start_as(&store, |server| server.session_keys([key(1)]).workflow::<Trip>()).await;
    let (mut a, b, c) = (instance().await, instance().await, instance().await);
    let begun = Legacy::begin(&a.http).await;
    let get = json!({ "name": "trip", "arguments": { "to": "Rome" } });
    let mut first = begun.send(1, "prompts/get", get.clone()).await;
    let question = next(&mut first, "elicitation/create").await;
    let run = question["params"]["_meta"]["io.modelcontextprotocol/related-task"]["taskId"].clone();
    a.kill().await;
    drop(first);
    // An answer to the dead one is lost with it; who goes on is asked again.
    at(&begun, &b).answer(&question, named("nobody")).await;
    let go_on = call("workflow_continue", json!({ "_task_id": run }));
    let again = async {
        loop {
            let mut going = at(&begun, &b).send(2, "tools/call", go_on.clone()).await;
            if !going.is_stream() {
                continue;
            }
            while let Some(message) = going.next().await {
                if message["method"] == "elicitation/create" {
                    return (going, message);
                }
            }
        }
    };
    let (mut going, question) = within(again).await;
    at(&begun, &c).answer(&question, named("Ann")).await;
    let told = loop {
        let message = going.receive().await;
        if message.get("result").is_some() {
            break message;
        }
    };
    let standing = &told["result"]["_meta"]["run.pmcp/workflow"];
    assert_eq!((&standing["state"], &standing["steps"][0]["result"]), (&json!("completed"), &json!("Ann")), "{told}");
}

/// Passes connections on to an instance, of whose answers no more than so many bytes come back.
async fn cutting(instance: &Instance, bytes: u64) -> SocketAddr {
    let (listener, server) = (TcpListener::bind(("127.0.0.1", 0)).await.unwrap(), instance.http.address);
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (mut asked, mut told) = client.into_split();
            let (answers, mut asks) = TcpStream::connect(server).await.unwrap().into_split();
            tokio::spawn(async move { copy(&mut asked, &mut asks).await });
            let _ = copy(&mut answers.take(bytes), &mut told).await;
        }
    });
    address
}

#[tokio::test]
async fn a_question_is_asked_again_wherever_its_stream_was_cut() {
    let (_directory, store) = shared();
    let (one, other) = (Instance::start(&store).await, Instance::start(&store).await);
    let begun = Legacy::begin(&one.http).await;
    // The head of the answer has some 200 bytes, the question 600.
    for bytes in (0..1000).step_by(40) {
        let task = begun.task(bytes, "ask").await;
        let address = cutting(&one, bytes).await;
        let body = request("cut", "tasks/result", json!({ "taskId": task })).to_string();
        let id = &begun.id;
        let head = format!(
            "POST /mcp HTTP/1.1\r\nhost: {address}\r\nmcp-session-id: {id}\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut cut = TcpStream::connect(address).await.unwrap();
        cut.write_all((head + &body).as_bytes()).await.unwrap();
        let mut read = Vec::new();
        // Behind what comes at once there may be nothing to cut.
        let _ = tokio::time::timeout(Duration::from_millis(300), cut.read_to_end(&mut read)).await;
        drop(cut);
        let mut waits = at(&begun, &other).send("whole", "tasks/result", json!({ "taskId": task })).await;
        let question = next(&mut waits, "elicitation/create").await;
        at(&begun, &one).answer(&question, named("Ann")).await;
        assert_eq!(text(&waits.receive().await), "hello Ann", "cut after {bytes} bytes");
    }
}
