//! An engine with the interface of DynamoDB, in memory.

use super::{Services, listens};
use crate::command::program;
use crate::setup;

pub(super) fn start(services: &mut Services) -> anyhow::Result<()> {
    let engine = setup::dynamodb()?;
    let (port, directory) = (services.port()?, services.directory("dynamodb")?);
    let mut command = program(&engine);
    services.spawn("dynamodb", command.args(["serve", "--port", &port.to_string()]).current_dir(directory))?;
    services.wait_until(|| listens(port))?;
    services.export("PMCP_TEST_DYNAMODB_ENDPOINT", format!("http://127.0.0.1:{port}"));
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
