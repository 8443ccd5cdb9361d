//! The endpoint as 2026-07-28 uses it: every request a POST of its own, mirrored in headers.

use std::sync::Arc;

use axum::{
    http::{HeaderMap, StatusCode},
    response::Response,
};
use pmcp_protocol::{
    RpcError, code,
    header::{self as mirrored, ARGUMENT_PREFIX},
    message::Request,
};
use pmcp_tasks::{call::Caller, tool::ToolDefinition};
use serde_json::Value;
use tokio::sync::mpsc;

use super::{
    body,
    endpoint::{From, Http},
    guard,
};
use crate::{
    dispatch::{self, Handling, Passage},
    modern::{self, RequestMeta},
    outbox::{Outbox, STREAM_BUFFER},
    service::{Service, unknown_method},
    shares::Share,
    spans::Came,
};

fn mismatch(text: impl Into<String>) -> (StatusCode, RpcError) {
    (StatusCode::BAD_REQUEST, RpcError::new(code::HEADER_MISMATCH, text))
}

/// Checks a request in the order the specification needs: metadata, versions, method, names.
fn check(
    service: &Service,
    headers: &HeaderMap,
    version: Option<&str>,
    request: &Request,
    caller: &Caller,
) -> Result<RequestMeta, (StatusCode, RpcError)> {
    let meta = RequestMeta::parse(&request.params, |claimed| match version {
        None => Err(RpcError::new(code::HEADER_MISMATCH, "the header `MCP-Protocol-Version` is missing")),
        Some(version) if version != claimed => {
            Err(RpcError::new(code::HEADER_MISMATCH, "the header `MCP-Protocol-Version` is not the version in `_meta`"))
        }
        Some(_) => Ok(()),
    })
    .map_err(|error| (StatusCode::BAD_REQUEST, error))?;
    if header(headers, "mcp-method")?.as_deref() != Some(request.method.as_str()) {
        return Err(mismatch("the header `Mcp-Method` is missing or not the method of the request"));
    }
    if !modern::has_method(service, &request.method) {
        return Err((StatusCode::NOT_FOUND, unknown_method(&request.method)));
    }
    let Some(source) = mirrored::named_by(&request.method) else { return Ok(meta) };
    // A request without the value is malformed, not mismatched: the method says so.
    if let Some(value) = request.params.get(source).and_then(Value::as_str) {
        let name = header(headers, "mcp-name")?.map(|name| decoded(&name)).transpose()?;
        if name.as_deref() != Some(value) {
            return Err(mismatch(format!("the header `Mcp-Name` is missing or not `params.{source}`")));
        }
    }
    if request.method == "tools/call" {
        check_arguments(service, headers, &request.params, caller)?;
    }
    Ok(meta)
}

/// Compares arguments with the headers that repeat them ("Server Behavior for Custom Headers").
fn check_arguments(
    service: &Service,
    headers: &HeaderMap,
    params: &Value,
    caller: &Caller,
) -> Result<(), (StatusCode, RpcError)> {
    // Of a tool that the caller may not use nothing is told, not even this.
    let name = params.get("name").and_then(Value::as_str);
    let tool = name.and_then(|name| service.router.definition_for(caller, name));
    for parameter in tool.map(ToolDefinition::header_parameters).unwrap_or_default() {
        let name = format!("{ARGUMENT_PREFIX}{}", parameter.name);
        let given = header(headers, &name)?.map(|value| decoded(&value)).transpose()?;
        let agrees = parameter.agrees(params.get("arguments").unwrap_or(&Value::Null), given.as_deref());
        // Arguments of a wrong type are refused by the tool, which says what is wrong.
        if agrees.is_ok_and(|agrees| !agrees) {
            let argument = parameter.path.join(".");
            return Err(mismatch(format!("the header `{name}` is missing or not the argument `{argument}`")));
        }
    }
    Ok(())
}

/// A header's value without the white space around it.
fn header(headers: &HeaderMap, name: &str) -> Result<Option<String>, (StatusCode, RpcError)> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match (value.to_str(), values.next()) {
        (Ok(value), None) => Ok(Some(value.trim().to_owned())),
        _ => Err(mismatch(format!("the header `{name}` is repeated or has invalid characters"))),
    }
}

/// The text a value stands for: names beyond ASCII come as Base64 between markers ("Value Encoding").
fn decoded(value: &str) -> Result<String, (StatusCode, RpcError)> {
    mirrored::decode(value).ok_or_else(|| mismatch("a header is not valid Base64"))
}

/// The HTTP status of an error: those of the protocol have their own, what a method answers is 200.
fn status(code: i64) -> StatusCode {
    if code == code::MISSING_CLIENT_CAPABILITY { StatusCode::BAD_REQUEST } else { StatusCode::OK }
}

/// A POST of this version. `bytes` is what it takes of the budget.
pub(super) async fn take(
    http: Arc<Http>,
    from: From,
    bytes: Option<Share>,
    headers: &HeaderMap,
    version: Option<&str>,
    request: Request,
) -> Response {
    let accepts = body::accepts(headers);
    if !accepts.stream && (!accepts.json || request.method == "subscriptions/listen") {
        return body::error(StatusCode::NOT_ACCEPTABLE, Some(&request.id), body::not_acceptable());
    }
    let caller = http.service.access.caller(from.principal.clone(), None);
    let meta = match check(&http.service, headers, version, &request, &caller) {
        Ok(meta) => meta,
        Err((status, error)) => return body::error(status, Some(&request.id), error),
    };
    // First: a source of tools that is asked for scopes may take its time.
    let Some(place) = http.place(&from) else { return body::busy(Some(&request.id)) };
    if let Some(scopes) = http.service.lacking_scopes(&request, &caller).await {
        return guard::refused(&http, &http.admission.lacking(&scopes, from.principal.as_ref(), false));
    }
    // Of states that change only the latest counts: those that nobody reads are not kept.
    let buffer = if request.method == "subscriptions/listen" { 1 } else { STREAM_BUFFER };
    let (sender, receiver) = mpsc::channel(buffer);
    let budget = http.budget(&from);
    tokio::spawn(async move {
        let stream = Outbox::new(sender, None, budget);
        let passage = Passage {
            principal: from.principal,
            stream: stream.clone(),
            carries_messages: true,
            is_own: true,
            answered: None,
            closing: http.service.stopped.clone(),
            came: Came::OverHttp(from.trace),
            parts: Some(from.parts),
        };
        let handling = Ok(Handling::Stateless(meta));
        let response = dispatch::answer(&http.service, &request, None, handling, passage).await;
        drop((request, bytes));
        if let Some(response) = response {
            stream.respond(response).await;
        }
        drop(place);
    });
    body::answer(receiver, accepts, status).await
}
