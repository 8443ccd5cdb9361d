//! `cargo pmcp inspect resources`.

use clap::Args;
use pmcp_client::ClientError;
use pmcp_protocol::code;
use serde_json::{Value, json};

use super::{Common, client};
use crate::{
    error::Result,
    output::{self, string, table},
    shell::{Shell, write_text},
    text::{first_line, line},
};

/// List the resources, and the templates of such.
#[derive(Args, Debug)]
pub(crate) struct Resources {
    #[command(flatten)]
    common: Common,
}

impl Resources {
    pub(super) async fn run(self, shell: &Shell) -> Result {
        let mut server = self.common.connect(client(), shell).await?;
        let mut resources = match server.client.list_resources().await {
            Ok(resources) => resources,
            Err(error) => return Err(server.explain(error).await),
        };
        match server.client.request("resources/templates/list", json!({})).await {
            Ok(mut page) => {
                if let Value::Array(templates) = page["resourceTemplates"].take() {
                    resources.extend(templates);
                }
            }
            // Not every server has them.
            Err(ClientError::Rpc(error)) if error.code == code::METHOD_NOT_FOUND => {}
            Err(error) => return Err(server.explain(error).await),
        }
        server.close().await;
        if self.common.json {
            return output::json(&resources.into());
        }
        let rows: Vec<_> = resources
            .iter()
            .map(|resource| {
                let uri = resource["uri"].as_str().unwrap_or_else(|| string(resource, "uriTemplate"));
                let about = resource["description"].as_str().unwrap_or_else(|| string(resource, "name"));
                [line(uri), line(string(resource, "mimeType")), first_line(about)]
            })
            .collect();
        write_text(&table(&rows))
    }
}
