//! The service of the tests: an engine on this machine, or the cloud.
//!
//! With `PMCP_TEST_DYNAMODB_TABLE` it is the cloud's, in that table, with the credentials and the region of the environment. Otherwise
//! it is the engine at `PMCP_TEST_DYNAMODB_ENDPOINT`, in a table made from the template for `CloudFormation`. Each test has a prefix.

use std::{
    collections::HashMap,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, PutRequest, ReturnValue,
        TimeToLiveSpecification, WriteRequest,
    },
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use pmcp_tasks::{
    store::{DynamoDbBackend, DynamoDbTable, backend::TaskKey},
    testing::block_on,
};
use serde_json::Value;

const TEMPLATE: &str = include_str!("../../../../templates/cloudformation/tasks-table.yaml");

const REGION: &str = "eu-central-1";

/// The table all tests share, as it is reached.
static TABLE: LazyLock<DynamoDbTable> = LazyLock::new(|| in_cloud().unwrap_or_else(|| ENGINE_TABLE.clone()));

/// That of the engine, for tests that stand between it and its client.
static ENGINE_TABLE: LazyLock<DynamoDbTable> = LazyLock::new(|| {
    let made = std::thread::spawn(|| block_on(from_template()));
    made.join().unwrap()
});

fn in_cloud() -> Option<DynamoDbTable> {
    std::env::var("PMCP_TEST_DYNAMODB_TABLE").ok().filter(|name| !name.is_empty()).map(DynamoDbTable::new)
}

/// Where the engine is.
pub(super) fn endpoint() -> String {
    std::env::var("PMCP_TEST_DYNAMODB_ENDPOINT")
        .expect("`cargo xtask services dynamodb` tells PMCP_TEST_DYNAMODB_ENDPOINT")
}

/// A table of this name in the engine.
pub(super) fn local(name: &str) -> DynamoDbTable {
    DynamoDbTable::new(name).region(REGION).endpoint(endpoint())
}

/// Makes a table as the template says.
pub(super) async fn from_template() -> DynamoDbTable {
    let table = local(&format!("pmcp-tests-{}", unique()));
    let name = table.name();
    let client = engine().await;
    let mut template: Value = serde_norway::from_str(TEMPLATE).unwrap();
    let properties = template["Resources"]["TasksTable"]["Properties"].take();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut create =
        client.create_table().table_name(name).billing_mode(BillingMode::from(&*text(&properties["BillingMode"])));
    for attribute in properties["AttributeDefinitions"].as_array().unwrap() {
        let definition = AttributeDefinition::builder().attribute_name(text(&attribute["AttributeName"]));
        create = create.attribute_definitions(
            definition.attribute_type((&*text(&attribute["AttributeType"])).into()).build().unwrap(),
        );
    }
    for key in properties["KeySchema"].as_array().unwrap() {
        let element = KeySchemaElement::builder().attribute_name(text(&key["AttributeName"]));
        create = create.key_schema(element.key_type((&*text(&key["KeyType"])).into()).build().unwrap());
    }
    create.send().await.unwrap();
    let ttl = &properties["TimeToLiveSpecification"];
    let ttl = TimeToLiveSpecification::builder()
        .attribute_name(text(&ttl["AttributeName"]))
        .enabled(ttl["Enabled"].as_bool().unwrap())
        .build()
        .unwrap();
    client.update_time_to_live().table_name(name).time_to_live_specification(ttl).send().await.unwrap();
    table
}

/// A client beside the backend's.
async fn client(table: &DynamoDbTable) -> Client {
    client_of(in_cloud().is_none_or(|cloud| cloud.name() != table.name())).await
}

/// One of the engine, also where others are of the cloud.
pub(super) async fn engine() -> Client {
    client_of(true).await
}

async fn client_of(is_engine: bool) -> Client {
    let tls = Provider::Rustls(CryptoMode::Ring);
    let http = aws_smithy_http_client::Builder::new().tls_provider(tls).build_https();
    let mut config = aws_config::defaults(BehaviorVersion::latest()).http_client(http);
    if is_engine {
        config = config.endpoint_url(endpoint()).region(Region::new(REGION));
    }
    Client::new(&config.load().await)
}

pub(super) fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{:x}-{:x}-{next:x}", since.as_nanos(), std::process::id())
}

/// The table of the tests, with a prefix that is this test's.
pub(super) fn table() -> (DynamoDbTable, String) {
    let prefix = format!("{}/", unique());
    (TABLE.clone().prefix(&prefix), prefix)
}

/// The table of the engine, with a prefix that is this test's.
pub(super) fn engine_table() -> (DynamoDbTable, String) {
    let prefix = format!("{}/", unique());
    (ENGINE_TABLE.clone().prefix(&prefix), prefix)
}

/// An empty store.
pub(super) async fn backend() -> DynamoDbBackend {
    DynamoDbBackend::connect(table().0).await.unwrap()
}

/// All items of a table that begin with a prefix.
pub(super) async fn items(table: &DynamoDbTable, prefix: &str) -> Vec<HashMap<String, AttributeValue>> {
    let client = client(table).await;
    let mut pages = client.scan().table_name(table.name()).consistent_read(true).into_paginator().items().send();
    let mut items = Vec::new();
    while let Some(item) = pages.try_next().await.unwrap() {
        if item["pk"].as_s().unwrap().starts_with(prefix) {
            items.push(item);
        }
    }
    items
}

/// Stores an item as it is.
pub(super) async fn store(table: &DynamoDbTable, item: HashMap<String, AttributeValue>) {
    client(table).await.put_item().table_name(table.name()).set_item(Some(item)).send().await.unwrap();
}

/// Stores many at once.
pub(super) async fn store_all(table: &DynamoDbTable, items: Vec<HashMap<String, AttributeValue>>) {
    let client = client(table).await;
    for some in items.chunks(25) {
        let put = |item: &HashMap<_, _>| PutRequest::builder().set_item(Some(item.clone())).build().unwrap();
        let writes = some.iter().map(|item| WriteRequest::builder().put_request(put(item)).build()).collect();
        client.batch_write_item().request_items(table.name(), writes).send().await.unwrap();
    }
}

/// Hides the item under a key from everybody.
pub(super) async fn hide(table: &DynamoDbTable, pk: &str, sk: &str) -> HashMap<String, AttributeValue> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let delete = client(table).await.delete_item().table_name(table.name()).key("pk", text(pk)).key("sk", text(sk));
    delete.return_values(ReturnValue::AllOld).send().await.unwrap().attributes.unwrap()
}

/// The partition key of a task.
pub(super) fn partition(prefix: &str, key: &TaskKey) -> String {
    format!("{prefix}t#{}#{:032x}", key.owner, u128::from_be_bytes(*key.id.as_bytes()))
}

/// A table whose keys are others.
pub(super) async fn with_other_keys() -> DynamoDbTable {
    let (client, table) = (engine().await, local(&format!("pmcp-tests-{}", unique())));
    let attribute = AttributeDefinition::builder().attribute_name("id").attribute_type("S".into()).build().unwrap();
    let key = KeySchemaElement::builder().attribute_name("id").key_type("HASH".into()).build().unwrap();
    let create = client.create_table().table_name(table.name()).billing_mode(BillingMode::PayPerRequest);
    create.attribute_definitions(attribute).key_schema(key).send().await.unwrap();
    table
}

/// Makes a store one of a later build.
pub(super) async fn raise_layout(table: &DynamoDbTable, prefix: &str) {
    let item = [("pk", AttributeValue::S(format!("{prefix}meta"))), ("sk", AttributeValue::S("0".into()))];
    let put = client(table).await.put_item().table_name(table.name()).item("schema", AttributeValue::N("99".into()));
    item.into_iter().fold(put, |put, (name, value)| put.item(name, value)).send().await.unwrap();
}

/// Spoils the head of a task.
pub(super) async fn spoil(table: &DynamoDbTable, prefix: &str, key: &TaskKey) {
    let mut head = hide(table, &partition(prefix, key), "0").await;
    head.insert("ver".into(), AttributeValue::S("not a number".into()));
    store(table, head).await;
}
