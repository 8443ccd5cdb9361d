//! Questions of a tool that are answered before its work begins: `#[ask]` parameters.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::request::{RequestCx, too_large};
use crate::{
    error::AskError,
    protocol::{RpcError, params::CallParams},
    run::{Unanswered, ask_until_it_fits, shutting_down},
    schema::{
        answer,
        form::{form_answer, form_of},
    },
    task::InputRequest,
    tool::{Question, ToolDefinition},
};

/// Outcome of asking.
pub(super) enum Asked {
    /// Everything was answered.
    All(Map<String, Value>),
    /// The client has to be asked these, in the answer to its call.
    Open(BTreeMap<String, InputRequest>),
    /// The user refused, or the answer is none or larger than it may be; a text for the model.
    Refused(String),
}

/// A question of a tool, as a form.
///
/// # Errors
/// It cannot be asked.
pub(super) fn form(question: &Question) -> Result<Value, AskError> {
    form_of(question.name, &question.schema)
}

/// Gets the answers to the tool's `#[ask]` parameters before anything else happens.
pub(super) async fn ask_first(rq: RequestCx<'_>, tool: &ToolDefinition, call: &CallParams) -> Result<Asked, RpcError> {
    let (cx, host) = (rq.cx, &rq.engine.host);
    let mut answers = Map::new();
    let mut questions = BTreeMap::new();
    let mut complete = true;
    let max = host.limits.max_answer;
    let given = call.input_responses.as_ref().and_then(Value::as_object);
    for question in &tool.questions {
        let form = form(question).map_err(|error| RpcError::internal(error.to_string()))?;
        if !cx.client.elicitation {
            let missing = cx.revision.missing_capability(&json!({ "elicitation": {} }));
            return Err(missing.unwrap_or_else(|| {
                RpcError::invalid_params(format!("tool `{}` asks the user, and the client cannot", tool.name))
            }));
        }
        let params = json!({ "mode": "form", "message": question.message, "requestedSchema": form });
        let answer = if cx.revision.asks_by_request() {
            let answer = tokio::select! {
                biased;
                answer = ask_until_it_fits(&cx.peer, cx.revision, "elicitation/create", params.clone(), Some(max as usize)) => answer,
                () = cx.cancellation.cancelled() => return Err(RpcError::cancelled()),
                () = host.cancels() => return Err(shutting_down()),
                // The run's own timeout has not begun, and the call keeps its session from ending.
                () = host.clock().sleep(host.limits.question_ttl) => {
                    return Err(RpcError::internal("the user did not answer in time"));
                }
            };
            match answer {
                Ok(answer) => {
                    if let Some(refusal) = too_large(question.name, &answer, max) {
                        return Ok(Asked::Refused(refusal));
                    }
                    answer::fitted(&params, &answer)
                        .map_err(|mistake| answer::misfit(&mistake))
                        .and_then(|answer| form_answer(question.name, &question.schema, answer))
                }
                Err(Unanswered::Unshown(reason)) => Err(AskError::Invalid { reason }),
                Err(Unanswered::Gone) => return Err(RpcError::internal("the client is gone")),
            }
        } else {
            let answer = given.and_then(|given| given.get(question.name));
            if let Some(refusal) = answer.and_then(|answer| too_large(question.name, answer, max)) {
                return Err(RpcError::invalid_params(refusal));
            }
            match answer.and_then(|answer| answer::fitted(&params, answer).ok()) {
                Some(answer) => form_answer(question.name, &question.schema, answer),
                // One that does not fit is as good as none.
                None => Err(AskError::Stopped),
            }
        };
        questions.insert(question.name.to_owned(), InputRequest { method: "elicitation/create".into(), params });
        match answer {
            Ok(answer) => {
                answers.insert(question.name.into(), answer);
            }
            Err(error @ (AskError::Declined | AskError::Cancelled | AskError::Refused { .. })) => {
                return Ok(Asked::Refused(format!("{error}: `{}`", question.message)));
            }
            Err(_) if !cx.revision.asks_by_request() => complete = false,
            Err(error) => return Ok(Asked::Refused(error.to_string())),
        }
    }
    // Missing or malformed ones are asked again ("Error Handling" of multi round-trip requests), and the others with
    // them: nothing is kept between the calls, and a client need not repeat answers to questions it was not asked.
    Ok(if complete { Asked::All(answers) } else { Asked::Open(questions) })
}
