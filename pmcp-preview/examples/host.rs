//! Run with `cargo run -p pmcp-preview --example host -- --url http://127.0.0.1:8081/mcp`.
//!
//! Shows the widgets of a server in a page, until it is interrupted. With `--no-tasks` it is a host that knows no tasks.

use std::{io::Write as _, process::ExitCode};

use pmcp_client::Client;
use pmcp_preview::Host;
use serde_json::json;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Outcome<()> {
    use lexopt::prelude::{Long, ValueExt as _};
    let (mut url, mut tasks, mut revision, mut ui) = (String::new(), true, "2026-07-28".to_owned(), true);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("url") => url = parser.value()?.string()?,
            Long("no-tasks") => tasks = false,
            Long("no-ui") => ui = false,
            Long("revision") => revision = parser.value()?.string()?,
            other => return Err(other.unexpected().into()),
        }
    }
    let passes = tasks && revision == "2026-07-28";
    let mut client =
        Client::builder("pmcp-preview", env!("CARGO_PKG_VERSION")).revision(revision.as_str()).declare_tasks(passes);
    if ui {
        client = client.extension("io.modelcontextprotocol/ui", json!({ "mimeTypes": ["text/html;profile=mcp-app"] }));
    }
    let host = Host::builder(client.connect_http(&url).await?).pass_tasks(passes).start().await?;
    writeln!(std::io::stdout(), "preview {}", host.url())?;
    tokio::signal::ctrl_c().await?;
    Ok(())
}
