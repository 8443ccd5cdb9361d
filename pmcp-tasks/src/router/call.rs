//! `tools/call`: which calls become tasks.

use std::time::Duration;

use serde_json::Value;

use super::{
    asking::{Asked, ask_first},
    begin::{Accepted, CallOfRun, Wanted, create_task, created, run_first, run_plain},
    digest,
    fallback::{self, Companions},
    questions,
    registered::Registered,
    request::RequestCx,
    retry,
    stream::{told_here, until_answered},
    tools::Tools,
    workflow::{Binding, Bound, Flows},
};
use crate::{
    engine,
    protocol::{
        Decider, RpcError,
        bounds::shortened,
        meta, params as parse,
        params::{CallParams, TaskMetadata},
    },
    run::NotAccepted,
    tool::{Arguments, TaskSupport, ToolDefinition, ToolResult, Visibility},
};

/// Way a call is run.
enum Mode {
    /// Inside its request.
    Plain,
    /// In a task that is waited for, since the client knows none.
    Companioned,
    /// Inside its request for a while, then in a task.
    Inline,
    Task {
        ttl: Option<Duration>,
    },
}

/// Handles a call.
pub(super) async fn call_tool(rq: RequestCx<'_>, tools: &Tools) -> Result<Value, RpcError> {
    let (cx, host) = (rq.cx, &rq.engine.host);
    let mut call: CallParams = parse(rq.params)?;
    let companions = tools.companions_for(cx);
    if let Some(companions) = companions
        && let Some(companion) = companions.find(&call.name)
    {
        let _admitted = host.admit()?;
        return fallback::call_companion(rq, companion, call, companions).await;
    }
    if tools.flows.has_tool(&call.name) && tools.flows.permits(rq, &call.name) {
        // Boxed here and below, as every request would be as large as these.
        return Box::pin(tools.flows.call(rq, &call.name, &call.arguments)).await;
    }
    let found = tools.find(&call.name).filter(|tool| rq.engine.permits(&cx.caller, &tool.work));
    let dynamic = match found {
        Some(_) => None,
        None => Box::pin(tools.find_dynamic(rq, &call.name)).await?,
    };
    let Some(tool) = found.or(dynamic.as_ref()) else {
        return Err(RpcError::invalid_params(format!("unknown tool `{}`", shortened(&call.name, 80))));
    };
    rq.check_size(&call.arguments)?;
    let Some(binding) = tools.flows.binding(rq, &call.name, &mut call.arguments) else {
        return unbound(rq, tool, call, companions, None).await;
    };
    Box::pin(bound(rq, tools, tool, call, companions, &binding)).await
}

/// Handles a call of a tool that is a step of a workflow, and names a run.
async fn bound(
    rq: RequestCx<'_>,
    tools: &Tools,
    tool: &Registered,
    mut call: CallParams,
    companions: Option<&Companions>,
    binding: &Binding,
) -> Result<Value, RpcError> {
    // Before the run is read. A call that comes back with answers was admitted before.
    let comes_back = call.request_state.is_some() && !rq.cx.revision.asks_by_request();
    let _admitted = if comes_back { None } else { Some(rq.engine.host.admit()?) };
    let given = call.arguments.clone();
    let is_read_only = tool.definition.annotations.read_only == Some(true);
    let named = (&*tool.definition.name, is_read_only);
    let bound = tools.flows.bind(rq, binding, named, &mut call.arguments).await;
    if let Bound::Again { result, run } = bound {
        return Ok(Flows::again(rq, result, &run));
    }
    let arguments = call.arguments.clone();
    let step = match &bound {
        Bound::Step { step, .. } => Some(CallOfRun { step: step.clone(), given }),
        Bound::Again { .. } | Bound::Beside(_) => None,
    };
    let result = unbound(rq, tool, call, companions, step).await?;
    Ok(tools.flows.recorded(rq, bound, arguments, result).await)
}

/// Handles a call of a tool. One that is a step of a run is made inside its request if the client leaves that to the server.
async fn unbound(
    rq: RequestCx<'_>,
    tool: &Registered,
    mut call: CallParams,
    companions: Option<&Companions>,
    step: Option<CallOfRun>,
) -> Result<Value, RpcError> {
    let (cx, host) = (rq.cx, &rq.engine.host);
    let companions = companions.filter(|it| it.settings.covers(&tool.definition) || is_of_view(rq, tool));
    let mode = match mode(rq, &tool.definition, &call, companions.is_some())? {
        Mode::Companioned | Mode::Inline if step.is_some() => Mode::Plain,
        mode => mode,
    };
    if let Some(state) = call.request_state.as_ref().filter(|_| !cx.revision.asks_by_request()) {
        if let (Some(companions), Some(id)) = (companions, questions::asked(state)) {
            return fallback::resume(rq, id, &call, companions).await;
        }
        let said = step.as_ref().map_or(&call.arguments, |step| &step.given);
        let digest = digest::of_request("tools/call", &call.name, said);
        return retry::retry(rq, state, call.input_responses.as_ref(), &digest).await;
    }
    let _admitted = host.admit()?;
    // A client that asked for a task expects one or an error, not a tool's result.
    let refused = |text: String| match mode {
        Mode::Task { .. } if cx.revision.decider() == Decider::Client => Err(RpcError::invalid_params(text)),
        _ => Ok(cx.revision.tool_result(&ToolResult::error(text))),
    };
    let answers = match ask_first(rq, &tool.definition, &call).await? {
        Asked::All(answers) => answers,
        Asked::Open(questions) => return Ok(cx.revision.input_required(&questions, None)),
        Asked::Refused(text) => return refused(text),
    };
    let arguments = Arguments { given: std::mem::take(&mut call.arguments), answers };
    let prepared = match engine::prepare(&tool.work, arguments.clone()) {
        Ok(prepared) => prepared,
        Err(NotAccepted::Panicked(text)) => return Err(RpcError::internal(text)),
        Err(error) => return refused(error.to_string()),
    };
    let variables = rq.variables(&tool.work.fields)?;
    let accepted = Accepted { work: tool.work.clone(), arguments, prepared, variables, step };
    begin(rq, mode, tool, accepted, companions).await
}

/// Tells whether the call is a view's that goes on with the tool's task by companions. It says so with the time it waits, unless
/// its host drops that; a tool for views alone is called by nobody else.
fn is_of_view(rq: RequestCx<'_>, tool: &Registered) -> bool {
    let says_so = || meta::wait(rq.params).is_some() || tool.definition.ui.visibility == Visibility::App;
    rq.cx.client.ui && tool.may_run_for_views() && says_so()
}

async fn begin(
    rq: RequestCx<'_>,
    mode: Mode,
    tool: &Registered,
    call: Accepted,
    companions: Option<&Companions>,
) -> Result<Value, RpcError> {
    let cx = rq.cx;
    let title = tool.definition.title.as_deref().unwrap_or(&tool.definition.name);
    match (mode, companions) {
        (Mode::Companioned, Some(companions)) => {
            let (peer, _unanswered) = until_answered(cx);
            let wanted = Wanted { ttl: None, client: fallback::capabilities(cx), peer: Some(peer), session: None };
            let task = create_task(rq, call, wanted).await?;
            // Whoever runs it.
            let _told = told_here(rq, &task.key);
            fallback::wait(rq, &task.key, companions).await
        }
        (Mode::Plain | Mode::Companioned, _) => run_plain(rq, "tools/call", call).await,
        (Mode::Inline, _) => {
            let (peer, _unanswered) = until_answered(cx);
            let wanted = Wanted { ttl: None, client: cx.client, peer: Some(peer), session: None };
            let patience = call.work.policy.inline.unwrap_or(rq.engine.limits().inline);
            run_first(rq, call, wanted, patience, title).await
        }
        (Mode::Task { ttl }, _) => {
            let session = cx.session.clone().filter(|_| cx.revision.has_sessions());
            // The progress token stays valid for the task's life, beyond this request's stream.
            let wanted = Wanted { ttl, client: cx.client, peer: cx.session.clone(), session };
            let task = create_task(rq, call, wanted).await?;
            created(rq, title, &task)
        }
    }
}

/// Chooses how a call is run, by who decides and what the tool supports.
fn mode(rq: RequestCx<'_>, tool: &ToolDefinition, call: &CallParams, falls_back: bool) -> Result<Mode, RpcError> {
    let cx = rq.cx;
    let wants_task = call.task.is_some();
    match (cx.revision.decider(), tool.support) {
        (Decider::Server | Decider::Nobody, _) if falls_back => Ok(Mode::Companioned),
        (Decider::Client, _) if falls_back && !wants_task => Ok(Mode::Companioned),
        (Decider::Server, TaskSupport::Required) => {
            rq.declared()?;
            rq.owner()?;
            Ok(Mode::Task { ttl: None })
        }
        (Decider::Server, TaskSupport::Optional) if cx.client.tasks && cx.caller.owner().is_some() => Ok(Mode::Inline),
        (Decider::Client, TaskSupport::Optional | TaskSupport::Required) if wants_task => {
            rq.owner()?;
            let task: TaskMetadata = parse(call.task.as_ref().unwrap_or(&Value::Null))?;
            Ok(Mode::Task { ttl: task.ttl.map(Duration::from_millis) })
        }
        (Decider::Client, TaskSupport::Forbidden) if wants_task => {
            Err(RpcError::method_not_found(format!("tool `{}` does not run as a task", tool.name)))
        }
        (Decider::Client | Decider::Nobody, TaskSupport::Required) => {
            Err(RpcError::method_not_found(format!("tool `{}` runs only as a task", tool.name)))
        }
        _ => Ok(Mode::Plain),
    }
}
