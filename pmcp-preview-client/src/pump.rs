//! The one who tells what a server says of itself.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use pmcp_client::{Client, Notification, Version};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{told::Told, translate::Translator};

/// Changes of tasks that are told together.
const CHANGES: usize = 64;
/// The time before a stream of changes that has ended is asked for again.
const AGAIN: Duration = Duration::from_secs(1);

/// The one who tells what a server says of itself.
pub(crate) struct Pump {
    pub(crate) client: Client,
    pub(crate) told: Arc<dyn Told>,
    pub(crate) translator: Option<Translator>,
}

impl Pump {
    /// Tells until the server is gone, and says so.
    pub(crate) async fn run(
        self,
        version: Version,
        capabilities: Value,
        changes: Option<mpsc::Receiver<String>>,
        gone: impl FnOnce() + Send,
    ) {
        let mut notifications = self.client.notifications();
        let told = async {
            while let Some(notification) = notifications.next().await {
                self.tell(&notification);
            }
            gone();
        };
        let translated = async {
            if let (Some(translator), Some(changes)) = (&self.translator, changes) {
                self.translate(translator, changes).await;
            }
        };
        let listened = async {
            if !version.has_handshake() {
                listen(&self.client, &capabilities).await;
            }
        };
        tokio::join!(told, translated, listened);
    }

    fn tell(&self, notification: &Notification) {
        let Notification { method, params, .. } = notification;
        match (method.as_str(), &self.translator) {
            // It is told to whoever waits for it, but that of a task is part of the task.
            ("notifications/progress", translator) => {
                if let Some(translator) = translator {
                    translator.tasks.progress(params);
                }
            }
            ("notifications/tasks/status", Some(translator)) => {
                translator.tasks.change(params["taskId"].as_str().unwrap_or_default());
            }
            _ => self.told.notification(method, params),
        }
    }

    /// Tells tasks that have changed.
    async fn translate(&self, translator: &Translator, mut changes: mpsc::Receiver<String>) {
        let mut ids = Vec::new();
        while changes.recv_many(&mut ids, CHANGES).await > 0 {
            ids.sort_unstable();
            ids.dedup();
            for id in ids.drain(..) {
                if let Some(task) = translator.notification(&id).await {
                    self.told.notification("notifications/tasks", &task);
                }
            }
        }
    }
}

/// Asks to be told when a list changes (2026-07-28), for as long as the server tells.
async fn listen(client: &Client, capabilities: &Value) {
    let mut filter = json!({});
    for (list, wish) in
        [("tools", "toolsListChanged"), ("prompts", "promptsListChanged"), ("resources", "resourcesListChanged")]
    {
        if capabilities[list]["listChanged"] == true {
            filter[wish] = true.into();
        }
    }
    while filter != json!({}) {
        let Ok(mut subscription) = client.listen(filter.clone()).await else { return };
        while subscription.next().await.is_some() {}
        client.runtime().sleep(AGAIN).await;
    }
}
