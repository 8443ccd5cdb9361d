//! The span of a request, named as the semantic conventions for MCP have it, and its time among the metrics.
//!
//! Of a request its method, its tool or prompt if this server has one of that name, its id and the version it speaks are told; never
//! what else is in its parameters, nor the URI of a resource, which may hold what somebody typed. A session is told by a digest: its
//! id lets in whoever knows it. The message of an error may repeat an argument, so the code alone is told.

use std::{borrow::Cow, time::Instant};

use pmcp_protocol::{
    RpcError, TraceContext, Version,
    message::{Request, RequestId},
};
use pmcp_tasks::{
    measure,
    trace::{TARGET, field, go_on},
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tracing::{
    Level, Span, enabled,
    field::{Empty, display},
    info_span,
};

use crate::service::Service;

/// The way a request came.
#[derive(Clone, Debug)]
pub(crate) enum Came {
    /// On one pair of streams.
    OnLines,
    /// In a POST, whose headers told of this trace.
    OverHttp(Option<TraceContext>),
}

impl Came {
    /// The trace that the transport told of.
    pub(crate) fn trace(&self) -> Option<&TraceContext> {
        match self {
            Self::OnLines => None,
            Self::OverHttp(trace) => trace.as_ref(),
        }
    }
}

/// The agreement with the client of a request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spoken<'a> {
    pub(crate) version: Option<Version>,
    /// Id of the session.
    pub(crate) session: Option<&'a str>,
}

/// The span of a request, from its message to its response. What is told of a trace in `_meta` is its parent, and what the
/// transport tells is linked; without the former the latter is its parent.
pub(crate) fn request(service: &Service, request: &Request, spoken: Spoken<'_>, came: &Came) -> Span {
    // Else nothing of it is read.
    if !enabled!(target: TARGET, Level::INFO) {
        return Span::none();
    }
    let told = TraceContext::of(&request.params);
    let (parent, link) = match (told.as_ref(), came.trace()) {
        (Some(told), over) if told.traceparent().is_some() => (Some(told), over),
        (told, over) => (over.or(told), None),
    };
    let (method, name) = (known(&request.method), request.params.get("name").and_then(Value::as_str));
    if matches!(method, "ping" | "tasks/get") && parent.is_none() {
        // It comes again and again, and each would be a trace of its own.
        return Span::none();
    }
    let tool = tool(service, request);
    let prompt = name.filter(|name| method == "prompts/get" && service.offers.has_prompt(name));
    let (over_http, session) = (matches!(came, Came::OverHttp(_)), spoken.session.map(digest));
    let id = match &request.id {
        RequestId::Integer(number) => number.to_string(),
        RequestId::Text(text) => text.clone(),
    };
    let span = info_span!(
        target: TARGET,
        parent: None,
        "request",
        "otel.name" = Empty,
        "otel.kind" = "server",
        "otel.status_code" = Empty,
        "mcp.method.name" = method,
        "mcp.protocol.version" = spoken.version.map(Version::as_str),
        "mcp.session.id" = session.filter(|_| over_http),
        "jsonrpc.request.id" = id,
        "gen_ai.operation.name" = tool.map(|_| "execute_tool"),
        "gen_ai.tool.name" = tool,
        "gen_ai.prompt.name" = prompt,
        "network.transport" = if over_http { "tcp" } else { "pipe" },
        "network.protocol.name" = over_http.then_some("http"),
        "rpc.response.status_code" = Empty,
        "error.type" = Empty,
        "traceparent" = field(parent),
    );
    match tool.or(prompt) {
        Some(target) => span.record("otel.name", display(format_args!("{method} {target}"))),
        None => span.record("otel.name", method),
    };
    go_on(&span, parent, link);
    span
}

/// Tells in the span of a request how it was answered; `None` if it was not, as its client cancelled it.
pub(crate) fn answered(span: &Span, answer: Option<&Result<Value, RpcError>>) {
    let Some(class) = class(answer) else { return };
    if let Some(Err(error)) = answer {
        span.record("rpc.response.status_code", display(error.code));
    }
    span.record("error.type", &*class);
    span.record("otel.status_code", "ERROR");
}

/// The class of an answer, as `error.type` has it; `None` of a success.
fn class(answer: Option<&Result<Value, RpcError>>) -> Option<Cow<'static, str>> {
    match answer {
        Some(Ok(result)) => (result.get("isError") == Some(&Value::Bool(true))).then_some("tool_error".into()),
        Some(Err(error)) => Some(error.code.to_string().into()),
        None => Some("cancelled".into()),
    }
}

/// The tool of this server that a request calls.
fn tool<'a>(service: &Service, request: &'a Request) -> Option<&'a str> {
    let name = request.params.get("name").filter(|_| request.method == "tools/call")?.as_str()?;
    service.has_tool(name).then_some(name)
}

/// The time since a request came, where that is counted.
pub(crate) fn stopwatch() -> Option<Instant> {
    cfg!(feature = "metrics").then(Instant::now)
}

/// Counts a request that was answered so.
pub(crate) fn count(
    service: &Service,
    request: &Request,
    since: Option<Instant>,
    answer: Option<&Result<Value, RpcError>>,
) {
    let Some(since) = since else { return };
    let (method, tool) = (known(&request.method), tool(service, request).unwrap_or_default());
    measure::server::answered(method, tool, &class(answer).unwrap_or_default(), since.elapsed());
}

/// A method, if the protocol has it: others are whatever clients send.
fn known(method: &str) -> &'static str {
    const METHODS: [&str; 20] = [
        "completion/complete",
        "initialize",
        "logging/setLevel",
        "ping",
        "prompts/get",
        "prompts/list",
        "resources/list",
        "resources/read",
        "resources/subscribe",
        "resources/templates/list",
        "resources/unsubscribe",
        "server/discover",
        "subscriptions/listen",
        "tasks/cancel",
        "tasks/get",
        "tasks/list",
        "tasks/result",
        "tasks/update",
        "tools/call",
        "tools/list",
    ];
    METHODS.into_iter().find(|known| *known == method).unwrap_or("_OTHER")
}

/// A text by which the requests of a session are found together, and by which nobody gets in.
fn digest(session: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(session.as_bytes()).into();
    digest.iter().take(8).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
