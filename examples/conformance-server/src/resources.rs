//! The resources.

use pmcp_server::{Resource, Server};
use serde_json::json;

use crate::content::PNG;

pub(crate) fn add_to(server: Server) -> Server {
    server
        .resource(
            Resource::new("test://static-text").description("A text that never changes.").mime_type("text/plain"),
            |_, _| async { Ok("This is the content of the static text resource.") },
        )
        .resource(
            Resource::new("test://static-binary").description("An image that never changes.").mime_type("image/png"),
            |_, _| async { Ok(PNG.to_vec()) },
        )
        .resource(
            Resource::new("test://watched-resource").description("A text to subscribe to.").mime_type("text/plain"),
            |_, _| async { Ok("This is the content of the watched resource.") },
        )
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
}
