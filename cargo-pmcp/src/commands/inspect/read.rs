//! `cargo pmcp inspect read`.

use std::io::{self, IsTerminal as _};

use clap::Args;
use pmcp_client::ClientError;
use pmcp_protocol::code;
use serde_json::Value;

use super::{Common, client};
use crate::{
    error::{Error, Result},
    output::{self, string},
    questions::AnswerArgs,
    shell::{Shell, write_out, write_text},
    target::Connected,
    text::{line, meant},
};

/// Read a resource: its text, or its bytes.
#[derive(Args, Debug)]
pub(crate) struct Read {
    /// Its URI.
    uri: String,
    #[command(flatten)]
    answers: AnswerArgs,
    #[command(flatten)]
    common: Common,
}

impl Read {
    pub(super) async fn run(self, shell: &Shell) -> Result {
        let answers = self.answers.answers(shell);
        let mut server = self.common.connect(answers.give(client()), shell).await?;
        let read = tokio::select! {
            read = server.client.read_resource(&self.uri) => read,
            open = answers.left_open() => return Err(open.error()),
        };
        let result = match read {
            Ok(result) => result,
            Err(error) => return Err(self.not_read(error, &mut server).await),
        };
        server.close().await;
        if self.common.json {
            return output::json(&result);
        }
        for content in result["contents"].as_array().into_iter().flatten() {
            write(content)?;
        }
        Ok(())
    }

    async fn not_read(&self, error: ClientError, server: &mut Connected) -> Error {
        let is_unknown = matches!(error.code(), Some(code::RESOURCE_NOT_FOUND | code::INVALID_PARAMS));
        let explained = server.explain(error).await;
        if !is_unknown {
            return explained;
        }
        let resources = server.client.list_resources().await.unwrap_or_default();
        match meant(&self.uri, resources.iter().map(|resource| string(resource, "uri"))) {
            Some(meant) => explained.help(format!("did you mean `{}`?", line(meant))),
            None => explained.help("`cargo pmcp inspect resources` lists them"),
        }
    }
}

/// Writes a text as it is, and bytes unless a person would see them.
fn write(content: &Value) -> Result {
    match (content["text"].as_str(), output::bytes(content, "blob")) {
        (Some(text), _) if io::stdout().is_terminal() => write_text(text),
        (Some(text), _) => write_out(text.as_bytes()),
        (None, Some(bytes)) if io::stdout().is_terminal() => {
            write_text(&format!("[{}: {} bytes]", line(string(content, "mimeType")), bytes.len()))
        }
        (None, Some(bytes)) => write_out(&bytes),
        (None, None) => Err(Error::failed("the server sent neither text nor bytes")),
    }
}
