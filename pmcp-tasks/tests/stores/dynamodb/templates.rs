//! The templates and `create_table` make the same table.

use std::collections::BTreeMap;

use pmcp_tasks::{store::DynamoDbBackend, testing::block_on};

use super::service;

const TERRAFORM: &str = include_str!("../../../../templates/terraform/main.tf");
const CLOUDFORMATION: &str = include_str!("../../../../templates/cloudformation/tasks-table.yaml");

/// What is to be the same of every table.
async fn described(name: &str) -> BTreeMap<&'static str, String> {
    let client = service::engine().await;
    let table = client.describe_table().table_name(name).send().await.unwrap().table.unwrap();
    let keys = table.key_schema().iter().map(|key| format!("{} {}", key.attribute_name(), key.key_type()));
    let mut types: Vec<_> = table
        .attribute_definitions()
        .iter()
        .map(|attribute| format!("{} {}", attribute.attribute_name(), attribute.attribute_type()))
        .collect();
    types.sort();
    let ttl = client.describe_time_to_live().table_name(name).send().await.unwrap().time_to_live_description.unwrap();
    BTreeMap::from([
        ("keys", keys.collect::<Vec<_>>().join(", ")),
        ("types", types.join(", ")),
        ("mode", format!("{:?}", table.billing_mode_summary().and_then(|mode| mode.billing_mode()))),
        ("ttl", ttl.attribute_name().unwrap_or_default().to_owned()),
        ("indexes", (table.global_secondary_indexes().len() + table.local_secondary_indexes().len()).to_string()),
    ])
}

#[test]
#[ignore = "needs DynamoDB: `cargo xtask services`"]
fn a_table_is_made_as_the_template_says() {
    block_on(async {
        let made = service::local(&format!("pmcp-tests-{}", service::unique()));
        for _ in 0..2 {
            DynamoDbBackend::create_table(&made).await.unwrap();
        }
        let from_template = service::from_template().await;
        let described = [described(made.name()).await, described(from_template.name()).await];
        assert_eq!(described[0], described[1]);
        assert_eq!(described[0]["keys"], "pk HASH, sk RANGE");
        assert_eq!((&*described[0]["ttl"], &*described[0]["indexes"]), ("ttl", "0"));
        DynamoDbBackend::connect(made).await.unwrap();
    });
}

#[test]
fn terraform_says_what_cloudformation_says() {
    for line in ["hash_key     = \"pk\"", "range_key    = \"sk\"", "attribute_name = \"ttl\"", "\"PAY_PER_REQUEST\""] {
        assert!(TERRAFORM.contains(line), "{line}");
    }
    let actions = |text: &str, quote: &str| {
        let lines = text.lines().filter_map(|line| line.trim().strip_prefix(quote)?.strip_prefix("dynamodb:"));
        lines.map(|action| action.trim_matches(['"', ',']).to_owned()).collect::<Vec<_>>()
    };
    let allowed = actions(CLOUDFORMATION, "- ");
    assert_eq!(allowed, actions(TERRAFORM, "\""));
    assert_eq!(allowed.len(), 9);
}
