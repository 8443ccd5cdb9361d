//! The stream of a session, on which the server sends when no request of the client is open (2025-11-25, "Listening for
//! Messages from the Server").

use std::{sync::Arc, time::Duration};

use tokio::sync::oneshot;

use super::endpoint::Endpoint;
use crate::{error::ClientError, inbox::Inbox, runtime::Runtime};

/// The wait for a server that does not say when its stream can be resumed.
pub(super) const RETRY: Duration = Duration::from_secs(1);
/// The longest a server may make a client wait before a stream is resumed.
pub(super) const MAX_RETRY: Duration = Duration::from_secs(30);

/// Keeps the session's stream open until the session ends; says so when it is open for the first time.
pub(super) async fn listen(
    endpoint: Arc<Endpoint>,
    runtime: Arc<dyn Runtime>,
    inbox: Arc<Inbox>,
    opened: oneshot::Sender<()>,
) {
    let mut opened = Some(opened);
    let mut last_id: Option<String> = None;
    let mut retry = RETRY;
    loop {
        match endpoint.open(last_id.as_deref()).await {
            Ok(response) => {
                opened.take();
                let mut events = endpoint.events(response.into_body());
                loop {
                    match events.message().await {
                        Ok(Some(message)) => inbox.receive(message),
                        Ok(None) => break,
                        Err(error) => {
                            tracing::debug!(error = &error as &dyn std::error::Error, "the session's stream broke");
                            break;
                        }
                    }
                }
                last_id = events.last_id.or(last_id);
                retry = events.retry.unwrap_or(retry).min(MAX_RETRY);
            }
            // The server has no such stream, or the session is gone.
            Err(ClientError::Http { status: 400..=499, .. }) => return,
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "the session's stream did not open");
            }
        }
        runtime.sleep(retry).await;
    }
}
