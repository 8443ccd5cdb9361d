//! Requests of the page to the server, with its progress as it comes.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{body::Body, response::Response};
use futures_util::{StreamExt as _, stream};
use http::header;
use pmcp_client::{ClientError, RequestOptions, RpcError};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{link::Link, live::Live};

/// What the page may ask for.
const METHODS: [&str; 14] = [
    "tools/list",
    "tools/call",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "prompts/list",
    "prompts/get",
    "completion/complete",
    "tasks/get",
    "tasks/update",
    "tasks/cancel",
    "tasks/list",
    "ping",
    "logging/setLevel",
];

/// Lists whose pages are read to their end, and the field their entries are in.
const LISTS: [(&str, &str); 4] = [
    ("tools/list", "tools"),
    ("resources/list", "resources"),
    ("resources/templates/list", "resourceTemplates"),
    ("prompts/list", "prompts"),
];

/// The most pages of one list.
const PAGES: usize = 1000;
/// The most entries of one list.
const ENTRIES: usize = 20_000;

/// Lines that wait for a page that does not read.
const WAITING: usize = 64;

/// The host itself refuses a request.
const REFUSED: i64 = -32000;

/// A request of the page.
#[derive(Debug, Deserialize)]
pub(crate) struct Request {
    pub(crate) method: String,
    #[serde(default)]
    pub(crate) params: Value,
    /// The version that the page believes is spoken; another one is an error.
    pub(crate) protocol: Option<String>,
}

/// Passes a request on. The answer is lines of JSON: `{"progress": …}` as often as it comes, then `{"result": …}` or `{"error": …}`. Whoever
/// stops to read cancels the request.
pub(crate) fn pass(link: Link, request: Request) -> Response {
    let (lines, read) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        tokio::select! {
            () = lines.closed() => {}
            last = answer(&link, request, &lines) => {
                let last = match last {
                    Ok(result) => json!({ "result": result }),
                    Err(error) => json!({ "error": error }),
                };
                drop(lines.send(last).await);
            }
        }
    });
    let lines = stream::unfold(read, |mut read| async move { Some((read.recv().await?, read)) });
    lines_of_json(lines.map(|line: Value| format!("{line}\n")))
}

/// A response of lines as they come.
pub(crate) fn lines_of_json<T: Into<axum::body::Bytes> + 'static>(
    lines: impl futures_util::Stream<Item = T> + Send + 'static,
) -> Response {
    let mut response = Response::new(Body::from_stream(lines.map(Ok::<_, Infallible>)));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/x-ndjson"));
    response
}

async fn answer(link: &Link, request: Request, lines: &mpsc::Sender<Value>) -> Result<Value, RpcError> {
    let Request { method, params, protocol } = request;
    if !METHODS.contains(&method.as_str()) {
        return Err(RpcError::method_not_found(format!("the host does not pass `{method}` on")));
    }
    let Some(live) = link.soon().await else {
        return Err(RpcError::new(REFUSED, "the server is not connected"));
    };
    let spoken = live.client.protocol_version();
    if protocol.is_some_and(|protocol| protocol != spoken) {
        return Err(RpcError::new(REFUSED, format!("the connection speaks {spoken}")));
    }
    let entries = LISTS.iter().find(|(list, _)| *list == method).map(|(_, entries)| *entries);
    match entries {
        Some(entries) if params.get("cursor").is_none() => all_pages(&live, &method, entries, params).await,
        _ => {
            let _during = link.questions().during_request();
            send(&live, &method, params, lines).await
        }
    }
}

/// A list with the entries of all its pages, as one page.
async fn all_pages(live: &Live, method: &str, entries: &str, mut params: Value) -> Result<Value, RpcError> {
    let mut whole: Option<Value> = None;
    for _ in 0..PAGES {
        let result = live.client.request(method, params.clone()).await;
        let mut page = result.map_err(|error| refusal(live, error))?;
        let cursor = page.as_object_mut().and_then(|page| page.remove("nextCursor")).filter(|cursor| !cursor.is_null());
        let whole = match &mut whole {
            None => whole.insert(page),
            Some(whole) => {
                let all = whole.get_mut(entries).and_then(Value::as_array_mut);
                if let (Some(all), Some(more)) = (all, page.get_mut(entries).and_then(Value::as_array_mut)) {
                    all.append(more);
                }
                whole
            }
        };
        match cursor {
            Some(cursor) if whole[entries].as_array().is_some_and(|all| all.len() < ENTRIES) => {
                if !params.is_object() {
                    params = json!({});
                }
                params["cursor"] = cursor;
            }
            _ => return Ok(whole.take()),
        }
    }
    Err(RpcError::new(REFUSED, format!("the server's `{method}` does not end")))
}

/// Sends a request with a token of its own, and tells its progress. What the server asks for first is asked at the page.
async fn send(live: &Arc<Live>, method: &str, params: Value, lines: &mpsc::Sender<Value>) -> Result<Value, RpcError> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let token = format!("preview-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut notifications = live.client.notifications();
    let request = async {
        let options = RequestOptions::new().meta("progressToken", token.clone());
        let translated = match &live.translator {
            Some(translator) => translator.request(method, &params, options.clone(), &token).await,
            None => None,
        };
        match translated {
            Some(result) => result,
            None => live.client.request_answering(method, params, options).await,
        }
    };
    tokio::pin!(request);
    loop {
        tokio::select! {
            // What came before the answer is told before it.
            biased;
            Some(notification) = notifications.next() => {
                if notification.method == "notifications/progress" && notification.params["progressToken"] == token.as_str() {
                    // A page that does not read misses some.
                    drop(lines.try_send(json!({ "progress": notification.params })));
                }
            }
            result = &mut request => {
                let result = result.map_err(|error| refusal(live, error))?;
                if let (true, Some(id)) = (result["resultType"] == "task", result["taskId"].as_str()) {
                    live.follow(id);
                }
                return Ok(result);
            }
        }
    }
}

/// The error of a request as the page is told it.
fn refusal(live: &Live, error: ClientError) -> RpcError {
    live.failed(&error);
    match error {
        ClientError::Rpc(error) => error,
        error => RpcError::new(REFUSED, format!("the server cannot be reached: {error}")),
    }
}
