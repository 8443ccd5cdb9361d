//! The fixtures of the official conformance suite: one server with everything the suite calls.

mod answers;
mod arguments;
mod asking;
mod changing;
mod content;
mod notes;
mod prompts;
mod resources;
mod schemas;
mod tasks;
mod workflows;

use std::{error::Error, io::Write as _, process::ExitCode, time::Duration};

use pmcp_server::{BearerTokens, JwtAuthenticator, Server, SessionKey, log};
use pmcp_tasks::{FromRef, Limits, TaskStore, changes::ListChanges, router::TaskFallback};

use crate::{
    arguments::{Arguments, SESSION_KEYS, USAGE, session_keys},
    resources::Watched,
};

/// State that tools and resources share.
#[derive(Clone, Default, FromRef)]
struct App {
    watched: Watched,
    changes: ListChanges,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args_os().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            // A reader that has gone away wanted no more help.
            let _ = std::io::stdout().write_all(USAGE.as_bytes());
            return ExitCode::SUCCESS;
        }
        Err(error) => return wrong_usage(&error),
    };
    let keys = match session_keys(std::env::var_os(SESSION_KEYS)) {
        Ok(keys) => keys,
        Err(error) => return wrong_usage(&error),
    };
    // Standard output belongs to the protocol.
    log::init();
    let store = match TaskStore::connect(&arguments.store).await {
        Ok(store) => store,
        Err(error) => return wrong_usage(&format!("--store: {}", with_causes(&error))),
    };
    log::exit_code(server(&arguments, store, keys).serve(arguments.transport).await)
}

fn with_causes(error: &dyn Error) -> String {
    std::iter::successors(error.source(), |cause| (*cause).source())
        .fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn wrong_usage(error: &str) -> ExitCode {
    let _ = write!(std::io::stderr(), "error: {error}\n\n{USAGE}");
    ExitCode::from(2)
}

fn server(arguments: &Arguments, store: TaskStore, keys: Vec<SessionKey>) -> Server<App> {
    let mut limits = Limits::default();
    if let Some(max_tasks) = arguments.max_tasks {
        limits.tasks_per_owner = max_tasks;
    }
    let mut server = Server::new("conformance-server", env!("CARGO_PKG_VERSION"))
        .limits(limits)
        .store(store)
        .session_keys(keys)
        .lease(arguments.lease)
        .shutdown_grace(arguments.grace);
    if !arguments.tokens.is_empty() {
        let tokens = BearerTokens::new();
        server = server.authenticator(
            arguments.tokens.iter().fold(tokens, |tokens, token| tokens.with(&token.name, &token.secret)),
        );
    }
    let issuer = arguments.issuer();
    if let Some((issuer, resource)) = &issuer {
        let believing = JwtAuthenticator::new(*issuer, resource).leeway(Duration::ZERO);
        server = server.authenticator(believing).required_scopes(["mcp:use"]).step_up(true);
    }
    if let Some(inline_wait) = arguments.fallback {
        server = server.task_fallback(TaskFallback { inline_wait, ..TaskFallback::default() });
    }
    let app = App::default();
    let server = server.state(app.clone());
    // The suite calls the first tool without arguments.
    let server = content::add_to(server);
    let server = schemas::add_to(server);
    let server = asking::add_to(server);
    let server = tasks::add_to(server);
    let server = workflows::add_to(server);
    let server = prompts::add_to(server);
    let server = changing::add_to(server, &app.changes);
    // Not beside those of the suite, which knows no scopes.
    let server = if issuer.is_some() { notes::add_to(server) } else { server };
    resources::add_to(server, &app.watched)
}
