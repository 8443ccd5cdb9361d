//! An engine with the interface of DynamoDB, in memory, with one table for whoever wants none of its own.

use std::fs;

use serde_json::{Value, json};

use super::{Services, listens};
use crate::command::program;
use crate::setup;

const TABLE: &str = "pmcp";

pub(super) fn start(services: &mut Services) -> anyhow::Result<()> {
    let engine = setup::dynamodb()?;
    let (port, directory) = (services.port()?, services.directory("dynamodb")?);
    let tables = directory.join("tables.json");
    fs::write(&tables, table().to_string())?;
    let mut command = program(&engine);
    command.args(["serve", "--port", &port.to_string(), "--schema"]).arg(tables).current_dir(directory);
    services.spawn("dynamodb", &mut command)?;
    services.wait_until(|| listens(port))?;
    let endpoint = format!("http://127.0.0.1:{port}");
    services.export("PMCP_TEST_DYNAMODB_URL", format!("dynamodb://{TABLE}?region=local&endpoint={endpoint}"));
    services.export("PMCP_TEST_DYNAMODB_ENDPOINT", endpoint);
    // For tests that start one of their own, and stop it.
    services.export("PMCP_TEST_DYNAMODB_ENGINE", engine.to_string_lossy());
    let in_cloud = std::env::var_os("PMCP_TEST_DYNAMODB_TABLE").is_some_and(|table| !table.is_empty());
    if !in_cloud {
        // It takes any.
        services.export("AWS_ACCESS_KEY_ID", "local");
        services.export("AWS_SECRET_ACCESS_KEY", "local");
    }
    Ok(())
}

/// The table that is there when the engine starts, as the service describes tables.
fn table() -> Value {
    let attribute = |name: &str| json!({ "AttributeName": name, "AttributeType": "S" });
    let key = |name: &str, kind: &str| json!({ "AttributeName": name, "KeyType": kind });
    json!({ "Table": {
        "TableName": TABLE,
        "KeySchema": [key("pk", "HASH"), key("sk", "RANGE")],
        "AttributeDefinitions": [attribute("pk"), attribute("sk")],
        "BillingModeSummary": { "BillingMode": "PAY_PER_REQUEST" },
    } })
}
