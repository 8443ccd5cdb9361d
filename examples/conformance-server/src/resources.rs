//! The resources, one of which changes.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use pmcp_server::{ResourceUpdates, Server};
use pmcp_tasks::prelude::*;
use serde_json::json;

use crate::{App, content::PNG};

const WATCHED: &str = "test://watched-resource";

/// The resource that changes, and who tells of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watched {
    changes: Arc<AtomicU64>,
    updates: ResourceUpdates,
}

impl Watched {
    fn text(&self) -> String {
        format!("This resource has changed {} times.", self.changes.load(Ordering::Relaxed))
    }

    fn change(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
        self.updates.updated(WATCHED);
    }
}

pub(crate) fn add_to(server: Server<App>, watched: &Watched) -> Server<App> {
    server
        .resource::<static_text>()
        .resource::<static_binary>()
        .resource::<watched_resource>()
        .resource::<template>()
        .resource_updates(&watched.updates)
        .tool::<test_trigger_resource_change>()
}

/// A text that never changes.
#[resource(uri = "test://static-text", mime = "text/plain")]
async fn static_text() -> &'static str {
    "This is the content of the static text resource."
}

/// An image that never changes.
#[resource(uri = "test://static-binary", mime = "image/png")]
async fn static_binary() -> Vec<u8> {
    PNG.to_vec()
}

/// A text to subscribe to.
#[resource(uri = "test://watched-resource", mime = "text/plain")]
async fn watched_resource(State(watched): State<Watched>) -> String {
    watched.text()
}

/// Data by id.
#[resource(uri = "test://template/{id}/data", mime = "application/json")]
async fn template(id: &str) -> String {
    json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") }).to_string()
}

/// Changes `test://watched-resource`; subscribers are told.
#[task_tool(support = "forbidden")]
async fn test_trigger_resource_change(State(watched): State<Watched>) -> String {
    watched.change();
    watched.text()
}
