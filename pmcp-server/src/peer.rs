//! The client as running code sees it: over the stream of one request, or any of its session.

use std::sync::Arc;

use async_trait::async_trait;
use pmcp_protocol::{LogLevel, message, meta::related_task};
use pmcp_tasks::call::{Peer, PeerError};
use serde_json::Value;

use crate::{answered::Answered, outbox::Outbox, session::Session};

/// Any stream of a session, for what outlives one of its requests.
#[derive(Debug)]
pub(crate) struct SessionPeer {
    pub(crate) session: Arc<Session>,
    /// The moment the request is answered. What a task asks before is a question of an unknown task to the client, and some
    /// cancel it in the user's place. `None` if the client knows the task already.
    pub(crate) answered: Option<Answered>,
}

#[async_trait]
impl Peer for SessionPeer {
    fn session(&self) -> &str {
        &self.session.id
    }

    fn notify(&self, method: &str, params: Value) {
        if let Some(stream) = self.session.stream_for_news() {
            stream.offer(&message::notification(method, params));
        }
    }

    fn log_level(&self) -> Option<LogLevel> {
        Some(self.session.log_level())
    }

    async fn request(&self, method: &str, params: Value) -> Result<Value, PeerError> {
        if let (Some(answered), Some(task)) = (&self.answered, related_task(&params)) {
            tokio::select! {
                () = answered.taken_in() => {}
                () = self.session.waited_for(task) => {}
                () = self.session.ended.cancelled() => return Err(PeerError::Gone),
            }
        }
        self.session.ask(None, method, params).await
    }

    async fn closed(&self) {
        self.session.ended.cancelled().await;
    }
}

/// The stream of one request.
#[derive(Debug)]
pub(crate) struct RequestPeer {
    pub(crate) stream: Outbox,
    /// `None` where the client cannot be asked on a stream (2026-07-28).
    pub(crate) session: Option<Arc<Session>>,
    /// The least grave message of the log that the request wants to see, where there is no session to say it.
    pub(crate) log_level: Option<LogLevel>,
}

#[async_trait]
impl Peer for RequestPeer {
    fn session(&self) -> &str {
        self.session.as_ref().map_or("", |session| &session.id)
    }

    fn notify(&self, method: &str, params: Value) {
        // A page may be done with long after the call that it was for has been answered.
        let is_late = method == "notifications/elicitation/complete" && self.stream.is_lost();
        let news = self.session.as_ref().filter(|_| is_late).and_then(|session| session.stream_for_news());
        news.as_ref().unwrap_or(&self.stream).offer(&message::notification(method, params));
    }

    fn log_level(&self) -> Option<LogLevel> {
        self.session.as_ref().map_or(self.log_level, |session| Some(session.log_level()))
    }

    fn let_go(&self) {
        self.stream.let_go();
    }

    async fn request(&self, method: &str, params: Value) -> Result<Value, PeerError> {
        match &self.session {
            Some(session) => session.ask(Some(self.stream.clone()), method, params).await,
            None => Err(PeerError::Gone),
        }
    }

    async fn closed(&self) {
        match &self.session {
            // A question may go out on another stream of the session.
            Some(session) => session.ended.cancelled().await,
            None => self.stream.closed().await,
        }
    }
}
