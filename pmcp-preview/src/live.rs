//! A server that answers: what is known of it, and how it is left.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use pmcp_client::{Client, ClientError, Notification, RequestOptions, Version};
use serde_json::json;
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{process::Process, relay::Relay, translate::Translator, upstream::Endpoint};

/// The time a server may take to end its session.
const FAREWELL: Duration = Duration::from_secs(2);
/// The time a server may take to show that it is there.
const PROBE: Duration = Duration::from_secs(5);
/// Tasks whose changes are listened to at a time.
const FOLLOWED: usize = 32;

/// A server that answers.
pub(crate) struct Live {
    pub(crate) client: Client,
    pub(crate) version: Version,
    /// Calls may become tasks: the server takes them, and the profile has them.
    pub(crate) tasks: bool,
    /// Tells tasks as 2026-07-28 has them, where the connection has them otherwise.
    pub(crate) translator: Option<Translator>,
    /// Tasks whose changes the server tells, for as long as they have not ended.
    pub(crate) followed: Mutex<Vec<AbortOnDropHandle<()>>>,
    pub(crate) endpoint: Endpoint,
    /// The way of the page to the endpoint.
    pub(crate) relay: Relay,
    pub(crate) process: Mutex<Option<Process>>,
    /// Fires when the server is gone.
    pub(crate) gone: CancellationToken,
    /// Told when a request has failed in a way that the connection may be the reason of.
    pub(crate) doubted: Notify,
    pub(crate) _pump: AbortOnDropHandle<()>,
    pub(crate) since: Instant,
}

impl Live {
    /// Takes note of a request that failed: the connection may have broken.
    pub(crate) fn failed(&self, error: &ClientError) {
        if is_broken(error) {
            self.doubted.notify_one();
        }
    }

    /// Waits until a request has failed, and the next one fails, too.
    pub(crate) async fn is_silent(&self) {
        loop {
            self.doubted.notified().await;
            let method = if self.version.has_handshake() { "ping" } else { "server/discover" };
            let options = RequestOptions::new().timeout(PROBE);
            if let Err(error) = self.client.request_with(method, json!({}), options).await
                && (is_broken(&error) || matches!(error, ClientError::Timeout(_)))
            {
                return;
            }
        }
    }

    /// Has the server tell how a task changes (2026-07-28; before that it does so unasked).
    pub(crate) fn follow(&self, id: &str) {
        let mut followed = self.followed.lock();
        followed.retain(|following| !following.is_finished());
        if self.version.has_handshake() || followed.len() >= FOLLOWED {
            return;
        }
        let (client, filter) = (self.client.clone(), json!({ "taskIds": [id] }));
        followed.push(AbortOnDropHandle::new(tokio::spawn(async move {
            let Ok(mut subscription) = client.listen(filter).await else { return };
            while let Some(Notification { params, .. }) = subscription.next().await {
                if matches!(params["status"].as_str(), Some("completed" | "failed" | "cancelled")) {
                    return;
                }
            }
        })));
    }

    /// The exit code of the process, if it has ended: `Some(None)` if by a signal.
    pub(crate) async fn exit(&self) -> Option<Option<i32>> {
        let process = self.process.lock().take()?;
        Some(process.stop().await?.code())
    }

    pub(crate) async fn close(&self) {
        self.followed.lock().clear();
        if let Some(translator) = &self.translator {
            translator.tasks.clear();
        }
        // The server may be gone.
        let _ = tokio::time::timeout(FAREWELL, self.client.close()).await;
        self.exit().await;
    }
}

const fn is_broken(error: &ClientError) -> bool {
    matches!(error, ClientError::Transport(_) | ClientError::Closed)
}
