//! Requests of the page to the server, with its progress as it comes.

use std::convert::Infallible;

use axum::{body::Body, response::Response};
use futures_util::{StreamExt as _, stream};
use http::header;
use pmcp_client::RpcError;
use pmcp_preview_client::{Session, check, refusal};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::link::Link;

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
    check(&method)?;
    let Some(live) = link.soon().await else {
        return Err(RpcError::new(REFUSED, "the server is not connected"));
    };
    let spoken = live.session.client().protocol_version();
    if protocol.is_some_and(|protocol| protocol != spoken) {
        return Err(RpcError::new(REFUSED, format!("the connection speaks {spoken}")));
    }
    let _during = (!Session::is_list(&method, &params)).then(|| link.questions().during_request());
    let progress = |progress: Value| {
        // A page that does not read misses some.
        drop(lines.try_send(json!({ "progress": progress })));
    };
    live.session.request(&method, params, progress).await.map_err(|error| {
        live.failed(&error);
        refusal(error)
    })
}
