//! Contexts for unit tests: a function is called as it was written, and what it did can be looked at.

use std::{
    any::Any,
    collections::{BTreeMap, VecDeque},
    fmt,
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    call::{Brought, ClientCapabilities, Peer, PeerError},
    context::{RunContext, TaskContext, TaskVariables, ToolContext},
    engine::{Attends, Engine, EngineSettings},
    error::CancelCause,
    limits::Limits,
    operate::TaskHandle,
    protocol::{Revision, RpcError, meta},
    run::{Cancel, Origin, Run, Seat},
    store::backend::{Parts, TaskKey},
    task::{Owner, Task, TaskStore},
    tool::Registry,
};

/// The token that progress is told under.
const TOKEN: &str = "test";

/// The task of a function under test: a real one, in a store in memory, whose client is scripted.
///
/// ```
/// use pmcp_tasks::{prelude::*, testing::TestContext};
/// use serde_json::json;
///
/// #[derive(TaskVariables, Default)]
/// struct Imported {
///     rows: u64,
/// }
///
/// #[derive(Form)]
/// struct Confirm {
///     keep: bool,
/// }
///
/// #[task_tool(on_crash = "restart")]
/// async fn import(path: String, task: TaskContext<Imported>) -> Result<u64, ToolError> {
///     let rows: u64 = task.step("count", async || Ok::<_, ToolError>(path.len() as u64)).await?;
///     task.variables().rows.set(rows).await?;
///     task.progress(rows, rows).await;
///     let Confirm { keep } = task.elicit("Keep the rows?").await?;
///     Ok(if keep { rows } else { 0 })
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), ToolError> {
/// let test = TestContext::<Imported>::new().await.accepts(json!({ "keep": true }));
/// assert_eq!(import("a.csv".into(), test.task()).await?, 5);
/// assert_eq!(test.questions()[0]["message"], "Keep the rows?");
/// assert_eq!(test.steps().await["count"], 5);
/// assert_eq!(test.variables().await.rows, 5);
/// assert_eq!(test.progress(), [(5.0, Some(5.0))]);
///
/// // As after a crash: what was recorded is there, and the question has its answer.
/// let again = test.restarted().await;
/// assert_eq!(import("another.csv".into(), again.task()).await?, 5);
/// assert!(again.questions().is_empty());
/// # Ok(()) }
/// ```
///
/// It lives in a Tokio runtime, and its methods panic where a test has failed in any case: when the store in memory does.
pub struct TestContext<V = ()> {
    engine: Arc<Engine>,
    key: TaskKey,
    run: Arc<Run>,
    client: Arc<Script>,
    variables: PhantomData<fn() -> V>,
}

impl<V> fmt::Debug for TestContext<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestContext").field("task", &self.key.id).finish_non_exhaustive()
    }
}

impl<V: TaskVariables> TestContext<V> {
    /// A task of the local owner that has just begun, on the clock of the system. Its client can be asked everything.
    pub async fn new() -> Self {
        Self::in_store(TaskStore::memory()).await
    }

    /// The same in this store: on another clock, or where a fault is to be met.
    ///
    /// # Panics
    /// The task cannot be stored.
    #[expect(clippy::expect_used, reason = "a test without a task has failed")]
    pub async fn in_store(store: TaskStore) -> Self {
        let engine = Engine::new(Registry::default(), store, EngineSettings::default()).expect("an engine");
        let ttl = Limits::default().default_ttl;
        let draft = engine.store().draft(&Owner::local(), ttl, "test").expect("a draft");
        let key = draft.key.clone();
        let seat = Seat::of_draft(draft, false, Cancel::of_run(&engine.host.cancelling));
        seat.establish(&engine.host).await.expect("a task");
        Self::begin(engine, key, seat, None)
    }

    /// Another run of the task, as after a crash of its process: with what was recorded, and with a client that has no answers.
    /// Only [`attempt`](TaskContext::attempt) does not count it.
    pub async fn restarted(&self) -> Self {
        self.run.seat().lose(CancelCause::TakenOver);
        self.client.gone.cancel();
        let task = self.read().await;
        let seat = Seat::of_task(task.clone(), Cancel::of_run(&self.engine.host.cancelling));
        Self::begin(self.engine.clone(), self.key.clone(), seat, Some(&task))
    }

    /// The same task, called with this `_meta`, an object as clients send it: what a function reads with [`meta`](ToolContext::meta).
    ///
    /// It comes before the first context, as [`request`](Self::request) does, and another [run](Self::restarted) has neither.
    ///
    /// ```
    /// use pmcp_tasks::{prelude::*, testing::TestContext};
    /// use serde_json::json;
    ///
    /// /// The user, as a transport that knows one tells of it.
    /// struct User(&'static str);
    ///
    /// #[task_tool(support = "forbidden")]
    /// async fn greet(cx: ToolContext) -> Result<String, ToolError> {
    ///     let language: Option<String> = cx.meta("example.com/language")?;
    ///     let name = cx.request().map_or("you", |User(name)| name);
    ///     Ok(format!("{} {name}!", if language.as_deref() == Some("it") { "Ciao" } else { "Hello" }))
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), ToolError> {
    /// let test = TestContext::<()>::new().await;
    /// let test = test.meta(json!({ "example.com/language": "it" })).request(User("Ann"));
    /// assert_eq!(greet(test.tool()).await?, "Ciao Ann!");
    /// assert_eq!(greet(TestContext::<()>::new().await.tool()).await?, "Hello you!");
    /// # Ok(()) }
    /// ```
    ///
    /// # Panics
    /// It is no object, or a context was taken before.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test without its `_meta` has failed")]
    pub fn meta(self, meta: impl Serialize) -> Self {
        let meta = serde_json::to_value(meta).expect("`_meta` that serialises");
        assert!(meta.is_object(), "`_meta` is an object");
        let meta = meta::of_applications(&json!({ "_meta": meta })).map(Arc::new);
        self.bringing(|brought| brought.meta = meta)
    }

    /// The same task, called by a request of this type: what a function reads with [`request`](ToolContext::request). With the
    /// `http::request::Parts` of a request it is what a function reads with `request_parts` of the crate `pmcp-server`.
    ///
    /// # Panics
    /// A context was taken before.
    #[must_use]
    pub fn request<T: Any + Send + Sync>(self, request: T) -> Self {
        self.bringing(|brought| brought.request = Some(Arc::new(request)))
    }

    #[expect(clippy::expect_used, reason = "a test whose function has something else has failed")]
    fn bringing(mut self, bring: impl FnOnce(&mut Brought)) -> Self {
        let run = Arc::get_mut(&mut self.run).expect("no context was taken before");
        bring(run.brought_mut());
        self
    }

    fn begin(engine: Arc<Engine>, key: TaskKey, seat: Arc<Seat>, former: Option<&Task>) -> Self {
        // Each run has a client of its own.
        static CLIENTS: AtomicU64 = AtomicU64::new(0);
        let session = format!("test {}", CLIENTS.fetch_add(1, Ordering::Relaxed));
        let client = Arc::new(Script { session, ..Script::default() });
        let peer: Arc<dyn Peer> = client.clone();
        let abilities = ClientCapabilities {
            elicitation: true,
            elicitation_url: true,
            sampling: true,
            roots: true,
            tasks: true,
            ui: true,
        };
        let origin = Origin {
            owner: Some(Owner::local()),
            principal: None,
            revision: Revision::V2025,
            client: abilities,
            peer: Some(peer.clone()),
            progress_token: Some(TOKEN.into()),
            trace: None,
            brought: Brought::default(),
        };
        engine.host.seats.insert(key.clone(), seat.clone());
        let run = Run::new(engine.host.clone(), seat, "test".into(), Duration::ZERO, origin, Map::new());
        let run = Arc::new(match former {
            Some(task) => run.resuming(task, 0),
            None => run,
        });
        engine.attend(&peer, (Revision::V2025, abilities), &key, Attends::Waiter);
        Self { engine, key, run, client, variables: PhantomData }
    }

    /// The context, for the parameter of the function.
    #[must_use]
    pub fn task(&self) -> TaskContext<V> {
        RunContext::new(self.run.clone()).task()
    }

    /// The context of a function that is no task.
    #[must_use]
    pub fn tool(&self) -> ToolContext {
        RunContext::new(self.run.clone()).tool()
    }

    /// The run itself, of which the context of any function is made: for what calls functions by themselves, as a
    /// [`Plan`](crate::workflow::Plan) does.
    #[must_use]
    pub fn run(&self) -> RunContext {
        RunContext::new(self.run.clone())
    }

    /// The client's next answer: it fills the form with this content, an object with its fields. What is asked for alone, such as
    /// `elicit::<bool>`, is the field `answer`.
    ///
    /// # Panics
    /// The content does not serialise.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test without its answer has failed")]
    pub fn accepts(self, content: impl Serialize) -> Self {
        let content = serde_json::to_value(content).expect("content that serialises");
        self.answers(json!({ "action": "accept", "content": content }))
    }

    /// The client's next answer: the user visits the page.
    #[must_use]
    pub fn opens(self) -> Self {
        self.answers(json!({ "action": "accept" }))
    }

    /// The client's next answer: the user declines.
    #[must_use]
    pub fn declines(self) -> Self {
        self.answers(json!({ "action": "decline" }))
    }

    /// The client's next answer: the result of the method that it is asked by, such as `sampling/createMessage`. A question without
    /// an answer is refused, and one whose answers do not fit its form fails.
    #[must_use]
    pub fn answers(self, result: Value) -> Self {
        self.client.answers.lock().push_back(result);
        self
    }

    /// The questions that were asked: the parameters of their methods.
    #[must_use]
    pub fn questions(&self) -> Vec<Value> {
        self.client.questions.lock().clone()
    }

    /// The progress that was told: how much is done, and of how much.
    #[must_use]
    pub fn progress(&self) -> Vec<(f64, Option<f64>)> {
        let told = self.client.told.lock();
        told.iter().map(|told| (told["progress"].as_f64().unwrap_or_default(), told["total"].as_f64())).collect()
    }

    /// The ids of the pages that the client was told to be done with.
    #[must_use]
    pub fn completed(&self) -> Vec<String> {
        self.client.completed.lock().clone()
    }

    /// The task's status message.
    pub async fn status_message(&self) -> Option<String> {
        self.read().await.message().map(str::to_owned)
    }

    /// The variables as they are stored.
    ///
    /// # Panics
    /// One of them is none that the function wrote.
    #[expect(clippy::expect_used, reason = "a test without its variables has failed")]
    pub async fn variables(&self) -> V {
        V::read(self.run.variables().await.expect("variables").values).expect("variables of their types")
    }

    /// The results of the steps that are recorded, by name.
    pub async fn steps(&self) -> BTreeMap<String, Value> {
        let steps = self.read().await.stored.steps.unwrap_or_default();
        let own = steps.into_iter().filter(|(name, _)| !name.starts_with("run.pmcp/"));
        own.map(|(name, value)| (name, serde_json::from_slice(&value).unwrap_or_default())).collect()
    }

    /// The task from outside, as an application has it: to deliver the signals that the function waits for.
    #[must_use]
    pub fn handle(&self) -> TaskHandle {
        self.engine.store().task(&Owner::local(), self.key.id)
    }

    /// Cancels the work, as a client does.
    pub fn cancel(&self) {
        self.run.seat().cancel(CancelCause::Requested);
    }

    #[expect(clippy::expect_used, reason = "a test without its task has failed")]
    async fn read(&self) -> Task {
        let task = self.engine.store().read(&self.key, Parts::all()).await;
        task.expect("a store that reads").expect("the task")
    }
}

impl<V> Drop for TestContext<V> {
    fn drop(&mut self) {
        self.client.gone.cancel();
    }
}

/// The client of a test.
#[derive(Debug, Default)]
struct Script {
    session: String,
    answers: Mutex<VecDeque<Value>>,
    questions: Mutex<Vec<Value>>,
    told: Mutex<Vec<Value>>,
    completed: Mutex<Vec<String>>,
    gone: CancellationToken,
}

#[async_trait]
impl Peer for Script {
    fn session(&self) -> &str {
        &self.session
    }

    fn notify(&self, method: &str, params: Value) {
        if method == "notifications/progress" {
            self.told.lock().push(params);
        } else if method == "notifications/elicitation/complete" {
            self.completed.lock().push(params["elicitationId"].as_str().unwrap_or_default().to_owned());
        }
    }

    async fn request(&self, method: &str, params: Value) -> Result<Value, PeerError> {
        if self.gone.is_cancelled() {
            return Err(PeerError::Gone);
        }
        self.questions.lock().push(params);
        let answer = self.answers.lock().pop_front();
        answer.ok_or_else(|| PeerError::Rpc(RpcError::internal(format!("the test has no answer to `{method}`"))))
    }

    async fn closed(&self) {
        self.gone.cancelled().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{context::AskError, testing::ManualClock};

    #[tokio::test]
    async fn a_client_answers_as_it_was_told_and_then_no_more() {
        let test = TestContext::<()>::new().await.declines().accepts(json!({ "answer": "Ann" }));
        let task = test.task();
        assert!(matches!(task.elicit::<String>("1").await, Err(AskError::Declined)));
        assert_eq!(task.elicit::<String>("2").await.unwrap(), "Ann");
        assert!(task.elicit::<String>("3").await.is_err());
        assert!(test.questions().len() >= 3);
        // The answers of the run before are recorded; what is asked beyond them goes to the client of this one.
        let again = test.restarted().await.accepts(json!({ "answer": "Bob" }));
        let task = again.task();
        assert!(matches!(task.elicit::<String>("1").await, Err(AskError::Declined)));
        assert_eq!(task.elicit::<String>("2").await.unwrap(), "Ann");
        assert!(task.elicit::<String>("3").await.is_err());
        assert_eq!(task.elicit::<String>("4").await.unwrap(), "Bob");
        assert_eq!(again.questions().len(), 1);
    }

    #[tokio::test]
    async fn work_is_cancelled_and_waits_on_the_clock_of_the_test() {
        let clock = ManualClock::new();
        let test = TestContext::<()>::in_store(TaskStore::memory().with_clock(clock.clone())).await;
        let task = test.task();
        let sleeping = tokio::spawn({
            let task = task.clone();
            async move { task.sleep(Duration::from_secs(60)).await }
        });
        clock.advance(Duration::from_secs(60)).await;
        sleeping.await.unwrap().unwrap();
        task.status_message("slept").await.unwrap();
        assert_eq!(test.status_message().await.as_deref(), Some("slept"));
        test.cancel();
        assert!(task.check_cancelled().is_err());
        assert!(task.step("late", async || Ok::<_, crate::ToolError>(1)).await.is_err());
        assert!(test.steps().await.is_empty());
    }
}
