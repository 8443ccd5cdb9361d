//! Requests that are passed on to the server, with its progress as it comes.

use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::StreamExt as _;
use pmcp_client::{
    Client, ClientError, RequestOptions, RpcError,
    pmcp_protocol::bounds::{LIST, weight},
};
use serde_json::{Value, json};

use crate::translate::Translator;

/// What may be asked for.
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

/// The host itself refuses a request.
const REFUSED: i64 = -32000;

/// Checks that requests of this method are passed on.
///
/// # Errors
/// They are not.
pub fn check(method: &str) -> Result<(), RpcError> {
    if METHODS.contains(&method) {
        return Ok(());
    }
    Err(RpcError::method_not_found(format!("the host does not pass `{method}` on")))
}

/// The error of a request as whoever asked is told it.
#[must_use]
pub fn refusal(error: ClientError) -> RpcError {
    match error {
        ClientError::Rpc(error) => error,
        error => RpcError::new(REFUSED, format!("the server cannot be reached: {error}")),
    }
}

/// The field that has the entries of a list, if this request is for all of it.
pub(crate) fn entries(method: &str, params: &Value) -> Option<&'static str> {
    let (_, entries) = LISTS.iter().find(|(list, _)| *list == method)?;
    params.get("cursor").is_none().then_some(entries)
}

/// A list with the entries of all its pages, as one page.
pub(crate) async fn all_pages(
    client: &Client,
    method: &str,
    entries: &str,
    mut params: Value,
) -> Result<Value, ClientError> {
    let refused = |why: String| Err(ClientError::Rpc(RpcError::new(REFUSED, format!("the server's `{method}` {why}"))));
    let (mut whole, mut bytes): (Option<Value>, usize) = (None, 0);
    for _ in 0..PAGES {
        let mut page = client.request(method, params.clone()).await?;
        bytes += weight(&page);
        if bytes > LIST {
            return refused(format!("has more than {} MiB", LIST >> 20));
        }
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
    refused("does not end".to_owned())
}

/// Sends a request with a token of its own, and tells its progress.
pub(crate) async fn send(
    client: &Client,
    translator: Option<&Translator>,
    method: &str,
    params: Value,
    mut progress: impl FnMut(Value) + Send,
) -> Result<Value, ClientError> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let token = format!("preview-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut notifications = client.notifications();
    let request = async {
        let options = RequestOptions::new().meta("progressToken", token.clone());
        let translated = match translator {
            Some(translator) => translator.request(method, &params, options.clone(), &token).await,
            None => None,
        };
        match translated {
            Some(result) => result,
            None => client.request_answering(method, params, options).await,
        }
    };
    tokio::pin!(request);
    loop {
        tokio::select! {
            // What came before the answer is told before it.
            biased;
            Some(notification) = notifications.next() => {
                if notification.method == "notifications/progress" && notification.params["progressToken"] == token.as_str() {
                    progress(notification.params);
                }
            }
            result = &mut request => return result,
        }
    }
}
