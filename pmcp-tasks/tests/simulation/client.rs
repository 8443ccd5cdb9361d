//! Clients: they want tasks, look at them, answer, cancel, give up, and try again.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use pmcp_tasks::{
    RpcError, TaskRouter,
    call::{CallContext, Caller, ClientCapabilities, Revision},
    protocol::{IDEMPOTENCY_KEY, VARIABLES, code},
    router::Handled,
    task::{Owner, OwnerKind, TaskId},
};
use serde_json::{Map, Value, json};
use tokio::{runtime::Handle, sync::oneshot};
use tokio_util::sync::CancellationToken;

use crate::{
    ledger::{Job, Ledger},
    peer::Asked,
    plan::{Kind, Plan},
    promise,
    sim::{Phase, Sim},
};

/// A way to an instance.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) instance: usize,
    pub(crate) handle: Handle,
    pub(crate) router: TaskRouter,
    /// It leads nowhere any more.
    pub(crate) closed: CancellationToken,
}

/// The instances clients can reach.
pub(crate) type Doors = Arc<Mutex<Vec<Door>>>;

/// What became of a request.
enum Reply {
    Result(Value),
    Error(RpcError),
    /// The connection broke, or nobody answered in time.
    Lost,
}

/// What became of a call that wanted a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Created {
    Task,
    /// It ended before it had to be one.
    AnsweredPlainly,
    /// No place is free.
    Full,
    /// It failed, or nobody answered.
    Unknown,
}

/// One client of an owner, who may have several.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) sim: Arc<Sim>,
    pub(crate) doors: Doors,
    pub(crate) name: String,
    pub(crate) owner: Owner,
    pub(crate) revision: Revision,
    /// The owner's tasks.
    pub(crate) tasks: Arc<Mutex<Vec<TaskId>>>,
}

pub(crate) fn owner(number: usize) -> Owner {
    Owner::new(OwnerKind::Subject, "simulation", number.to_string())
}

impl Client {
    /// Does this and that while everything goes wrong, then waits for what it began.
    pub(crate) async fn live(self) {
        let choices = &self.sim.clients;
        while !self.sim.is_calm() {
            match choices.below(12) {
                0..4 => self.want_task().await,
                4 => self.want_several().await,
                5 => self.call_plainly().await,
                6..9 => self.look_at_one().await,
                9 => self.cancel_one().await,
                10 if self.revision == Revision::V2025 => self.list().await,
                _ => self.wait_for_one().await,
            }
            self.sim.time.sleep(choices.span(20, 900)).await;
        }
        while self.sim.phase() < Phase::Over {
            let tasks = self.tasks.lock().unwrap().clone();
            for id in tasks {
                if !self.sim.ledger.known(id).ended {
                    self.look_at(id, Duration::from_secs(2)).await;
                }
            }
            self.sim.time.sleep(Duration::from_millis(300)).await;
        }
    }

    fn context(&self, instance: usize, cancellation: CancellationToken) -> CallContext {
        let asked = |what: &str| {
            Arc::new(Asked { sim: self.sim.clone(), name: format!("{what} of {} at i{instance}", self.name) })
        };
        CallContext {
            revision: self.revision,
            caller: Caller::Known { owner: self.owner.clone(), principal: None, may_list: true },
            client: ClientCapabilities {
                elicitation: true,
                elicitation_url: false,
                roots: true,
                sampling: true,
                tasks: self.revision == Revision::V2026,
                ui: false,
            },
            peer: asked("stream"),
            session: (self.revision == Revision::V2025).then(|| asked("session") as _),
            cancellation,
            trace: None,
            request: None,
        }
    }

    async fn request(&self, method: &'static str, params: Value, patience: Duration) -> Reply {
        let door = {
            let doors = self.doors.lock().unwrap();
            if doors.is_empty() { None } else { Some(self.sim.clients.pick_of(&doors).clone()) }
        };
        let Some(door) = door else {
            self.sim.time.sleep(Duration::from_millis(100)).await;
            return Reply::Lost;
        };
        let was_settled = self.sim.is_settled();
        let cancellation = CancellationToken::new();
        let cx = self.context(door.instance, cancellation.clone());
        let (router, sent) = (door.router.clone(), params.clone());
        let (sender, reply) = oneshot::channel();
        let request = door.handle.spawn(async move {
            if let Handled::Answer(result) = router.handle(method, &sent, &cx).await {
                // The client may have gone.
                let _ = sender.send(result);
            }
        });
        let reply = tokio::select! {
            biased;
            reply = reply => reply.ok(),
            () = door.closed.cancelled() => None,
            () = self.sim.time.sleep(patience) => {
                // Either way a client goes away.
                if self.sim.clients.chance(500) { request.abort() } else { cancellation.cancel() }
                None
            }
        };
        self.sim.trace.line(|| {
            let reply = match &reply {
                Some(Ok(result)) => result.to_string(),
                Some(Err(error)) => format!("error {error}"),
                None => "no answer".to_owned(),
            };
            format!("{} at i{}: {method} {params} -> {reply}", self.name, door.instance)
        });
        match reply {
            Some(Ok(result)) => Reply::Result(result),
            Some(Err(error)) => {
                if was_settled && error.message == "the task store failed" {
                    self.sim.trace.violated(promise::END, format!("{method} fails though all is calm"));
                }
                Reply::Error(error)
            }
            None => Reply::Lost,
        }
    }

    fn patience(&self) -> Duration {
        self.sim.clients.span(500, 6000)
    }

    /// Calls a tool that may run as a task.
    pub(crate) async fn create(&self, job: &Job, key: Option<&str>, patience: Duration) -> Created {
        let mut params = json!({ "name": job.kind.tool(), "arguments": { "job": job.number } });
        if self.revision == Revision::V2025 {
            params["task"] = json!({});
        }
        if let Some(key) = key {
            params["_meta"] = Value::Object(Map::from_iter([(IDEMPOTENCY_KEY.to_owned(), key.into())]));
        }
        let result = match self.request("tools/call", params, patience).await {
            Reply::Result(result) => result,
            Reply::Error(error) if error.data.as_ref().is_some_and(|data| data["reason"] == "quota") => {
                return Created::Full;
            }
            Reply::Error(_) | Reply::Lost => return Created::Unknown,
        };
        let id = result.pointer("/task/taskId").or_else(|| result.get("taskId")).and_then(Value::as_str);
        let Some(id) = id.and_then(|id| id.parse().ok()) else {
            if result["isError"] != true {
                self.sim.ledger.answered_plainly(&self.sim, job, text_of(&result));
            }
            return Created::AnsweredPlainly;
        };
        self.sim.ledger.acknowledged(&self.sim, job, id);
        let mut tasks = self.tasks.lock().unwrap();
        if !tasks.contains(&id) {
            tasks.push(id);
        }
        Created::Task
    }

    async fn want_task(&self) {
        let choices = &self.sim.clients;
        let kind = choices.pick(&[Kind::Fails, Kind::Restarts, Kind::Restarts]);
        let job = self.sim.ledger.new_job(kind, Plan::draw(choices, kind));
        if choices.chance(600) {
            // The job's number is in the arguments: without a key it would be two tasks for one.
            let _ = self.create(&job, None, self.patience()).await;
            return;
        }
        let key = format!("key {}", job.number);
        for _ in 0..5 {
            if self.create(&job, Some(&key), self.patience()).await != Created::Unknown {
                break;
            }
            self.sim.time.sleep(choices.span(10, 800)).await;
        }
        if choices.chance(300) {
            let other = self.sim.ledger.new_job(kind, Plan::draw(choices, kind));
            // Under the same key, so either refused or, if none of the first came through, a task of its own.
            let _ = self.create(&other, Some(&key), self.patience()).await;
        }
    }

    /// Several at once, so that they race for the places.
    async fn want_several(&self) {
        let wanted = self.sim.clients.between(2, 6);
        let racing: Vec<_> = (0..wanted)
            .map(|_| {
                let client = self.clone();
                let kind = self.sim.clients.pick(&[Kind::Fails, Kind::Restarts]);
                let job = self.sim.ledger.new_job(kind, Plan::draw(&self.sim.clients, kind));
                let patience = self.patience();
                tokio::spawn(async move { client.create(&job, None, patience).await })
            })
            .collect();
        for one in racing {
            let _ = one.await;
        }
    }

    /// A call that is no task; in 2026-07-28 it comes again with what it is asked.
    async fn call_plainly(&self) {
        let job = self.sim.ledger.new_job(Kind::Plain, Plan::draw(&self.sim.clients, Kind::Plain));
        let mut params = json!({ "name": "plain", "arguments": { "job": job.number } });
        while let Reply::Result(result) = self.request("tools/call", params.clone(), self.patience()).await {
            if result["resultType"] != "input_required" {
                return;
            }
            self.sim.time.sleep(self.sim.clients.span(10, 1500)).await;
            let asked = result["inputRequests"].as_object().into_iter().flatten();
            let answers: Map<_, _> = asked.map(|(name, _)| (name.clone(), json!({ "value": 0 }))).collect();
            params["inputResponses"] = answers.into();
            params["requestState"] = result["requestState"].clone();
        }
    }

    fn one(&self) -> Option<TaskId> {
        let tasks = self.tasks.lock().unwrap();
        (!tasks.is_empty()).then(|| self.sim.clients.pick(&tasks))
    }

    async fn look_at_one(&self) {
        if let Some(id) = self.one() {
            self.look_at(id, self.patience()).await;
        }
    }

    async fn wait_for_one(&self) {
        match self.one() {
            Some(id) if self.revision == Revision::V2025 => self.result(id, self.patience()).await,
            Some(id) => self.look_at(id, self.patience()).await,
            None => {}
        }
    }

    async fn cancel_one(&self) {
        let Some(id) = self.one() else { return };
        self.cancel(id, self.patience()).await;
    }

    pub(crate) async fn cancel(&self, id: TaskId, patience: Duration) {
        let known = self.sim.ledger.known(id);
        match self.request("tasks/cancel", json!({ "taskId": id.to_string() }), patience).await {
            Reply::Result(result) => {
                self.sim.ledger.ended(id);
                if let Some(status) = result["status"].as_str() {
                    self.sim.ledger.status_seen(&self.sim, id, status, &known);
                }
            }
            // It had ended.
            Reply::Error(error) if error.message.starts_with("the task has ended") => self.sim.ledger.ended(id),
            Reply::Error(error) => self.refused(id, &error),
            Reply::Lost => {}
        }
    }

    /// An acknowledged task is known.
    fn refused(&self, id: TaskId, error: &RpcError) {
        if error.code == code::INVALID_PARAMS {
            self.sim.trace.violated(promise::LOST, format!("{id}: {error}"));
        }
    }

    /// Looks how a task is, answers what it asks, and sees how it ended.
    pub(crate) async fn look_at(&self, id: TaskId, patience: Duration) {
        let known = self.sim.ledger.known(id);
        let task = match self.request("tasks/get", json!({ "taskId": id.to_string() }), patience).await {
            Reply::Result(task) => task,
            Reply::Error(error) => return self.refused(id, &error),
            Reply::Lost => return,
        };
        let Some(status) = task["status"].as_str() else { return };
        self.sim.ledger.status_seen(&self.sim, id, status, &known);
        if let Some(result) = task.get("result") {
            self.ended(id, result);
        }
        if let Some(error) = task.pointer("/error/message").and_then(Value::as_str) {
            self.sim.ledger.payload_seen(&self.sim, id, error.to_owned(), false);
        }
        if matches!(status, "completed" | "failed" | "cancelled") {
            self.sim.ledger.variables_seen(&self.sim, id, &task["_meta"][VARIABLES]);
            if self.revision == Revision::V2025 {
                self.result(id, patience).await;
            }
        } else if self.revision == Revision::V2025 {
            if self.sim.is_calm() {
                self.result(id, patience).await;
            }
        } else if let Some(asked) = task["inputRequests"].as_object() {
            for question in asked.keys() {
                Ledger::asked(&self.sim, id, question, &known);
            }
            if self.sim.is_calm() || self.sim.clients.chance(700) {
                self.answer(id, asked.keys().next().cloned(), patience).await;
            }
        }
    }

    async fn answer(&self, id: TaskId, question: Option<String>, patience: Duration) {
        let Some(question) = question else { return };
        let value = self.sim.ledger.answer(id, &question);
        let params = json!({ "taskId": id.to_string(), "inputResponses": { &question: { "value": value } } });
        match self.request("tasks/update", params, patience).await {
            Reply::Result(_) => {
                crate::trace::count(&self.sim.trace.counters.answers);
                self.sim.ledger.answer_acknowledged(id, &question);
            }
            Reply::Error(error) => self.refused(id, &error),
            Reply::Lost => {}
        }
    }

    fn ended(&self, id: TaskId, result: &Value) {
        self.sim.ledger.payload_seen(&self.sim, id, text_of(result).to_owned(), result["isError"] != true);
    }

    /// Waits for the end of a task, as 2025-11-25 has it.
    async fn result(&self, id: TaskId, patience: Duration) {
        match self.request("tasks/result", json!({ "taskId": id.to_string() }), patience).await {
            Reply::Result(result) => self.ended(id, &result),
            Reply::Error(error) if error.code == code::INVALID_PARAMS => self.refused(id, &error),
            Reply::Error(error) if is_of_the_server(&error) => {}
            Reply::Error(error) => self.sim.ledger.payload_seen(&self.sim, id, error.message, false),
            Reply::Lost => {}
        }
    }

    async fn list(&self) {
        let expected = self.tasks.lock().unwrap().clone();
        let mut listed = Vec::new();
        let mut params = json!({});
        loop {
            let Reply::Result(page) = self.request("tasks/list", params.clone(), self.patience()).await else { return };
            let ids = page["tasks"].as_array().into_iter().flatten().filter_map(|task| task["taskId"].as_str());
            listed.extend(ids.filter_map(|id| id.parse::<TaskId>().ok()));
            if page["nextCursor"].is_null() {
                break;
            }
            params["cursor"] = page["nextCursor"].clone();
        }
        if let Some(missing) = expected.iter().find(|id| !listed.contains(id)) {
            self.sim.trace.violated(promise::LOST, format!("{missing} is not listed"));
        }
    }
}

fn text_of(result: &Value) -> &str {
    result.pointer("/content/0/text").and_then(Value::as_str).unwrap_or_default()
}

/// The failure of a server, and not of a task.
fn is_of_the_server(error: &RpcError) -> bool {
    ["the task store failed", "the server is shutting down"].contains(&error.message.as_str())
}
