//! Run with `cargo run -p pmcp-preview --example host -- --url http://127.0.0.1:8081/mcp`.
//!
//! Shows the widgets of a server in a page, until it is interrupted. With `--no-tasks` it is a host that knows no tasks, and with
//! `--profile ID` another host than that of the specification; `--port N` for pages that are to find it there.

use std::{io::Write as _, process::ExitCode};

use pmcp_preview::{Endpoint, Host, Protocol};

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
    let (mut url, mut port, mut tasks, mut protocol, mut profile) =
        (String::new(), 0, true, Protocol::Auto, "specification".to_owned());
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("url") => url = parser.value()?.string()?,
            Long("port") => port = parser.value()?.parse()?,
            Long("no-tasks") => tasks = false,
            Long("profile") => profile = parser.value()?.string()?,
            Long("revision") => {
                protocol = match parser.value()?.string()?.as_str() {
                    "2026-07-28" => Protocol::V2026,
                    "2025-11-25" => Protocol::V2025,
                    other => return Err(format!("`{other}` is no version that is spoken here").into()),
                }
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let host = Host::builder(Endpoint::http(url)).port(port).pass_tasks(tasks).protocol(protocol).profile(profile);
    let host = host.start().await?;
    writeln!(std::io::stdout(), "preview {}", host.url())?;
    tokio::signal::ctrl_c().await?;
    Ok(())
}
