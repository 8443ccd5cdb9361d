//! The resources, one of which changes.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use pmcp_server::{Resource, ResourceUpdates, Server};
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
    let read = watched.clone();
    server
        .resource(
            Resource::new("test://static-text").description("A text that never changes.").mime_type("text/plain"),
            |_, _| async { Ok("This is the content of the static text resource.") },
        )
        .resource(
            Resource::new("test://static-binary").description("An image that never changes.").mime_type("image/png"),
            |_, _| async { Ok(PNG.to_vec()) },
        )
        .resource(Resource::new(WATCHED).description("A text to subscribe to.").mime_type("text/plain"), move |_, _| {
            let text = read.text();
            async { Ok(text) }
        })
        .resource_template(
            Resource::new("test://template/{id}/data")
                .name("template")
                .description("Data by id.")
                .mime_type("application/json"),
            |request, _| async move {
                let id = &request.variables["id"];
                Ok(json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") }).to_string())
            },
        )
        .resource_updates(&watched.updates)
        .tool::<test_trigger_resource_change>()
}

/// Changes `test://watched-resource`; subscribers are told.
#[task_tool(support = "forbidden")]
async fn test_trigger_resource_change(State(watched): State<Watched>) -> String {
    watched.change();
    watched.text()
}
