//! `cargo pmcp inspect prompts`.

use clap::Args;
use serde_json::Value;

use super::{Common, client};
use crate::{
    error::Result,
    output::{self, string, table},
    shell::{Shell, write_text},
    text::{first_line, line},
};

/// List the prompts.
#[derive(Args, Debug)]
pub(crate) struct Prompts {
    #[command(flatten)]
    common: Common,
}

impl Prompts {
    pub(super) async fn run(self, shell: &Shell) -> Result {
        let mut server = self.common.connect(client(), shell).await?;
        let prompts = match server.client.list_prompts().await {
            Ok(prompts) => prompts,
            Err(error) => return Err(server.explain(error).await),
        };
        server.close().await;
        if self.common.json {
            return output::json(&prompts.into());
        }
        let rows: Vec<_> = prompts
            .iter()
            .map(|prompt| [line(string(prompt, "name")), arguments(prompt), first_line(string(prompt, "description"))])
            .collect();
        write_text(&table(&rows))
    }
}

/// The arguments as they are typed; those that may be left out in brackets.
fn arguments(prompt: &Value) -> String {
    let arguments = prompt["arguments"].as_array().into_iter().flatten();
    let typed = arguments.map(|argument| {
        let name = line(string(argument, "name"));
        if argument["required"] == true { format!("{name}=…") } else { format!("[{name}=…]") }
    });
    typed.collect::<Vec<_>>().join(" ")
}
