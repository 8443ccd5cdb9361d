//! What a server logs when it starts: which promise of durability it has, and whose tasks are.

use pmcp_server::{Anonymous, BearerTokens, Server};
use pmcp_tasks::TaskStore;
use tracing::Level;

use crate::support::{App, Log, server, server_with};

const LOST: &str = "lost when the process ends";
const SYNCED: &str = "survives power loss: every commit is synced";

const AUTHENTICATED: &str = "tasks belong to the authenticated subject, else client";
const LOCAL: &str = "tasks belong to the one local user";
const REFUSED: &str = "tasks are refused: callers cannot be told apart";
const SHARED: &str = "all callers share their tasks; they are not listed";
const OF_SESSIONS: &str = "tasks belong to the session that created them";

/// What has the token `hunter2`.
fn with_tokens(server: Server<App>) -> Server<App> {
    server.authenticator(BearerTokens::new().with("ann@example.com", "hunter2"))
}

/// What one start says of durability and owners; it says nothing else at that level, and no secret at any.
fn said(log: &Log) -> (String, String) {
    let entry = log.only("tasks");
    assert_eq!((entry.level, entry.target.split("::").next()), (Level::INFO, Some("pmcp_server")));
    let all = format!("{:?}", log.entries());
    for secret in ["hunter2", "ann@example.com", "tasks.db", "/tmp"] {
        assert!(!all.contains(secret), "{all}");
    }
    (entry.field("durability").to_owned(), entry.field("owners").to_owned())
}

async fn on_streams(server: Server<App>) -> (String, String) {
    let log = Log::begin();
    server.serve_io(tokio::io::empty(), tokio::io::sink()).await.unwrap();
    said(&log)
}

async fn at(address: [u8; 4], server: Server<App>) -> (String, String) {
    let log = Log::begin();
    let running = server.start((address, 0).into()).await.unwrap();
    let said = said(&log);
    running.shut_down().await.unwrap();
    said
}

const LOOPBACK: [u8; 4] = [127, 0, 0, 1];
const ANYWHERE: [u8; 4] = [0, 0, 0, 0];

#[tokio::test]
async fn the_promise_of_the_store_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("tasks.db").display());
    assert_eq!(on_streams(server().0).await.0, LOST);
    let on_disk = TaskStore::connect(&url).await.unwrap();
    assert_eq!(on_streams(server_with(on_disk).0).await.0, SYNCED);
    let on_disk = TaskStore::connect(&url).await.unwrap();
    assert_eq!(at(LOOPBACK, server_with(on_disk).0).await.0, SYNCED);
}

#[tokio::test]
async fn tasks_of_this_machines_user_are_told_from_refused_ones() {
    assert_eq!(on_streams(server().0).await.1, LOCAL);
    assert_eq!(at(LOOPBACK, server().0).await.1, LOCAL);
    assert_eq!(at(ANYWHERE, server().0).await.1, REFUSED);
    let log = Log::begin();
    let _routes = server().0.into_router().unwrap();
    assert_eq!(said(&log).1, REFUSED);
}

#[tokio::test]
async fn what_anonymous_callers_may_is_told_where_there_are_any() {
    for (anonymous, owners) in
        [(Anonymous::Refuse, REFUSED), (Anonymous::Shared, SHARED), (Anonymous::PerSession, OF_SESSIONS)]
    {
        assert_eq!(at(ANYWHERE, server().0.anonymous(anonymous)).await.1, owners);
        assert_eq!(at(LOOPBACK, server().0.anonymous(anonymous)).await.1, LOCAL);
        assert_eq!(on_streams(server().0.anonymous(anonymous)).await.1, LOCAL);
    }
}

#[tokio::test]
async fn an_authenticator_counts_where_it_is_asked() {
    for address in [LOOPBACK, ANYWHERE] {
        for anonymous in [Anonymous::Refuse, Anonymous::Shared] {
            assert_eq!(at(address, with_tokens(server().0.anonymous(anonymous))).await.1, AUTHENTICATED);
        }
    }
    // Nobody authenticates on a pair of streams: whoever has them is the local user.
    assert_eq!(on_streams(with_tokens(server().0)).await.1, LOCAL);
}
