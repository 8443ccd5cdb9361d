//! Connecting to the service: credentials as the SDK finds them, time-outs, and a look at the table before anybody relies on it.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableStatus,
        TimeToLiveSpecification, TimeToLiveStatus,
    },
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use super::{
    DynamoDbTable,
    error::{Failure, Result},
    expression::Expression,
    item::{Attributes as _, key_of, number},
    key::Keys,
    table::Table,
};
use crate::store::Missing;

/// The layout this build writes, and the newest it knows.
const SCHEMA: u64 = 1;

/// Time-outs of a connection, of one try of a call, and of a call with its repetitions.
const CONNECTS_WITHIN: Duration = Duration::from_secs(2);
const ANSWERS_WITHIN: Duration = Duration::from_secs(3);
const ENDS_WITHIN: Duration = Duration::from_secs(8);

/// Number of tries of a call, and the longest pause before the second.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(100);

/// The name of the attribute by which the service removes items.
const TTL: &str = "ttl";

/// A client of the service for a table.
pub(super) async fn client(table: &DynamoDbTable) -> Result<Client> {
    table.check()?;
    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECTS_WITHIN)
        .operation_attempt_timeout(ANSWERS_WITHIN)
        .operation_timeout(ENDS_WITHIN)
        .build();
    let retries = RetryConfig::standard().with_max_attempts(TRIES).with_initial_backoff(PAUSE);
    let mut config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(timeouts)
        .retry_config(retries);
    if let Some(region) = &table.region {
        config = config.region(Region::new(region.clone()));
    }
    if let Some(endpoint) = &table.endpoint {
        config = config.endpoint_url(endpoint);
    }
    let config = config.load().await;
    if config.region().is_none() {
        return Err(Failure::refused("there is no region; name one in the URL (`?region=…`) or set AWS_REGION"));
    }
    Ok(Client::new(&config))
}

/// Looks whether the table is there, has the right keys and a layout this build knows, and removes what has expired.
pub(super) async fn check(table: &Table, keys: &Keys, missing: Missing) -> Result<()> {
    let found = table.get(keys.meta()).await.map_err(|failure| explained(&table.name, failure))?;
    let schema = if let Some(meta) = found {
        meta.natural("schema")?
    } else if missing == Missing::Refused {
        return Err(Failure::refused(format!(
            "there is no store in the table `{}`; a server makes it when it starts with this URL",
            table.name
        )));
    } else {
        let mut meta = key_of(keys.meta());
        meta.insert("schema".to_owned(), number(SCHEMA));
        let is_first = Expression::new().when("attribute_not_exists(#pk)");
        table.put(meta, &is_first).await.map_err(|failure| explained(&table.name, failure))?;
        SCHEMA
    };
    if schema > SCHEMA {
        return Err(Failure::refused(format!(
            "the table has layout {schema} and this build knows up to {SCHEMA}; use the newer build"
        )));
    }
    match table.client.describe_time_to_live().table_name(&*table.name).send().await.map_err(Failure::from) {
        Ok(answer) => {
            let ttl = answer.time_to_live_description;
            let is_on = ttl.as_ref().is_some_and(|ttl| {
                matches!(ttl.time_to_live_status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling))
                    && ttl.attribute_name.as_deref() == Some(TTL)
            });
            if !is_on {
                crate::heard::warn!(
                    table = &*table.name,
                    "expired tasks are never removed: enable Time to Live on the attribute `ttl` of the table"
                );
            }
        }
        // Whoever may use the table need not be allowed to ask.
        Err(failure) => tracing::info!(%failure, "whether the table removes what has expired is not known"),
    }
    Ok(())
}

/// Says what to do where the table is not as it has to be.
fn explained(table: &str, failure: Failure) -> Failure {
    if failure.is_no_table() {
        return Failure::refused(format!(
            "there is no table `{table}` in this region and account; make it from `templates/` or with \
             `DynamoDbBackend::create_table`"
        ));
    }
    match failure {
        Failure::Service { code, message, .. } if code == "ValidationException" => Failure::refused(format!(
            "the table `{table}` cannot be used ({message}); its keys are `pk` and `sk`, both strings, as in `templates/`"
        )),
        failure => failure,
    }
}

/// Makes the table as the templates do, if it is not there, and waits until it can be used.
pub(super) async fn create_table(table: &Table) -> Result<()> {
    let text =
        |name: &str| AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build();
    let key = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    let incomplete = |_| Failure::refused("a request is incomplete");
    let create = table
        .client
        .create_table()
        .table_name(&*table.name)
        .attribute_definitions(text("pk").map_err(incomplete)?)
        .attribute_definitions(text("sk").map_err(incomplete)?)
        .key_schema(key("pk", KeyType::Hash).map_err(incomplete)?)
        .key_schema(key("sk", KeyType::Range).map_err(incomplete)?)
        .billing_mode(BillingMode::PayPerRequest);
    match create.send().await.map_err(Failure::from) {
        Ok(_) => {}
        Err(Failure::Service { code, .. }) if code == "ResourceInUseException" => {}
        Err(failure) => return Err(failure),
    }
    wait_for(table).await?;
    if has_ttl(table).await? {
        return Ok(());
    }
    let ttl = TimeToLiveSpecification::builder().attribute_name(TTL).enabled(true).build().map_err(incomplete)?;
    let enable = table.client.update_time_to_live().table_name(&*table.name).time_to_live_specification(ttl);
    match enable.send().await.map_err(Failure::from) {
        // Another process may have been there first.
        Err(failure) if !has_ttl(table).await? => Err(failure),
        _ => Ok(()),
    }
}

/// Tells whether the service was told by which attribute it removes items.
async fn has_ttl(table: &Table) -> Result<bool> {
    let answer = table.client.describe_time_to_live().table_name(&*table.name).send().await?;
    Ok(answer.time_to_live_description.and_then(|ttl| ttl.attribute_name).is_some())
}

/// Waits until a new table can be used: some seconds.
async fn wait_for(table: &Table) -> Result<()> {
    const LONGEST: Duration = Duration::from_secs(120);
    let mut pause = Duration::from_millis(50);
    let since = tokio::time::Instant::now();
    loop {
        match table.client.describe_table().table_name(&*table.name).send().await.map_err(Failure::from) {
            Ok(answer) => {
                if answer.table.and_then(|table| table.table_status) == Some(TableStatus::Active) {
                    return Ok(());
                }
            }
            // It is made known a little later than made.
            Err(failure) if failure.is_no_table() => {}
            Err(failure) => return Err(failure),
        }
        if since.elapsed() > LONGEST {
            return Err(Failure::refused(format!("the table `{}` did not become active", table.name)));
        }
        tokio::time::sleep(pause).await;
        pause = (2 * pause).min(Duration::from_secs(2));
    }
}
