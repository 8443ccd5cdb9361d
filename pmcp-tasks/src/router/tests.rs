//! What calls leave behind in the process: nothing.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::TaskRouter;
use crate::{
    TaskStore, ToolContext,
    call::{CallContext, Caller, ClientCapabilities, Peer, PeerError, Revision},
    task::Owner,
    testing::ManualClock,
    tool::{ArgumentError, Arguments, Prepared, TaskSupport, Tool, ToolDefinition, ToolResult},
};

/// Asks for a name if it is given `ask`.
enum Greet {}

impl Tool<()> for Greet {
    fn definition() -> ToolDefinition {
        ToolDefinition { name: "greet".into(), support: TaskSupport::Optional, ..ToolDefinition::default() }
    }

    fn prepare((): &(), arguments: Arguments) -> Result<Prepared, ArgumentError> {
        Ok(Prepared::new(move |cx| async move {
            if arguments.given.contains_key("ask") {
                return Ok(ToolResult::text(cx.tool().elicit::<String>("?").await?));
            }
            Ok(ToolResult::default())
        }))
    }
}

/// Leaves its context to whoever finds it.
enum Leave {}

static LEFT: std::sync::Mutex<Option<ToolContext>> = std::sync::Mutex::new(None);

impl Tool<()> for Leave {
    fn definition() -> ToolDefinition {
        ToolDefinition { name: "leave".into(), ..ToolDefinition::default() }
    }

    fn prepare((): &(), _: Arguments) -> Result<Prepared, ArgumentError> {
        Ok(Prepared::new(|cx| {
            *LEFT.lock().unwrap() = Some(cx.tool());
            async { Ok(ToolResult::default()) }
        }))
    }
}

/// Never answers.
#[derive(Debug)]
struct Silent(CancellationToken);

#[async_trait]
impl Peer for Silent {
    fn session(&self) -> &'static str {
        "session"
    }

    fn notify(&self, _: &str, _: Value) {}

    async fn request(&self, _: &str, _: Value) -> Result<Value, PeerError> {
        std::future::pending().await
    }

    async fn closed(&self) {
        self.0.cancelled().await;
    }
}

struct Fixture {
    router: TaskRouter,
    clock: ManualClock,
    session: CancellationToken,
}

impl Fixture {
    fn new() -> Self {
        let clock = ManualClock::new();
        let store = TaskStore::memory().with_clock(clock.clone());
        let router = TaskRouter::builder().tool::<Greet>().tool::<Leave>().build(store).unwrap();
        Self { router, clock, session: CancellationToken::new() }
    }

    fn cx(&self, revision: Revision, tasks: bool) -> CallContext {
        let peer = Arc::new(Silent(self.session.clone()));
        CallContext {
            revision,
            caller: Caller::Known { owner: Owner::local(), principal: None, may_list: true },
            client: ClientCapabilities { elicitation: true, tasks, ..ClientCapabilities::default() },
            peer: peer.clone(),
            session: (revision == Revision::V2025).then_some(peer as _),
            trace: None,
            request: None,
            cancellation: CancellationToken::new(),
        }
    }

    async fn ok(&self, method: &str, params: Value, cx: &CallContext) -> Value {
        self.router.handle(method, &params, cx).await.answer().unwrap()
    }

    async fn becomes_idle(&self) -> bool {
        for _ in 0..1000 {
            if self.router.engine.is_idle() {
                return true;
            }
            tokio::task::yield_now().await;
        }
        false
    }
}

#[tokio::test]
async fn a_task_that_ended_leaves_nothing() {
    let fixture = Fixture::new();
    for revision in [Revision::V2025, Revision::V2026] {
        let cx = fixture.cx(revision, true);
        fixture.ok("tools/call", json!({ "name": "greet", "task": {} }), &cx).await;
        assert!(fixture.becomes_idle().await, "{revision:?}");
    }
}

#[tokio::test]
async fn a_cancelled_task_leaves_nothing() {
    let fixture = Fixture::new();
    let cx = fixture.cx(Revision::V2025, false);
    let created =
        fixture.ok("tools/call", json!({ "name": "greet", "arguments": { "ask": 1 }, "task": {} }), &cx).await;
    let id = created["task"]["taskId"].clone();
    let (router, waiting, params) = (fixture.router.clone(), cx.clone(), json!({ "taskId": id }));
    let waiting = tokio::spawn(async move { router.handle("tasks/result", &params, &waiting).await });
    assert!(!fixture.becomes_idle().await);
    fixture.ok("tasks/cancel", json!({ "taskId": id }), &cx).await;
    assert!(waiting.await.unwrap().answer().is_err());
    assert!(fixture.becomes_idle().await);
}

#[tokio::test]
async fn a_session_that_ended_leaves_no_courier() {
    let fixture = Fixture::new();
    let cx = fixture.cx(Revision::V2025, false);
    fixture.ok("tools/call", json!({ "name": "greet", "arguments": { "ask": 1 }, "task": {} }), &cx).await;
    assert!(!fixture.becomes_idle().await);
    fixture.session.cancel();
    // Nobody answers before the time for that is over, too.
    fixture.clock.advance(Duration::from_secs(50 * 60)).await;
    assert!(fixture.becomes_idle().await);
}

#[tokio::test]
async fn a_call_nobody_came_back_for_leaves_nothing() {
    let fixture = Fixture::new();
    let cx = fixture.cx(Revision::V2026, false);
    let asked = fixture.ok("tools/call", json!({ "name": "greet", "arguments": { "ask": 1 } }), &cx).await;
    assert_eq!(asked["resultType"], "input_required");
    assert!(!fixture.becomes_idle().await);
    fixture.clock.advance(Duration::from_secs(10 * 60)).await;
    assert!(fixture.becomes_idle().await);
}

#[tokio::test]
async fn an_answered_call_leaves_nothing() {
    let fixture = Fixture::new();
    let cx = fixture.cx(Revision::V2026, false);
    let mut call = json!({ "name": "greet", "arguments": { "ask": 1 } });
    let asked = fixture.ok("tools/call", call.clone(), &cx).await;
    call["requestState"] = asked["requestState"].clone();
    call["inputResponses"] = json!({ "input-1": { "action": "accept", "content": { "answer": "Ann" } } });
    fixture.ok("tools/call", call, &cx).await;
    assert!(fixture.becomes_idle().await);
}

#[tokio::test]
async fn a_question_after_the_end_leaves_nothing() {
    let fixture = Fixture::new();
    let cx = fixture.cx(Revision::V2026, false);
    fixture.ok("tools/call", json!({ "name": "leave" }), &cx).await;
    let left = LEFT.lock().unwrap().take().unwrap();
    assert!(left.elicit::<String>("?").await.is_err());
    assert!(fixture.becomes_idle().await);
}

#[tokio::test]
async fn a_subscription_that_is_dropped_leaves_nothing() {
    let fixture = Fixture::new();
    let cx = fixture.cx(Revision::V2026, true);
    let created = fixture.ok("tools/call", json!({ "name": "greet", "arguments": { "ask": 1 } }), &cx).await;
    let id = created["taskId"].clone();
    let params = json!({ "notifications": { "taskIds": [id] } });
    let subscription = fixture.router.listen(&params, &cx).await.unwrap().unwrap();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    drop(subscription);
    fixture.ok("tasks/cancel", json!({ "taskId": id }), &cx).await;
    assert!(fixture.becomes_idle().await);
}
