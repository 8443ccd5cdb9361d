//! Encrypted connections: whom they trust.

use std::process::Command;

use pmcp_tasks::{
    store::{
        RedisBackend, StorageBackend as _,
        backend::{Create, Parts},
    },
    testing::block_on,
};

use super::{
    own::{NOW, Server, put, seal, set_if, task_of, worker},
    words,
};
use crate::certificates::Certificates;

/// The name of the test, which starts itself anew.
const THIS: &str = "an_encrypted_server_is_trusted_by_its_authority_and_its_name";

/// Tells the process that is started anew which server to use, and whether it trusts that.
const SERVER: &str = "PMCP_TEST_REDIS_TLS_SERVER";

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn an_encrypted_server_is_trusted_by_its_authority_and_its_name() {
    if let Ok(server) = std::env::var(SERVER) {
        let (port, case) = server.split_once(' ').unwrap();
        return block_on(async { if case == "trusted" { trusted(port).await } else { distrusted(port).await } });
    }
    let certificates = Certificates::make();
    let path = |name: &str| certificates.path(name).display().to_string();
    let server = Server::start_encrypted(&path("server.pem"), &path("server.key"), &path("right.pem"));
    // Authorities are the system's, or those of a file in the environment, which a process has of its own.
    for (authority, case) in [("right.pem", "trusted"), ("wrong.pem", "distrusted")] {
        let mut test = Command::new(std::env::current_exe().unwrap());
        test.args(["--exact", "--include-ignored", &format!("{}::{THIS}", module_path!().split_once("::").unwrap().1)]);
        test.env("SSL_CERT_FILE", path(authority)).env(SERVER, format!("{} {case}", server.port()));
        let test = test.output().unwrap();
        let told = String::from_utf8_lossy(&test.stdout).into_owned();
        assert!(test.status.success() && told.contains("1 passed"), "{case}: {told}");
    }
}

async fn trusted(port: &str) {
    let backend = RedisBackend::connect(&format!("rediss://localhost:{port}")).await.unwrap();
    let new = task_of(0, 1);
    let mut feed = backend.feed(&worker(0)).unwrap();
    assert_eq!(backend.create(&new, NOW).await.unwrap(), Create::Created);
    backend.merge(&new.key, &set_if("a", None, "1"), NOW).await.unwrap();
    // Hints come over an encrypted connection, too.
    let other = RedisBackend::connect(&format!("rediss://localhost:{port}")).await.unwrap();
    feed.interest.send((new.key.clone(), true)).unwrap();
    assert_eq!(feed.hints.recv().await, Some(new.key.clone()));
    other.put(&new.key, &put(1), NOW).await.unwrap();
    assert_eq!(feed.hints.recv().await, Some(new.key.clone()));
    backend.put(&new.key, &seal(2), NOW).await.unwrap();
    assert!(!backend.get(&new.key, Parts::all(), NOW).await.unwrap().unwrap().open);
    // The certificate is for another name.
    is_refused(&format!("rediss://127.0.0.1:{port}"), "not valid for name").await;
    // It speaks TLS only.
    let error = RedisBackend::connect(&format!("redis://localhost:{port}")).await.unwrap_err();
    assert!(["unavailable", "refused"].contains(&error.code()), "{}", words(&error));
}

async fn distrusted(port: &str) {
    for url in [format!("rediss://:s3cret@localhost:{port}"), format!("rediss+cluster://:s3cret@localhost:{port}")] {
        is_refused(&url, "UnknownIssuer").await;
    }
}

async fn is_refused(url: &str, why: &str) {
    let error = RedisBackend::connect(url).await.unwrap_err();
    let told = words(&error);
    assert!(
        error.code() == "refused" && told.contains(why) && !told.contains("s3cret"),
        "{url}: {} {told}",
        error.code()
    );
}
