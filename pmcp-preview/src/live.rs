//! A server that answers: what is known of it, and how it is left.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use pmcp_client::{ClientError, RequestOptions, Version};
use pmcp_preview_client::Session;
use serde_json::json;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{process::Process, relay::Relay, upstream::Endpoint};

/// The time a server may take to end its session.
const FAREWELL: Duration = Duration::from_secs(2);
/// The time a server may take to show that it is there.
const PROBE: Duration = Duration::from_secs(5);

/// A server that answers.
pub(crate) struct Live {
    pub(crate) session: Session,
    pub(crate) version: Version,
    /// Calls may become tasks: the server takes them, and the profile has them.
    pub(crate) tasks: bool,
    pub(crate) endpoint: Endpoint,
    /// The way of the page to the endpoint.
    pub(crate) relay: Relay,
    pub(crate) process: Mutex<Option<Process>>,
    /// Fires when the server is gone.
    pub(crate) gone: CancellationToken,
    /// Told when a request has failed in a way that the connection may be the reason of.
    pub(crate) doubted: Notify,
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
            if let Err(error) = self.session.client().request_with(method, json!({}), options).await
                && (is_broken(&error) || matches!(error, ClientError::Timeout(_)))
            {
                return;
            }
        }
    }

    /// The exit code of the process, if it has ended: `Some(None)` if by a signal.
    pub(crate) async fn exit(&self) -> Option<Option<i32>> {
        let process = self.process.lock().take()?;
        Some(process.stop().await?.code())
    }

    pub(crate) async fn close(&self) {
        // The server may be gone.
        let _ = tokio::time::timeout(FAREWELL, self.session.close()).await;
        self.exit().await;
    }
}

const fn is_broken(error: &ClientError) -> bool {
    matches!(error, ClientError::Transport(_) | ClientError::Closed)
}
