//! Any sequence of requests to the router, in both revisions: nothing panics, each is answered, nothing is left behind.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(feature = "macros")]

use std::{
    collections::VecDeque,
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
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::{runtime::Handle, task::JoinSet};
use tokio_util::sync::CancellationToken;

#[derive(serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
struct Name {
    name: String,
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
async fn work(steps: u8, ask: bool, task: TaskContext<Work>) -> Result<u32, ToolError> {
    for step in 0..steps.min(4) {
        task.check_cancelled()?;
        task.step(format!("step {step}"), async || Ok::<_, ToolError>(step)).await?;
        task.variables().done.add(1).await?;
        task.variables().secret.set(Some("hidden".into())).await?;
        task.progress(step, steps).await;
    }
    if ask {
        task.elicit::<Name>("Who?").await?;
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
async fn greet(#[ask("Who?")] who: Name) -> Name {
    who
}

/// A client that gives these answers, one after the other, and then none.
#[derive(Debug)]
struct Client {
    answers: Mutex<VecDeque<Value>>,
}

#[async_trait]
impl Peer for Client {
    fn session(&self) -> &'static str {
        "storm"
    }

    fn notify(&self, _: &str, _: Value) {}

    async fn request(&self, _: &str, _: Value) -> Result<Value, PeerError> {
        let answer = self.answers.lock().unwrap().pop_front();
        match answer {
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
    Request {
        method: &'static str,
        params: Value,
        revision: Revision,
        owner: u8,
        capable: bool,
    },
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
        "1",
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
    let ann = json!({ "action": "accept", "content": { "name": "Ann" } });
    let good = vec![
        tool("work", json!({ "steps": 2, "ask": false }), json!({})),
        tool("work", json!({ "steps": 1, "ask": true }), json!({ "task": {} })),
        tool(
            "work",
            json!({ "steps": 1, "ask": true }),
            json!({ "requestState": "$state", "inputResponses": { "1": ann } }),
        ),
        tool("must", json!({}), json!({ "task": { "ttl": 1000 }, "_meta": { "progressToken": "p" } })),
        tool("greet", json!({}), json!({ "inputResponses": { "who": ann } })),
        tool("greet", json!({}), json!({ "task": {} })),
        ("tasks/get", json!({ "taskId": "$task" })),
        ("tasks/result", json!({ "taskId": "$task" })),
        ("tasks/cancel", json!({ "taskId": "$task" })),
        ("tasks/update", json!({ "taskId": "$task", "inputResponses": { "1": ann } })),
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
        12 => (request(), revision, 0_u8..3, any::<bool>()).prop_map(|((method, params), revision, owner, capable)| {
            Event::Request { method, params, revision, owner, capable }
        }),
        1 => any::<prop::sample::Index>().prop_map(Event::Cancel),
        1 => (0_u16..90).prop_map(Event::Time),
    ]
}

/// An answer to a question; null is a client that is gone, a boolean one that answers with an error.
fn answer() -> impl Strategy<Value = Value> {
    let ann = json!({ "action": "accept", "content": { "name": "Ann" } });
    prop_oneof![Just(ann), Just(json!({ "action": "decline" })), Just(Value::Null), Just(true.into()), anything()]
}

type Answered = Handled;

struct Storm {
    router: TaskRouter,
    clock: ManualClock,
    client: Arc<Client>,
    under_way: JoinSet<Answered>,
    cancellations: Vec<CancellationToken>,
    /// What was met: a task, a state, a cursor.
    met: [String; 3],
}

impl Storm {
    fn request(&mut self, method: &'static str, params: &Value, revision: Revision, owner: u8, capable: bool) {
        let mut text = params.to_string();
        for (placeholder, met) in ["$task", "$state", "$cursor"].into_iter().zip(&self.met) {
            text = text.replace(placeholder, met);
        }
        let params: Value = serde_json::from_str(&text).unwrap();
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
        self.under_way.spawn(async move { router.handle(method, &params, &cx).await });
    }

    /// Takes what was answered by now.
    async fn look(&mut self) {
        tokio::task::yield_now().await;
        while let Some(answered) = self.under_way.try_join_next() {
            self.check(&answered.expect("no request panics"));
        }
    }

    fn check(&mut self, answered: &Answered) {
        match answered {
            Handled::NotMine => {}
            Handled::Answer(Ok(result)) => {
                assert!(!result.to_string().contains("hidden"), "{result}");
                let task = result["taskId"].as_str().or_else(|| result["task"]["taskId"].as_str());
                let found = [task, result["requestState"].as_str(), result["nextCursor"].as_str()];
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

/// The longest a task exists.
const HOUR: Duration = Duration::from_secs(60 * 60);

async fn storm(events: Vec<Event>, answers: Vec<Value>) {
    let clock = ManualClock::new();
    let limits = Limits {
        tasks_per_owner: 8,
        max_ttl: HOUR,
        page_size: 2,
        question_ttl: Duration::from_secs(60),
        ..Limits::default()
    };
    let router = TaskRouter::builder().limits(limits).tool::<work>().tool::<must>().tool::<greet>();
    let router = router.build(TaskStore::memory().with_clock(clock.clone())).unwrap();
    let client = Arc::new(Client { answers: Mutex::new(answers.into()) });
    let (under_way, met) = (JoinSet::new(), std::array::from_fn(|_| "none".to_owned()));
    let mut storm = Storm { router, clock, client, under_way, cancellations: Vec::new(), met };
    for event in events {
        match event {
            Event::Request { method, params, revision, owner, capable } => {
                storm.request(method, &params, revision, owner, capable);
            }
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
    storm.request("tools/call", &json!({ "name": "greet", "arguments": {} }), Revision::V2026, 1, true);
    let asked = storm.under_way.join_next().await.unwrap().unwrap().answer().unwrap();
    assert_eq!(asked["resultType"], "input_required");
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

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200, max_shrink_iters: 2000, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn every_request_is_answered_and_nothing_is_left(
        events in prop::collection::vec(event(), 1..60),
        answers in prop::collection::vec(answer(), 0..20),
    ) {
        let before = panics();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(storm(events, answers));
        prop_assert_eq!(panics(), before, "something panicked");
    }
}
