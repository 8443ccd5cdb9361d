//! Opening what servers have made, and making nothing.

use std::time::UNIX_EPOCH;

use pmcp_tasks::{TaskStore, testing::block_on};

/// Opens a store that is not there, before and after a server makes it. `parameter` begins the one by which it is a store of its own.
fn is_found_and_not_made(variable: &str, parameter: &str) {
    let service = std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: `cargo xtask services`"));
    let url = format!("{service}{parameter}found_{}", UNIX_EPOCH.elapsed().unwrap().as_nanos());
    block_on(async {
        // Twice: the first has made nothing.
        for _ in 0..2 {
            let error = TaskStore::connect_existing(&url).await.unwrap_err();
            let told = std::error::Error::source(&error).unwrap().to_string();
            assert!(error.code() == "refused" && told.starts_with("there is no store "), "{told}");
        }
        TaskStore::connect(&url).await.unwrap();
        TaskStore::connect_existing(&url).await.unwrap().list_workers().await.unwrap();
    });
}

#[cfg(feature = "redis")]
#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn a_store_on_redis_is_found_and_not_made() {
    is_found_and_not_made("PMCP_TEST_REDIS_URL", "?prefix=");
}

#[cfg(feature = "redis")]
#[test]
#[ignore = "needs a Redis cluster: `cargo xtask services`"]
fn a_store_on_a_cluster_is_found_and_not_made() {
    is_found_and_not_made("PMCP_TEST_REDIS_CLUSTER_URL", "?prefix=");
}

#[cfg(feature = "postgres")]
#[test]
#[ignore = "needs PostgreSQL: `cargo xtask services`"]
fn a_store_on_postgres_is_found_and_not_made() {
    is_found_and_not_made("PMCP_TEST_POSTGRES_URL", "?schema=");
}

#[cfg(feature = "dynamodb")]
#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn a_store_on_dynamodb_is_found_and_not_made() {
    is_found_and_not_made("PMCP_TEST_DYNAMODB_URL", "&prefix=");
}
