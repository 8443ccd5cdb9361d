//! Requests of the page to the server, with its progress as it comes.

use std::{
    convert::Infallible,
    sync::atomic::{AtomicU64, Ordering},
};

use axum::{body::Body, response::Response};
use futures_util::{StreamExt as _, stream};
use http::header;
use pmcp_client::{Client, ClientError, RequestOptions};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// What the page may ask for.
const METHODS: [&str; 10] = [
    "tools/list",
    "tools/call",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "prompts/list",
    "prompts/get",
    "tasks/get",
    "tasks/update",
    "tasks/cancel",
];

/// Lines that wait for a page that does not read.
const WAITING: usize = 64;

/// A request of the page.
#[derive(Debug, Deserialize)]
pub(crate) struct Request {
    method: String,
    #[serde(default)]
    params: Value,
}

/// Passes a request on. The answer is lines of JSON: `{"progress": …}` as often as it comes, then `{"result": …}` or `{"error": …}`. Whoever
/// stops to read cancels the request.
pub(crate) fn pass(client: Client, request: Request) -> Response {
    let (lines, read) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        tokio::select! {
            () = lines.closed() => {}
            last = answer(&client, request, &lines) => drop(lines.send(last).await),
        }
    });
    let lines = stream::unfold(read, |mut read| async move { Some((read.recv().await?, read)) });
    let body = lines.map(|line: Value| Ok::<_, Infallible>(format!("{line}\n")));
    let mut response = Response::new(Body::from_stream(body));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/x-ndjson"));
    response
}

async fn answer(client: &Client, request: Request, lines: &mpsc::Sender<Value>) -> Value {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    if !METHODS.contains(&request.method.as_str()) {
        return json!({ "error": { "code": -32601, "message": format!("the host does not pass `{}` on", request.method) } });
    }
    let token = format!("preview-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut notifications = client.notifications();
    let options = RequestOptions::new().meta("progressToken", token.clone());
    let request = client.request_with(&request.method, request.params, options);
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
            reply = &mut request => return match reply {
                Ok(reply) => match reply.result {
                    Ok(result) => json!({ "result": result }),
                    Err(error) => json!({ "error": error }),
                },
                Err(error) => lost(&error),
            },
        }
    }
}

fn lost(error: &ClientError) -> Value {
    json!({ "error": { "code": -32000, "message": format!("the server cannot be reached: {error}") } })
}
