//! Runs: one run of a function each, with what its context acts on.
//!
//! A run owns its steps, variables and voice. What others may tell it goes through its [`Seat`], what runs share is the
//! [`Host`]; neither knows a run. A run writes to its task under its fence only, so that one whose task was taken over
//! changes nothing any more. It knows the store of tasks below it, not the tools and requests that begin it.

mod allowance;
mod arrivals;
mod calls;
mod cancel;
mod finishing;
mod fitting;
mod host;
mod lease;
mod pages;
mod polls;
mod progress;
mod questions;
mod scope;
mod seat;
mod signals;
mod slots;
mod steps;
mod timers;
mod variables;
mod waits;
mod writing;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

pub(crate) use allowance::Allowance;
pub(crate) use calls::{AcceptedCall, Callable, NotAccepted};
pub(crate) use cancel::Cancel;
pub(crate) use finishing::Finishing;
pub(crate) use fitting::{Unanswered, ask_until_it_fits};
pub(crate) use host::{Host, shutting_down};
pub(crate) use lease::{DEFAULT_LEASE, Keeping, Renewal};
use polls::Polling;
pub(crate) use progress::Voice;
use scope::Scope;
pub(crate) use scope::Share;
pub(crate) use seat::{Busy, CallDigest, Seat, Way};
pub(crate) use slots::Resting;
pub(crate) use steps::Recording;
use steps::Steps;
pub(crate) use variables::Read;
use variables::Variables;

use crate::{
    call::{Brought, Caller, ClientCapabilities, Peer},
    error::{AskError, CancelCause, Cancelled, StoreError, ToolError},
    limits::Limits,
    protocol::{LogLevel, Revision, TraceContext},
    security::Principal,
    store::backend::Capabilities,
    task::{NotChanged, Outcome, Owner, Task, TaskId, VariableError, Writing},
    time::{Clock, Millis},
    trace::{self, Failed},
};

/// Origin of a run: who asked for it, and the ways back.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) owner: Option<Owner>,
    pub(crate) principal: Option<Principal>,
    pub(crate) revision: Revision,
    pub(crate) client: ClientCapabilities,
    /// Peer for progress, and for questions of a plain call.
    pub(crate) peer: Option<Arc<dyn Peer>>,
    pub(crate) progress_token: Option<Value>,
    /// The place in a trace that it goes on from.
    pub(crate) trace: Option<TraceContext>,
    pub(crate) brought: Brought,
}

/// One run of a function.
#[derive(Debug)]
pub(crate) struct Run {
    host: Arc<Host>,
    seat: Arc<Seat>,
    owner: Option<Owner>,
    principal: Option<Principal>,
    client: ClientCapabilities,
    trace: Option<TraceContext>,
    brought: Brought,
    voice: Arc<Voice>,
    steps: Arc<Steps>,
    variables: Arc<Variables>,
    scope: Scope,
    /// The tools it calls.
    tools: Option<Arc<dyn Callable<Self>>>,
    /// Number of times the fence rose without a run of the task.
    idle_fences: u64,
}

impl Run {
    /// A run of the tool or method `name`. `task` is what was taken over, `interval` how often progress is written at most.
    pub(crate) fn new(
        host: Arc<Host>,
        seat: Arc<Seat>,
        name: Arc<str>,
        interval: Duration,
        origin: Origin,
        variables: Map<String, Value>,
    ) -> Self {
        let Origin { owner, principal, revision, client, peer, progress_token, trace, brought } = origin;
        seat.lead(Way { peer, token: progress_token });
        let scope = Scope::whole(seat.cancelling().clone());
        let (voice, steps) = (Arc::new(Voice::new(name, revision, interval)), Arc::default());
        let variables = Arc::new(Variables::new(String::new(), variables));
        Self {
            host,
            seat,
            owner,
            principal,
            client,
            trace,
            brought,
            voice,
            steps,
            variables,
            scope,
            tools: None,
            idle_fences: 0,
        }
    }

    /// The same with tools that it calls.
    pub(crate) fn calling(self, tools: Arc<dyn Callable<Self>>) -> Self {
        Self { tools: Some(tools), ..self }
    }

    /// The same, going on with what earlier runs of the task recorded.
    pub(crate) fn resuming(self, task: &Task, idle_fences: u64) -> Self {
        let steps = Arc::new(Steps::new(task.stored.steps.clone().unwrap_or_default()));
        Self { steps, idle_fences, ..self }
    }

    /// The part of this run that a tool called from it works in, with variables of its own.
    pub(crate) fn part(&self, name: &str, round: u32, share: Option<Share>) -> Arc<Self> {
        let scope = self.scope.part(name, round, share);
        let variables = Variables::new(scope.names().to_owned(), Map::new());
        self.with(scope, Arc::new(variables))
    }

    /// The part of this run that a step of it works in, on the variables of the whole.
    pub(crate) fn step(&self, name: &str, round: u32, share: Option<Share>) -> Arc<Self> {
        self.with(self.scope.part(name, round, share), self.variables.clone())
    }

    fn with(&self, scope: Scope, variables: Arc<Variables>) -> Arc<Self> {
        Arc::new(Self {
            host: self.host.clone(),
            seat: self.seat.clone(),
            owner: self.owner.clone(),
            principal: self.principal.clone(),
            client: self.client,
            trace: self.trace.clone(),
            brought: self.brought.clone(),
            voice: self.voice.clone(),
            steps: self.steps.clone(),
            variables,
            scope,
            tools: self.tools.clone(),
            idle_fences: self.idle_fences,
        })
    }

    /// Whose it is.
    pub(crate) fn caller(&self) -> Caller {
        Caller::of(self.owner.clone(), self.principal.clone())
    }

    /// Accepts a call of a tool from inside this run.
    pub(crate) fn accept(&self, tool: &str, arguments: Map<String, Value>) -> Result<AcceptedCall<Self>, NotAccepted> {
        match &self.tools {
            Some(tools) => tools.accept(self, tool, arguments),
            None => Err(NotAccepted::Unknown(tool.to_owned())),
        }
    }

    /// Runs something in this part, which ends whatever that does: it may panic, or take longer than it may.
    pub(crate) async fn contain(
        self: Arc<Self>,
        timeout: Option<Duration>,
        work: BoxFuture<'static, Result<Value, ToolError>>,
    ) -> Outcome {
        match self.tools.clone() {
            Some(tools) => tools.contain(self, timeout, work).await,
            None => Outcome::Cancelled,
        }
    }

    /// Tells whether a tool must not be called again when it is not known whether it was.
    pub(crate) fn must_not_repeat(&self, tool: &str) -> bool {
        self.tools.as_ref().is_some_and(|tools| tools.must_not_repeat(tool))
    }

    /// What a client may see of a failure.
    pub(crate) fn failure(&self, error: ToolError) -> String {
        self.tools.as_ref().map_or_else(String::new, |tools| tools.told(self, error))
    }

    /// Tells the client how far the run is, and nobody else.
    pub(crate) fn tell(&self, done: f64, total: f64, text: &str) {
        self.voice.tell(&self.seat, done, total, text);
    }

    /// What was recorded under this name in the whole task, before this run began.
    pub(crate) fn recorded(&self, name: &str) -> Option<&Bytes> {
        self.steps.earlier(name)
    }

    /// The limits of the server.
    pub(crate) fn limits(&self) -> &Limits {
        &self.host.limits
    }

    /// The abilities and limits of the store.
    pub(crate) fn store(&self) -> &Capabilities {
        self.host.store.capabilities()
    }

    /// A text that nobody can guess; `None` if there is no randomness.
    pub(crate) fn random_text(&self) -> Option<String> {
        self.host.store.random_text().ok()
    }

    /// The time now.
    pub(crate) fn now(&self) -> Millis {
        self.host.now()
    }

    /// Writes how far the task has come.
    pub(crate) async fn advance(&self, writing: &Writing<'_>) -> Result<(), NotChanged> {
        self.seat.advance(&self.host, writing).await
    }

    /// Beginning of the names of what belongs to this try of a step alone; empty at the first.
    pub(crate) fn round(&self) -> &str {
        self.scope.round()
    }

    /// Fires when what runs here is cancelled: all of the run, or the part it is.
    pub(crate) fn cancellation(&self) -> &CancellationToken {
        self.scope.cancellation()
    }

    /// Cancels what runs here, unless it is.
    pub(crate) fn cancel(&self, cause: CancelCause) {
        self.scope.cancelling().cancel(cause);
    }

    /// The reason why what runs here is cancelled; `None` if it is not.
    pub(crate) fn cancel_cause(&self) -> Option<CancelCause> {
        self.scope.cancelling().cause()
    }

    /// Fails if what runs here is cancelled.
    pub(crate) fn check_cancelled(&self) -> Result<(), Cancelled> {
        self.cancel_cause().map_or(Ok(()), |cause| Err(Cancelled::new(cause)))
    }

    pub(crate) fn seat(&self) -> &Arc<Seat> {
        &self.seat
    }

    /// The id of its task, or of the one it would become.
    pub(crate) fn id(&self) -> Option<TaskId> {
        Voice::task(&self.seat)
    }

    pub(crate) fn name(&self) -> &str {
        &self.voice.name
    }

    /// The name of its work, to be kept.
    pub(crate) fn work(&self) -> &Arc<str> {
        &self.voice.name
    }

    pub(crate) fn owner(&self) -> Option<&Owner> {
        self.owner.as_ref()
    }

    pub(crate) fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// What the request brought that began it; nothing if none did here.
    pub(crate) fn brought(&self) -> &Brought {
        &self.brought
    }

    #[cfg(feature = "testing")]
    pub(crate) fn brought_mut(&mut self) -> &mut Brought {
        &mut self.brought
    }

    /// The place in a trace of what runs here.
    pub(crate) fn trace(&self) -> Option<TraceContext> {
        trace::here(self.trace.as_ref())
    }

    /// The place in a trace that the run goes on from, with all that is its.
    pub(crate) fn kept_trace(&self) -> Option<&TraceContext> {
        self.trace.as_ref()
    }

    pub(crate) fn revision(&self) -> Revision {
        self.voice.revision
    }

    pub(crate) fn client(&self) -> ClientCapabilities {
        self.client
    }

    /// Notes that the function is polled on this thread from this time on, until what is returned is dropped.
    pub(crate) fn polling(&self, since: Duration) -> Polling<'_> {
        self.host.polls.begin(self.voice.name.clone(), since)
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        self.host.clock()
    }

    /// Returns the number of this run among the task's, from 1.
    pub(crate) fn attempt(&self) -> u32 {
        let runs = self.seat.fence().saturating_sub(self.idle_fences).max(1);
        u32::try_from(runs).unwrap_or(u32::MAX)
    }

    /// Waits until it is certain that the task is still this worker's, which it is not after the process has stood still.
    pub(crate) async fn certain(&self) -> Result<(), Cancelled> {
        let cancellation = self.scope.cancellation();
        if self.seat.stored().is_some() && self.host.lease.is_kept() {
            tokio::select! {
                biased;
                () = cancellation.cancelled() => {}
                () = self.host.lease.certain(self.clock().as_ref()) => {}
            }
        }
        self.check_cancelled()
    }

    /// Notes that something is done here which a run after this one would do again, until what is returned is dropped: the server lets it
    /// finish when it stops.
    pub(crate) fn busy(&self) -> Busy<'_> {
        self.seat.busy()
    }

    /// Notes that something from outside is waited for here, until what is returned is dropped: no time of the run goes by.
    pub(crate) fn resting(&self) -> Resting<'_> {
        self.seat.slots.rest()
    }

    /// Begins a step; its value if an earlier run recorded it.
    pub(crate) async fn begin_step(&self, name: &str) -> Result<Option<Bytes>, ToolError> {
        self.steps.begin(&self.host, &self.seat, self.scope.cancellation(), &self.scope.name(name)).await
    }

    /// Records a step, and changes variables with it if they still are as they were read.
    pub(crate) async fn record_step(
        &self,
        name: &str,
        value: Bytes,
        changes: Option<(&Read, Vec<(String, Value)>)>,
    ) -> Result<Recording, ToolError> {
        let ops = changes.map(|(read, changed)| self.variables.ops_if(&self.seat, read, changed)).unwrap_or_default();
        self.steps.record(&self.host, &self.seat, &self.variables, (&self.scope.name(name), value), ops).await
    }

    /// The value of a signal, which the store keeps until this task takes it; waits for it if it has not come. Its `schema` is for
    /// whoever delivers it.
    pub(crate) async fn signal(&self, name: &str, schema: &Value) -> Result<Bytes, ToolError> {
        let asked = signals::Asked { host: &self.host, seat: &self.seat, steps: &self.steps };
        let value = asked.value(self.scope.cancellation(), &self.scope.name(name), schema).await?;
        self.certain().await?;
        Ok(value)
    }

    /// Waits until so much time has passed since the task first waited here.
    pub(crate) async fn timer(&self, name: &str, duration: Duration) -> Result<(), ToolError> {
        let timing =
            timers::Timing { host: &self.host, seat: &self.seat, steps: &self.steps, variables: &self.variables };
        timing.wait(self.scope.cancellation(), &self.scope.name(name), duration).await?;
        Ok(self.certain().await?)
    }

    /// A key that every run of the task has for this step.
    pub(crate) fn step_key(&self, name: &str) -> String {
        match self.id() {
            Some(id) => format!("{id}/{}", self.scope.name(name)),
            None => format!("{:p}/{}", &*self.seat, self.scope.name(name)),
        }
    }

    pub(crate) async fn variable_turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.variables.turn().await
    }

    /// The values of variables that were set; what was not has its default.
    pub(crate) async fn variables(&self) -> Result<Read, VariableError> {
        self.variables.read(&self.host, &self.seat).await
    }

    /// Writes one variable whatever it was.
    pub(crate) async fn set_variable(&self, name: &str, value: &Value) -> Result<(), VariableError> {
        self.variables.set(&self.host, &self.seat, name, value).await
    }

    /// Writes variables if they still are as they were read; the name of one that is not.
    pub(crate) async fn set_if(
        &self,
        read: &Read,
        changed: Vec<(String, Value)>,
    ) -> Result<Option<String>, VariableError> {
        self.variables.set_if(&self.host, &self.seat, read, changed).await
    }

    pub(crate) async fn status_message(&self, text: String) -> Result<(), StoreError> {
        self.voice.outdated();
        self.seat.message(&self.host, text, None).await
    }

    pub(crate) fn log(&self, level: LogLevel, data: impl Serialize) {
        self.voice.log(&self.seat, level, data);
    }

    pub(crate) async fn progress(&self, done: f64, total: Option<f64>, message: Option<String>) {
        if self.scope.cancellation().is_cancelled() {
            return;
        }
        self.voice.progress(&self.host, &self.seat, self.scope.share(), (done, total), message).await;
    }

    /// Has the client of a plain call come back later.
    pub(crate) fn let_go(&self) {
        if self.seat.key().is_none()
            && let Some(peer) = self.seat.way().peer
        {
            peer.let_go();
        }
    }

    /// Asks the client and waits for its answer, the result of the method.
    pub(crate) async fn ask(&self, method: &'static str, params: Value) -> Result<Value, AskError> {
        if let Some(what) = self.client.missing_for(method, &params) {
            return Err(AskError::Unsupported { what });
        }
        if self.asks_on_stream() {
            return self.ask_on_stream(method, params).await;
        }
        self.asked().in_task(method, params).await
    }

    /// Tells whether a question is a request on the stream of the call, and not a part of a task.
    fn asks_on_stream(&self) -> bool {
        self.seat.key().is_none() && self.revision().asks_by_request()
    }

    async fn ask_on_stream(&self, method: &'static str, params: Value) -> Result<Value, AskError> {
        let (way, span) = (self.seat.way(), trace::question(method, self.kept_trace()));
        let cancellation = self.scope.cancellation();
        let asking = questions::ask_on_stream(way.peer.as_ref(), self.revision(), cancellation, method, params);
        let answer = asking.instrument(span.clone()).await;
        answer.inspect_err(|error| Failed::of_question(error).tell(&span))
    }

    fn asked(&self) -> questions::Asked<'_> {
        questions::Asked {
            host: &self.host,
            seat: &self.seat,
            steps: &self.steps,
            scope: &self.scope,
            owner: self.owner.as_ref(),
            name: &self.voice.name,
            revision: self.revision(),
            client: self.client,
            trace: self.kept_trace(),
        }
    }
}
