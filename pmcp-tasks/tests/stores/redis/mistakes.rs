//! URLs that lead to a server of another kind.

use std::error::Error as _;

use pmcp_tasks::{TaskStore, store::StoreError, testing::block_on};

use super::{CLUSTER, SERVER};

/// Text of the refusal of a URL, with its cause.
fn refusal(url: &str) -> String {
    let error = block_on(TaskStore::connect(url)).unwrap_err();
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    format!("{error}: {}", error.source().unwrap())
}

#[test]
#[ignore = "needs a Redis cluster: `cargo xtask services`"]
fn a_node_of_a_cluster_is_no_server_by_itself() {
    let nodes = std::env::var(CLUSTER).unwrap();
    for node in nodes.strip_prefix("redis+cluster://").unwrap().split(',') {
        let told = refusal(&format!("redis://{node}"));
        assert!(told.contains("write `redis+cluster://`"), "{told}");
    }
}

#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn a_server_by_itself_is_no_cluster() {
    let server = std::env::var(SERVER).unwrap();
    let told = refusal(&server.replacen("redis://", "redis+cluster://", 1));
    assert!(told.contains("cluster support disabled"), "{told}");
}
