//! Opening and making a table where the service refuses or is silent.

use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::Client;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use pmcp_tasks::{
    store::{DynamoDbBackend, StorageBackend},
    testing::block_on,
};

use super::{
    proxy::{Mode, Proxy},
    service,
    tasks::{NOW, put, task, worker},
};

/// A client that waits for ever.
async fn patient(proxy: &Proxy) -> Client {
    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http).region(Region::new("local"));
    let config = config.timeout_config(aws_config::timeout::TimeoutConfig::disabled()).endpoint_url(proxy.endpoint());
    Client::new(&config.load().await)
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn a_table_whose_items_never_expire_is_not_made() {
    block_on(async {
        let proxy = Proxy::before(&service::endpoint()).await;
        let table = service::local(&format!("pmcp-tests-{}", service::unique()));
        proxy.make_unknown("UpdateTimeToLive");
        let error = DynamoDbBackend::create_table(&table.clone().endpoint(proxy.endpoint())).await.unwrap_err();
        assert_eq!(error.code(), "refused");
        // It is made by whoever may.
        DynamoDbBackend::create_table(&table).await.unwrap();
        DynamoDbBackend::create_table(&table.endpoint(proxy.endpoint())).await.unwrap();
    });
}

/// With a client that has no time-outs nothing waits for ever, be it the opening or whoever looks for changes.
#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn a_silent_service_is_given_up_whatever_the_client() {
    block_on(async {
        let (table, _) = service::engine_table();
        let past = DynamoDbBackend::connect(table.clone()).await.unwrap();
        past.create(&task(1), NOW).await.unwrap();
        let proxy = Proxy::before(&service::endpoint()).await;
        let store = DynamoDbBackend::with_client(patient(&proxy).await, table.clone()).await.unwrap();
        let mut feed = store.feed(&worker(1)).unwrap();
        feed.interest.send((task(1).key, true)).unwrap();
        assert_eq!(feed.hints.recv().await, Some(task(1).key));

        proxy.set(Mode::Hang);
        let began = Instant::now();
        let opened =
            tokio::time::timeout(Duration::from_secs(15), DynamoDbBackend::with_client(patient(&proxy).await, table));
        let error = opened.await.expect("it ends in time").unwrap_err();
        assert_eq!(error.code(), "unavailable");
        past.put(&task(1).key, &put(1), NOW).await.unwrap();
        proxy.set(Mode::Pass);
        let hint = tokio::time::timeout(Duration::from_secs(15), feed.hints.recv()).await;
        assert_eq!(hint.expect("it looks again"), Some(task(1).key));
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    });
}
