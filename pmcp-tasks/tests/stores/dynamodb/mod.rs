//! `DynamoDbBackend`, on an engine of this machine or in the cloud.

#![expect(clippy::unwrap_used, reason = "a failing service is a failed test")]

mod corrupt;
mod faults;
mod limits;
mod opening;
mod passing;
mod proxy;
mod races;
mod restart;
mod service;
mod tasks;
mod templates;

use pmcp_tasks::{
    storage_contract,
    testing::{block_on, model},
};
use proptest::prelude::*;

storage_contract!(contract, service::backend().await, ignore = "needs DynamoDB: `cargo xtask services`");

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    #[ignore = "needs DynamoDB: `cargo xtask services`"]
    fn it_agrees_with_the_model(operations in model::operations(80)) {
        block_on(async { model::check(&service::backend().await, &operations).await });
    }
}
