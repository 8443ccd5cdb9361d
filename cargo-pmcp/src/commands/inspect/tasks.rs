//! `cargo pmcp inspect tasks`.

use std::time::Duration;

use clap::Args;
use pmcp_client::{Client, ClientError};
use pmcp_protocol::code;
use serde_json::{Value, json};

use super::{Common, client};
use crate::{
    error::Result,
    output::{self, string, table},
    shell::{Shell, write_text},
    text::line,
};

/// The time between looks.
const WATCH: Duration = Duration::from_secs(1);
/// The most pages of the list.
const PAGES: usize = 100;

/// List the tasks that are yours.
#[derive(Args, Debug)]
pub(crate) struct Tasks {
    /// List them again whenever one has changed.
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    common: Common,
}

impl Tasks {
    pub(super) async fn run(self, shell: &Shell) -> Result {
        let mut server = self.common.connect(client(), shell).await?;
        let mut shown = None;
        loop {
            let tasks = match list(&server.client).await {
                Ok(tasks) => tasks,
                Err(ClientError::Rpc(error)) if error.code == code::METHOD_NOT_FOUND => {
                    let error = crate::error::Error::failed("this server lists no tasks");
                    return Err(error.help(
                        "2026-07-28 has no list, try `--protocol 2025`; `cargo pmcp inspect task ID` shows one",
                    ));
                }
                Err(error) => return Err(server.explain(error).await),
            };
            if shown.as_ref() != Some(&tasks) {
                let is_again = shown.is_some();
                write(&tasks, self.common.json, is_again)?;
                shown = Some(tasks);
            }
            if !self.watch {
                server.close().await;
                return Ok(());
            }
            tokio::time::sleep(WATCH).await;
        }
    }
}

async fn list(client: &Client) -> std::result::Result<Vec<Value>, ClientError> {
    let (mut all, mut params) = (Vec::new(), json!({}));
    for _ in 0..PAGES {
        let mut page = client.request("tasks/list", params).await?;
        if let Value::Array(tasks) = page["tasks"].take() {
            all.extend(tasks);
        }
        match page["nextCursor"].take() {
            Value::Null => break,
            cursor => params = json!({ "cursor": cursor }),
        }
    }
    Ok(all)
}

fn write(tasks: &[Value], is_json: bool, is_again: bool) -> Result {
    if is_json {
        return output::json(&tasks.into());
    }
    let row = |task: &Value| ["taskId", "status", "createdAt", "statusMessage"].map(|field| line(string(task, field)));
    let rows: Vec<_> = tasks.iter().map(row).collect();
    let text = if rows.is_empty() { "no tasks".to_owned() } else { table(&rows) };
    write_text(&if is_again { format!("\n{text}") } else { text })
}
