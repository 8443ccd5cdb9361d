//! `tools/call`: which calls become tasks, and how they are created.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Registered, TaskRouter, declared, meta, owner, retry::digest_of, store_failed};
use crate::{
    call::{CallContext, Caller, ClientCapabilities, Peer, Revision},
    context::{AskError, form_answer, form_of},
    execution::{Allowance, PANICKED, Place, Run, RunParts},
    protocol::{IDEMPOTENCY_KEY, MODEL_IMMEDIATE_RESPONSE, RpcError, VARIABLES, code, params as parse, v2025, v2026},
    store::{
        Draft, NotCreated,
        backend::{Digest, Holder},
    },
    task::{FieldDefinition, InputRequest, Outcome, SCHEMA, Task, TaskBody, TaskHead, TaskStatus, canonical},
    time::millis,
    tool::{Arguments, Prepared, Question, TaskSupport, ToolDefinition, ToolResult},
};

/// `params` of `tools/call`, of every revision.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallParams {
    pub(super) name: String,
    #[serde(default)]
    pub(super) arguments: Map<String, Value>,
    /// 2025-11-25: the client wants a task.
    #[serde(default)]
    task: Option<Value>,
    /// 2026-07-28: answers to what an earlier call of this was answered with.
    #[serde(default)]
    pub(super) input_responses: Option<Value>,
    #[serde(default)]
    pub(super) request_state: Option<Value>,
}

/// Whether a call becomes a task, and with which wishes.
enum Mode {
    Plain,
    /// In a task that is waited for, since the client knows none.
    Inline,
    Task {
        ttl: Option<Duration>,
    },
}

/// How the task of a call is set up.
struct Wanted {
    ttl: Option<Duration>,
    client: ClientCapabilities,
    /// Where progress goes.
    peer: Option<Arc<dyn Peer>>,
    /// The 2025-11-25 session that is told about the task.
    session: Option<Arc<dyn Peer>>,
}

/// What a question of the tool asks for, as a form.
pub(super) fn form(question: &Question) -> Result<Value, AskError> {
    form_of(question.name, &question.schema)
}

impl TaskRouter {
    pub(super) async fn call_tool(&self, params: &Value, cx: &CallContext) -> Result<Value, RpcError> {
        let call: CallParams = parse(params)?;
        if let Some(companions) = self.companions_for(cx)
            && let Some(companion) = companions.find(&call.name)
        {
            let _admitted = self.runtime.admit()?;
            return self.call_companion(companion, &call, &companions.settings, cx).await;
        }
        let Some(tool) = self.tools.get(&call.name).cloned() else {
            return Err(RpcError::invalid_params(format!("unknown tool `{}`", shortened(&call.name))));
        };
        let size = serde_json::to_vec(&call.arguments).map_or(usize::MAX, |bytes| bytes.len());
        let max = self.runtime.limits.max_arguments;
        if size > max as usize {
            return Err(RpcError::invalid_params(format!("the arguments have {size} bytes; {max} are allowed")));
        }
        let mode = mode(&tool.definition, &call, self.falls_back(&tool.definition, cx), cx)?;
        if cx.revision == Revision::V2026
            && let Some(state) = &call.request_state
        {
            if let Some(resumed) = self.resume_inline(&call, params, cx).await {
                return resumed;
            }
            let digest = super::retry::digest("tools/call", &call.name, &call.arguments);
            return self.retry(state, call.input_responses.as_ref(), &digest, cx).await;
        }
        let _admitted = self.runtime.admit()?;
        // A 2025-11-25 client that asked for a task expects one or an error, not a tool's result.
        let refused = |text: String| match mode {
            Mode::Task { .. } if cx.revision == Revision::V2025 => Err(RpcError::invalid_params(text)),
            _ => Ok(render(&ToolResult::error(text), cx.revision)),
        };
        let answers = match self.ask_first(&tool.definition, &call, cx).await? {
            Asked::All(answers) => answers,
            Asked::Open(questions) => return Ok(v2026::input_required(&questions, None)),
            Asked::Refused(text) => return refused(text),
        };
        let arguments = Arguments { given: call.arguments, answers };
        // The types of the arguments are the tool's: reading them may panic as the tool itself may.
        let prepared = match catch_unwind(AssertUnwindSafe(|| (tool.prepare)(arguments.clone()))) {
            Ok(Ok(prepared)) => prepared,
            Ok(Err(error)) => return refused(error.message),
            Err(_) => {
                tracing::error!(tool = tool.definition.name, "reading the arguments panicked");
                return Err(RpcError::internal(PANICKED));
            }
        };
        let variables = client_variables(&tool.definition.variables, params, self.runtime.limits.max_variables)?;
        match mode {
            Mode::Plain => self.call_plain(&tool, arguments.given, prepared, variables, params, cx).await,
            Mode::Inline => {
                let (peer, _unanswered) = super::fallback::until_answered(cx);
                let client = super::fallback::capabilities(cx);
                let wanted = Wanted { ttl: None, client, peer: Some(peer), session: None };
                let task = self.create_task(&tool, arguments, prepared, variables, wanted, params, cx).await?;
                self.wait_inline(&task.key, params, cx).await
            }
            Mode::Task { ttl } => {
                let session = cx.session.clone().filter(|_| cx.revision == Revision::V2025);
                // The progress token stays valid for the task's life, beyond this request's stream.
                let wanted = Wanted { ttl, client: cx.client, peer: cx.session.clone(), session };
                let task = self.create_task(&tool, arguments, prepared, variables, wanted, params, cx).await?;
                self.created(&tool.definition, &task, cx)
            }
        }
    }

    async fn call_plain(
        &self,
        tool: &Registered,
        arguments: Map<String, Value>,
        prepared: Prepared,
        variables: Map<String, Value>,
        params: &Value,
        cx: &CallContext,
    ) -> Result<Value, RpcError> {
        let definition = &tool.definition;
        let digest = super::retry::digest("tools/call", &definition.name, &arguments);
        self.run_plain(definition.clone(), true, digest, prepared, variables, params, cx).await
    }

    /// Runs something inside its request; a 2026-07-28 client that is asked gets `input_required` and calls again.
    #[expect(clippy::too_many_arguments, reason = "one of two callers passes each through")]
    pub(super) async fn run_plain(
        &self,
        definition: Arc<ToolDefinition>,
        is_tool: bool,
        digest: String,
        prepared: Prepared,
        variables: Map<String, Value>,
        params: &Value,
        cx: &CallContext,
    ) -> Result<Value, RpcError> {
        // Somebody waits for the call: its time goes on while it asks.
        let timeout = definition.timeout.unwrap_or(self.runtime.limits.default_timeout);
        let allowance = Allowance { work: timeout, all: timeout };
        let run = Run::new(
            self.runtime.clone(),
            RunParts {
                tool: definition,
                is_tool,
                place: Place::Call { call: digest },
                task: None,
                peer: Some(cx.peer.clone()),
                initial_variables: variables,
                ..self.run_parts(params, cx)
            },
        );
        let outcome = self.runtime.start(run.clone(), prepared, allowance);
        tokio::select! {
            biased;
            outcome = outcome => super::tasks::outcome(outcome.unwrap_or(Outcome::Cancelled), cx.revision),
            key = run.promoted() => self.hidden_reply(&key, cx).await,
            () = cx.cancellation.cancelled() => {
                run.cancellation().cancel();
                Err(super::tasks::cancelled())
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "everything a task is made of")]
    async fn create_task(
        &self,
        tool: &Registered,
        arguments: Arguments,
        prepared: Prepared,
        variables: Map<String, Value>,
        wanted: Wanted,
        params: &Value,
        cx: &CallContext,
    ) -> Result<Task, RpcError> {
        let (definition, limits) = (&tool.definition, &self.runtime.limits);
        let owner = owner(cx)?;
        let ttl = limits.ttl(wanted.ttl, definition.ttl, definition.timeout);
        let now = self.runtime.store.now();
        let idempotency = idempotency(definition, params, &arguments.given, &variables)?;
        let holder = self.runtime.holder().await.map_err(|error| store_failed(&error))?;
        let draft = Draft {
            key: self.runtime.store.new_key(owner).map_err(|error| store_failed(&error))?,
            listed: matches!(cx.caller, Caller::Known { may_list: true, .. }),
            ttl,
            quota: limits.tasks_per_owner,
            holder,
            head: TaskHead {
                schema: SCHEMA,
                owner: owner.clone(),
                status: TaskStatus::Working,
                is_error: false,
                message: None,
                is_progress: false,
                created: now,
                updated: now,
                ttl: millis(ttl),
                poll_interval: millis(definition.poll_interval.unwrap_or(limits.poll_interval)),
                inputs: BTreeMap::new(),
                answers: BTreeMap::new(),
                hidden: None,
                handed_back: 0,
            },
            body: TaskBody {
                schema: SCHEMA,
                tool: definition.name.clone(),
                arguments: arguments.given,
                answers: arguments.answers,
                variables: variables.clone(),
                on_crash: definition.on_crash,
                revision: cx.revision,
                client: wanted.client,
                queued: holder == Holder::Queue,
            },
            idempotency,
        };
        let run = Run::new(
            self.runtime.clone(),
            RunParts {
                tool: definition.clone(),
                is_tool: true,
                place: Place::Task(draft.key.clone()),
                client: wanted.client,
                peer: wanted.peer,
                initial_variables: variables.clone(),
                ..self.run_parts(params, cx)
            },
        );
        let allowance = limits.allowance(definition.timeout, ttl);
        let created = self.runtime.create(draft, run, prepared, allowance, wanted.session).await;
        match created.map_err(|error| store_failed(&error))? {
            Ok(task) => Ok(task),
            Err(NotCreated::Same(id)) => self.find(&id.to_string(), cx).await,
            Err(NotCreated::Differs) => {
                let text = format!("`{IDEMPOTENCY_KEY}` was used for a call with other arguments");
                Err(RpcError::invalid_params(text))
            }
            Err(NotCreated::Quota) => {
                let text = format!("{} tasks are still running; wait for one or cancel one", limits.tasks_per_owner);
                Err(RpcError::new(code::INTERNAL_ERROR, text).with_data(json!({ "reason": "quota" })))
            }
        }
    }

    /// The answer to a call that became a task.
    fn created(&self, definition: &ToolDefinition, task: &Task, cx: &CallContext) -> Result<Value, RpcError> {
        let shown = self.shown(task)?;
        Ok(match cx.revision {
            Revision::V2026 => v2026::created(task, shown),
            Revision::V2025 | Revision::Plain => {
                let text = immediate_response(definition, task);
                let mut meta = Map::from_iter([(MODEL_IMMEDIATE_RESPONSE.to_owned(), Value::from(text))]);
                meta.extend(shown.map(|shown| (VARIABLES.to_owned(), shown.into())));
                v2025::created(task, meta)
            }
        })
    }

    /// Gets the answers to the tool's `#[ask]` parameters before anything else happens.
    async fn ask_first(&self, tool: &ToolDefinition, call: &CallParams, cx: &CallContext) -> Result<Asked, RpcError> {
        let mut answers = Map::new();
        let mut questions = BTreeMap::new();
        let mut complete = true;
        let given = call.input_responses.as_ref().and_then(Value::as_object);
        for question in &tool.questions {
            let form = form(question).map_err(|error| RpcError::internal(error.to_string()))?;
            if !cx.client.elicitation {
                return Err(match cx.revision {
                    Revision::V2026 => v2026::missing_capability(&json!({ "elicitation": {} })),
                    Revision::V2025 | Revision::Plain => {
                        RpcError::invalid_params(format!("tool `{}` asks the user, and the client cannot", tool.name))
                    }
                });
            }
            let params = json!({ "mode": "form", "message": question.message, "requestedSchema": form });
            let answer = if cx.revision == Revision::V2026 {
                match given.and_then(|given| given.get(question.name)) {
                    Some(answer) => form_answer(question.name, &question.schema, answer),
                    None => Err(AskError::Stopped),
                }
            } else {
                let answer = tokio::select! {
                    answer = cx.peer.request("elicitation/create", params.clone()) => answer,
                    () = cx.cancellation.cancelled() => return Err(super::tasks::cancelled()),
                    stopping = self.runtime.cancelling() => return Err(stopping),
                    // The run's own timeout has not begun, and the call keeps its session from ending.
                    () = self.runtime.store.clock().sleep(self.runtime.limits.question_ttl) => {
                        return Err(RpcError::internal("the user did not answer in time"));
                    }
                };
                let answer = answer.map_err(|error| RpcError::internal(error.to_string()))?;
                form_answer(question.name, &question.schema, &answer)
            };
            questions.insert(question.name.to_owned(), InputRequest { method: "elicitation/create".into(), params });
            match answer {
                Ok(answer) => {
                    answers.insert(question.name.into(), answer);
                }
                Err(error @ (AskError::Declined | AskError::Cancelled)) => {
                    return Ok(Asked::Refused(format!("{error}: `{}`", question.message)));
                }
                Err(_) if cx.revision == Revision::V2026 => complete = false,
                Err(error) => return Ok(Asked::Refused(error.to_string())),
            }
        }
        // Missing or malformed ones are asked again ("Error Handling" of multi round-trip requests), and the others with
        // them: nothing is kept between the calls, and a client need not repeat answers to questions it was not asked.
        Ok(if complete { Asked::All(answers) } else { Asked::Open(questions) })
    }
    /// What a run takes from its request.
    fn run_parts(&self, params: &Value, cx: &CallContext) -> RunParts {
        RunParts {
            tool: Arc::default(),
            is_tool: true,
            place: Place::Call { call: String::new() },
            task: None,
            owner: cx.caller.owner().cloned(),
            principal: match &cx.caller {
                Caller::Known { principal, .. } => principal.clone(),
                Caller::Unknown { .. } => None,
            },
            revision: cx.revision,
            client: cx.client,
            peer: None,
            progress_token: progress_token(params),
            initial_variables: Map::new(),
            // A task is cancelled by its own method, not with the request that created it.
            cancellation: self.runtime.cancelling.child_token(),
            idle_fences: 0,
        }
    }
}

/// What progress is told under. Anything but a text or a whole number, such as the null of some clients, asks for nothing.
fn progress_token(params: &Value) -> Option<Value> {
    let token = meta(params)?.get("progressToken")?;
    let is_token = token.is_string() || token.as_f64().is_some_and(|number| number.fract() == 0.0);
    is_token.then(|| token.clone())
}

enum Asked {
    All(Map<String, Value>),
    Open(BTreeMap<String, InputRequest>),
    Refused(String),
}

/// Which calls become tasks.
fn mode(tool: &ToolDefinition, call: &CallParams, falls_back: bool, cx: &CallContext) -> Result<Mode, RpcError> {
    match (cx.revision, tool.support) {
        (Revision::V2026 | Revision::Plain, _) if falls_back => Ok(Mode::Inline),
        (Revision::V2025, _) if falls_back && call.task.is_none() => Ok(Mode::Inline),
        (Revision::V2026, TaskSupport::Required) => {
            declared(cx)?;
            owner(cx)?;
            Ok(Mode::Task { ttl: None })
        }
        (Revision::V2026, TaskSupport::Optional) if cx.client.tasks && cx.caller.owner().is_some() => {
            Ok(Mode::Task { ttl: None })
        }
        (Revision::V2025, TaskSupport::Optional | TaskSupport::Required) if call.task.is_some() => {
            owner(cx)?;
            let task: v2025::TaskMetadata = parse(call.task.as_ref().unwrap_or(&Value::Null))?;
            Ok(Mode::Task { ttl: task.ttl.map(Duration::from_millis) })
        }
        (Revision::V2025, TaskSupport::Forbidden) if call.task.is_some() => {
            Err(RpcError::method_not_found(format!("tool `{}` does not run as a task", tool.name)))
        }
        (Revision::V2025 | Revision::Plain, TaskSupport::Required) => {
            Err(RpcError::method_not_found(format!("tool `{}` runs only as a task", tool.name)))
        }
        _ => Ok(Mode::Plain),
    }
}

/// The digests of the call's idempotency key, if it has one, and of what has to be the same when it comes again.
fn idempotency(
    tool: &ToolDefinition,
    params: &Value,
    arguments: &Map<String, Value>,
    variables: &Map<String, Value>,
) -> Result<Option<(Digest, Digest)>, RpcError> {
    const LONGEST: usize = 256;
    let Some(key) = meta(params).and_then(|meta| meta.get(IDEMPOTENCY_KEY)) else { return Ok(None) };
    let key = key.as_str().filter(|key| (1..=LONGEST).contains(&key.len())).ok_or_else(|| {
        RpcError::invalid_params(format!("`{IDEMPOTENCY_KEY}` is not a string of 1 to {LONGEST} bytes"))
    })?;
    let payload = [arguments, variables].map(|part| canonical(part).unwrap_or_default());
    let key = digest_of([tool.name.as_bytes(), key.as_bytes()]);
    Ok(Some((key, digest_of(payload.iter().map(Vec::as_slice)))))
}

/// The variables the client sets in `_meta`, checked.
pub(super) fn client_variables(
    fields: &[FieldDefinition],
    params: &Value,
    max_bytes: u32,
) -> Result<Map<String, Value>, RpcError> {
    let Some(given) = meta(params).and_then(|meta| meta.get(VARIABLES)) else { return Ok(Map::new()) };
    let Some(given) = given.as_object() else {
        return Err(RpcError::invalid_params(format!("`{VARIABLES}` is not an object")));
    };
    for (name, value) in given {
        // A hidden variable and none at all answer alike.
        let field = fields.iter().find(|field| field.name == name && field.client_writable && !field.hidden);
        let Some(field) = field else {
            let name = shortened(name);
            return Err(RpcError::invalid_params(format!("variable `{name}` cannot be set by the client")));
        };
        if !value.is_null() {
            (field.check)(value).map_err(|error| RpcError::invalid_params(format!("variable `{name}`: {error}")))?;
        }
    }
    let size: usize = given.iter().map(|(name, value)| name.len() + value.to_string().len()).sum();
    if size > max_bytes as usize {
        return Err(RpcError::invalid_params(format!("the variables have {size} bytes; {max_bytes} are allowed")));
    }
    Ok(given.clone())
}

/// A tool's result in the revision of the request.
pub(super) fn render(result: &ToolResult, revision: Revision) -> Value {
    match revision {
        Revision::V2026 => v2026::tool_result(result),
        Revision::V2025 | Revision::Plain => v2025::tool_result(result),
    }
}

/// What a host may tell its model while the task runs.
fn immediate_response(tool: &ToolDefinition, task: &Task) -> String {
    format!(
        "`{}` is running as task {}. Its result is not available yet; you can go on with other work meanwhile.",
        tool.title.as_deref().unwrap_or(&tool.name),
        task.id()
    )
}

/// The beginning of a name a client sent, for a message.
fn shortened(name: &str) -> String {
    name.chars().take(80).collect()
}
