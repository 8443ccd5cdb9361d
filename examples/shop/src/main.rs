//! Run with `cargo run -p shop`.
//!
//! A shop: an axum application with pages, a payment webhook, a health endpoint and routes for operators, and MCP nested in it. Callers of
//! MCP come with tokens of an authorization server; `shop token` makes some for trying it out. The README has the lines to type.

mod arguments;
mod customers;
mod files;
mod guard;
mod health;
mod issuer;
mod offers;
mod operators;
mod order;
mod pages;
mod payments;
mod secrets;
mod serve;
mod stock;
mod tidy;

use std::{io::Write as _, process::ExitCode};

use arguments::{Command, USAGE};
use issuer::Issuer;
use pmcp_server::log;

/// The outcome of a command: an error is for the person who runs it.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Command::read() {
        Ok(Command::Serve(serving)) => {
            log::init();
            serve::serve(serving).await
        }
        Ok(Command::Token(wanted)) => Issuer::open(&wanted.directory, &wanted.url)
            .and_then(|issuer| issuer.token(&wanted.subject, &wanted.scope, wanted.audience.as_deref()))
            .and_then(|token| Ok(writeln!(std::io::stdout(), "{token}")?)),
        Ok(Command::Help) => {
            let _ = write!(std::io::stderr(), "{USAGE}");
            Ok(())
        }
        Err(error) => {
            let _ = write!(std::io::stderr(), "error: {error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    log::exit_code(outcome)
}
