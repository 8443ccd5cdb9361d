//! Any sequence of requests to the router, in both revisions: nothing panics, each is answered, nothing is left behind.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(feature = "macros")]

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex, Once,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use pmcp_tasks::{
    Limits, RpcError, TaskRouter, TaskStore,
    call::{CallContext, Caller, ClientCapabilities, Peer, PeerError, Revision},
    prelude::*,
    router::Handled,
    task::{Owner, OwnerKind},
    testing::ManualClock,
};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Map, Value, json};
use tokio::{runtime::Handle, task::JoinSet};
use tokio_util::sync::CancellationToken;

#[derive(pmcp_tasks::Form, serde::Serialize, schemars::JsonSchema)]
struct Name {
    name: String,
}

/// How often each name was answered: counted where it arrives, in the functions that asked.
#[derive(Clone, Debug, Default)]
struct Received(Arc<Mutex<BTreeMap<String, usize>>>);

/// The ways an answer can take: on the client's stream, with the call made again, by `tasks/update`. A good answer gives the
/// name of its way.
const WAYS: [&str; 3] = ["stream", "again", "update"];

impl Received {
    fn note(&self, name: &Name) {
        *self.0.lock().unwrap().entry(name.name.clone()).or_default() += 1;
    }

    /// Fails unless so many good answers arrived by each way: a storm whose answers reach nobody tests no questions.
    fn assert_enough(&self) {
        // About a quarter of what all cases come to.
        const ENOUGH: [usize; 3] = [50, 12, 8];
        let received = self.0.lock().unwrap();
        for (way, least) in WAYS.into_iter().zip(ENOUGH) {
            let count = received.get(way).copied().unwrap_or_default();
            assert!(count >= least, "{count} answers by {way:?}, not {least}: {received:?}");
        }
    }
}

#[derive(TaskVariables, Default)]
struct Work {
    done: u32,
    #[variable(hidden)]
    secret: Option<String>,
    #[variable(client_writable)]
    limit: Option<u8>,
}

/// Works, and asks half way.
#[task_tool(timeout = "1m")]
async fn work(
    steps: u8,
    ask: bool,
    State(received): State<Received>,
    task: TaskContext<Work>,
) -> Result<u32, ToolError> {
    for step in 0..steps.min(4) {
        task.check_cancelled()?;
        task.step(format!("step {step}"), async || Ok::<_, ToolError>(step)).await?;
        task.variables().done.add(1).await?;
        task.variables().secret.set(Some("hidden".into())).await?;
        task.progress(step, steps).await;
    }
    if ask {
        received.note(&task.elicit("Who?").await?);
    }
    Ok(task.variables().done.get().await?)
}

/// Has to be a task.
#[task_tool(support = "required", timeout = "1m")]
async fn must(task: TaskContext) -> Result<(), ToolError> {
    task.sleep(Duration::from_secs(5)).await?;
    Ok(())
}

/// Asks before it begins.
#[task_tool(timeout = "1m")]
async fn greet(#[ask("Who?")] who: Name, State(received): State<Received>) -> Name {
    received.note(&who);
    who
}

/// A client that gives these answers, one after the other, and then none.
#[derive(Debug)]
struct Client {
    answers: Mutex<VecDeque<Value>>,
}

impl Client {
    /// The next answer, which takes this way.
    fn answer(&self, way: &str) -> Option<Value> {
        let answer = self.answers.lock().unwrap().pop_front()?;
        Some(serde_json::from_str(&answer.to_string().replace("$way", way)).unwrap())
    }
}

#[async_trait]
impl Peer for Client {
    fn session(&self) -> &'static str {
        "storm"
    }

    fn notify(&self, _: &str, _: Value) {}

    async fn request(&self, _: &str, _: Value) -> Result<Value, PeerError> {
        match self.answer("stream") {
            None => std::future::pending().await,
            Some(Value::Null) => Err(PeerError::Gone),
            Some(Value::Bool(_)) => Err(PeerError::Rpc(RpcError::new(-1, "no"))),
            Some(answer) => Ok(answer),
        }
    }

    async fn closed(&self) {
        std::future::pending::<()>().await;
    }
}

/// What happens next.
#[derive(Clone, Debug)]
enum Event {
    Request(Asked),
    /// The client gives up a request that is under way.
    Cancel(prop::sample::Index),
    Time(u16),
}

const METHODS: [&str; 8] =
    ["tools/list", "tools/call", "tasks/get", "tasks/cancel", "tasks/update", "tasks/list", "tasks/result", "no/such"];

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        Just(Value::from("$task")),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    let known = [
        "_meta",
        "arguments",
        "ask",
        "cursor",
        "inputResponses",
        "limit",
        "name",
        "requestState",
        "run.pmcp/variables",
        "steps",
        "task",
        "taskId",
        "ttl",
        "who",
        "$key",
        "progressToken",
    ];
    prop::sample::select(known.to_vec()).prop_map(str::to_owned)
}

/// Parameters as they should be, with a member put over them now and then.
fn request() -> impl Strategy<Value = (&'static str, Value)> {
    let tool = |name: &str, arguments: Value, more: Value| {
        let mut params = json!({ "name": name, "arguments": arguments });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ("tools/call", params)
    };
    let anybody = json!({ "action": "accept", "content": { "name": "anybody" } });
    let good = vec![
        tool("work", json!({ "steps": 2, "ask": false }), json!({})),
        tool("work", json!({ "steps": 1, "ask": true }), json!({})),
        tool("work", json!({ "steps": 1, "ask": true }), json!({ "task": {} })),
        tool(
            "work",
            json!({ "steps": 1, "ask": true }),
            json!({ "requestState": "$state", "inputResponses": { "$key": anybody } }),
        ),
        tool("must", json!({}), json!({ "task": { "ttl": 1000 }, "_meta": { "progressToken": "p" } })),
        tool("greet", json!({}), json!({ "inputResponses": { "who": anybody } })),
        tool("greet", json!({}), json!({ "task": {} })),
        ("tasks/get", json!({ "taskId": "$task" })),
        ("tasks/result", json!({ "taskId": "$task" })),
        ("tasks/cancel", json!({ "taskId": "$task" })),
        ("tasks/update", json!({ "taskId": "$task", "inputResponses": { "$key": anybody } })),
        (
            "tasks/update",
            json!({ "taskId": "$task", "inputResponses": {}, "_meta": { "run.pmcp/variables": { "limit": 3 } } }),
        ),
        ("tasks/list", json!({ "cursor": "$cursor" })),
        ("tasks/list", json!({})),
        ("tools/list", Value::Null),
    ];
    let over = prop::collection::vec((name(), anything()), 1..3);
    prop_oneof![
        3 => prop::sample::select(good.clone()),
        3 => (prop::sample::select(good), over).prop_map(|((method, mut params), over)| {
            if let Some(fields) = params.as_object_mut() {
                fields.extend(over);
            }
            (method, params)
        }),
        1 => (prop::sample::select(METHODS.to_vec()), anything()),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let revision = prop_oneof![3 => Just(Revision::V2025), 3 => Just(Revision::V2026), 1 => Just(Revision::Plain)];
    prop_oneof![
        12 => (request(), revision, 0_u8..3, prop::bool::weighted(0.75)).prop_map(|((method, params), revision, owner, capable)| {
            Event::Request(Asked { method, params, revision, owner, capable })
        }),
        1 => any::<prop::sample::Index>().prop_map(Event::Cancel),
        1 => (0_u16..90).prop_map(Event::Time),
    ]
}

/// An answer to a question; null is a client that is gone, a boolean one that answers with an error.
fn answer() -> impl Strategy<Value = Value> {
    let good = json!({ "action": "accept", "content": { "name": "$way" } });
    prop_oneof![
        4 => Just(good),
        1 => Just(json!({ "action": "decline" })),
        1 => Just(Value::Null),
        1 => Just(true.into()),
        1 => anything(),
    ]
}

/// A request as it was made.
#[derive(Clone, Debug)]
struct Asked {
    method: &'static str,
    params: Value,
    revision: Revision,
    owner: u8,
    capable: bool,
}

type Answered = (Asked, Handled);

struct Storm {
    router: TaskRouter,
    clock: ManualClock,
    client: Arc<Client>,
    under_way: JoinSet<Answered>,
    cancellations: Vec<CancellationToken>,
    /// What was met: a task, a state, a cursor, the key of a question.
    met: [String; 4],
}

impl Storm {
    fn request(&mut self, mut asked: Asked) {
        let mut text = asked.params.to_string();
        for (placeholder, met) in ["$task", "$state", "$cursor", "$key"].into_iter().zip(&self.met) {
            text = text.replace(placeholder, met);
        }
        asked.params = serde_json::from_str(&text).unwrap();
        let Asked { revision, owner, capable, .. } = asked;
        let caller = match owner {
            0 => Caller::Unknown { reason: "not configured" },
            1 => Caller::local(),
            _ => {
                Caller::Known { owner: Owner::new(OwnerKind::Anonymous, "", "other"), principal: None, may_list: false }
            }
        };
        let mut cx = CallContext::new(revision, caller);
        cx.client = ClientCapabilities { elicitation: capable, tasks: capable, ..ClientCapabilities::default() };
        cx.peer = self.client.clone();
        cx.session = (revision != Revision::V2026).then(|| self.client.clone() as Arc<dyn Peer>);
        self.cancellations.push(cx.cancellation.clone());
        let router = self.router.clone();
        self.under_way.spawn(async move {
            let answered = router.handle(asked.method, &asked.params, &cx).await;
            (asked, answered)
        });
    }

    /// Takes what was answered by now.
    async fn look(&mut self) {
        tokio::task::yield_now().await;
        while let Some(answered) = self.under_way.try_join_next() {
            let (asked, answered) = answered.expect("no request panics");
            if let Handled::Answer(answer) = &answered {
                assert_fits(&asked, answer);
            }
            self.check(&answered);
            if let Handled::Answer(Ok(result)) = answered {
                self.react(asked, &result);
            }
        }
    }

    /// Answers what a result asks (2026-07-28), and looks at the tasks that may ask.
    fn react(&mut self, mut asked: Asked, result: &Value) {
        let way = match result["resultType"].as_str() {
            Some("input_required") => "again",
            Some("task") => {
                let params = json!({ "taskId": result["taskId"] });
                return self.request(Asked { method: "tasks/get", params, ..asked });
            }
            _ if result.get("inputRequests").is_some() => "update",
            _ => return,
        };
        let Some(answer) = self.client.answer(way) else { return };
        let keys = result["inputRequests"].as_object().into_iter().flat_map(Map::keys);
        let answers: Map<_, _> = keys.map(|key| (key.clone(), answer.clone())).collect();
        asked.params["inputResponses"] = answers.into();
        if way == "update" {
            asked.method = "tasks/update";
        } else if let Some(state) = result.get("requestState") {
            asked.params["requestState"] = state.clone();
        }
        self.request(asked);
    }

    fn check(&mut self, answered: &Handled) {
        match answered {
            Handled::NotMine => {}
            Handled::Answer(Ok(result)) => {
                assert!(!result.to_string().contains("hidden"), "{result}");
                let task = result["taskId"].as_str().or_else(|| result["task"]["taskId"].as_str());
                let keys = result["inputRequests"].as_object().and_then(|requests| requests.keys().next_back());
                let found =
                    [task, result["requestState"].as_str(), result["nextCursor"].as_str(), keys.map(String::as_str)];
                for (met, found) in self.met.iter_mut().zip(found) {
                    if let Some(found) = found {
                        found.clone_into(met);
                    }
                }
            }
            Handled::Answer(Err(error)) => {
                let known = [-32600, -32601, -32602, -32603, -32021];
                assert!(known.contains(&error.code), "{error}");
                assert!(!error.message.contains("unexpectedly"), "{error}");
            }
        }
    }
}

/// Holds an answer against the official schemas, if `MCP_SPEC_DIR` names their folder.
fn assert_fits(asked: &Asked, answer: &Result<Value, RpcError>) {
    // A list is completed by the transport, which says for how long it is good.
    if asked.method == "tools/list" {
        return;
    }
    let mut params = asked.params.clone();
    if asked.revision == Revision::Plain {
        // Earlier versions do not know it.
        params.as_object_mut().and_then(|params| params.remove("task"));
    }
    let is_modern = asked.revision == Revision::V2026;
    let revision = if is_modern { spec_check::Revision::V2026 } else { spec_check::Revision::V2025 };
    let error = answer.as_ref().err().map(|error| serde_json::to_value(error).unwrap());
    spec_check::assert_answer(revision, asked.method, &params, answer.as_ref().map_err(|_| error.as_ref().unwrap()));
}

/// The longest a task exists.
const HOUR: Duration = Duration::from_secs(60 * 60);

async fn storm(events: Vec<Event>, answers: Vec<Value>, received: &Received) {
    let clock = ManualClock::new();
    let limits = Limits {
        tasks_per_owner: 8,
        max_ttl: HOUR,
        page_size: 2,
        question_ttl: Duration::from_secs(60),
        ..Limits::default()
    };
    let router =
        TaskRouter::builder().limits(limits).state(received.clone()).tool::<work>().tool::<must>().tool::<greet>();
    let router = router.build(TaskStore::memory().with_clock(clock.clone())).unwrap();
    let client = Arc::new(Client { answers: Mutex::new(answers.into()) });
    let (under_way, met) = (JoinSet::new(), std::array::from_fn(|_| "none".to_owned()));
    let mut storm = Storm { router, clock, client, under_way, cancellations: Vec::new(), met };
    for event in events {
        match event {
            Event::Request(asked) => storm.request(asked),
            Event::Cancel(index) if !storm.cancellations.is_empty() => index.get(&storm.cancellations).cancel(),
            Event::Cancel(_) => {}
            Event::Time(seconds) => storm.clock.advance(Duration::from_secs(seconds.into())).await,
        }
        storm.look().await;
    }
    // Without anybody's help what waits comes to its end, and is answered.
    let metrics = Handle::current().metrics();
    for _ in 0..40 {
        storm.clock.advance(HOUR / 40).await;
        storm.look().await;
    }
    assert_eq!((storm.under_way.len(), metrics.num_alive_tasks()), (0, 0), "something is left");
    // The router works on.
    let params = json!({ "name": "greet", "arguments": {} });
    storm.request(Asked { method: "tools/call", params, revision: Revision::V2026, owner: 1, capable: true });
    let (_, asked) = storm.under_way.join_next().await.unwrap().unwrap();
    assert_eq!(asked.answer().unwrap()["resultType"], "input_required");
}

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// How many panics there were: those inside tools are answered for.
fn panics() -> usize {
    static COUNTING: Once = Once::new();
    COUNTING.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.fetch_add(1, Ordering::SeqCst);
            usual(panic);
        }));
    });
    PANICS.load(Ordering::SeqCst)
}

#[test]
fn every_request_is_answered_and_nothing_is_left() {
    let received = Received::default();
    let config =
        ProptestConfig { cases: 200, max_shrink_iters: 2000, failure_persistence: None, ..ProptestConfig::default() };
    let storms = (prop::collection::vec(event(), 1..60), prop::collection::vec(answer(), 0..20));
    let outcome = TestRunner::new(config).run(&storms, |(events, answers)| {
        let before = panics();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(storm(events, answers, &received));
        prop_assert_eq!(panics(), before, "something panicked");
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    received.assert_enough();
}
