//! A session with a server that answers.

use std::{fmt, sync::Arc};

use parking_lot::Mutex;
use pmcp_client::{Client, ClientError, Notification, Version, pmcp_protocol::TASKS_EXTENSION};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{
    pump::Pump,
    requests::{all_pages, entries, send},
    tasks::Tasks,
    told::Told,
    translate::Translator,
    work::Work,
};

/// Tasks whose changes are listened to at a time.
const FOLLOWED: usize = 32;

/// A session with a server that answers. It ends when it is dropped.
pub struct Session {
    client: Client,
    version: Version,
    /// Tells tasks as 2026-07-28 has them, where the connection has them otherwise.
    translator: Option<Translator>,
    /// Tasks whose changes the server tells, for as long as they have not ended.
    followed: Mutex<Vec<Work>>,
    _pump: Work,
}

impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Session").field("client", &self.client).finish_non_exhaustive()
    }
}

impl Session {
    /// A session over this connection, which speaks this version with a server of these capabilities. `tasks` are those of a version before
    /// 2026-07-28, with the ids of those that change, where calls may become tasks. When the server is gone, `gone` is called.
    pub fn new(
        client: Client,
        version: Version,
        capabilities: Value,
        tasks: Option<(Arc<Tasks>, mpsc::Receiver<String>)>,
        told: Arc<dyn Told>,
        gone: impl FnOnce() + Send + 'static,
    ) -> Self {
        let (translator, changes) = match tasks {
            Some((tasks, changes)) => (Some(Translator { client: client.clone(), tasks }), Some(changes)),
            None => (None, None),
        };
        let pump = Pump { client: client.clone(), told, translator: translator.clone() };
        let pump = Work::begin(&client, pump.run(version, capabilities, changes, gone));
        Self { client, version, translator, followed: Mutex::default(), _pump: pump }
    }

    /// The connection.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Tells whether all of a list is asked for: then the server is asked for pages, and asks nothing itself.
    #[must_use]
    pub fn is_list(method: &str, params: &Value) -> bool {
        entries(method, params).is_some()
    }

    /// Passes a request on, and tells its progress. A list is read to its end, unless a page of it is asked for. A task that comes of it is
    /// told when it changes. Dropping the future cancels the request.
    ///
    /// # Errors
    /// The server refuses the request, or cannot be reached.
    pub async fn request(
        &self,
        method: &str,
        params: Value,
        progress: impl FnMut(Value) + Send,
    ) -> Result<Value, ClientError> {
        if let Some(entries) = entries(method, &params) {
            return all_pages(&self.client, method, entries, params).await;
        }
        let result = send(&self.client, self.translator.as_ref(), method, params, progress).await?;
        if let (true, Some(id)) = (result["resultType"] == "task", result["taskId"].as_str()) {
            self.follow(id);
        }
        Ok(result)
    }

    /// Has the server tell how a task changes (2026-07-28; before that it does so unasked).
    fn follow(&self, id: &str) {
        let mut followed = self.followed.lock();
        followed.retain(|following| !following.is_finished());
        if self.version.has_handshake() || followed.len() >= FOLLOWED {
            return;
        }
        let (client, filter) = (self.client.clone(), json!({ "taskIds": [id] }));
        followed.push(Work::begin(&self.client, async move {
            let Ok(mut subscription) = client.listen(filter).await else { return };
            while let Some(Notification { params, .. }) = subscription.next().await {
                if matches!(params["status"].as_str(), Some("completed" | "failed" | "cancelled")) {
                    return;
                }
            }
        }));
    }

    /// Takes leave of the server.
    ///
    /// # Errors
    /// The server refuses to end the session, or is gone.
    pub async fn close(&self) -> Result<(), ClientError> {
        self.followed.lock().clear();
        if let Some(translator) = &self.translator {
            translator.tasks.clear();
        }
        self.client.close().await
    }
}

/// Tells whether a server of these capabilities takes calls as tasks.
#[must_use]
pub fn has_tasks(version: Version, capabilities: &Value) -> bool {
    if version.has_handshake() {
        capabilities.pointer("/tasks/requests/tools/call").is_some()
    } else {
        capabilities["extensions"].get(TASKS_EXTENSION).is_some()
    }
}
