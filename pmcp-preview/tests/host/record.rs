//! The record of the first view, and what pages say of a change and of their views.

use std::fs;

use pmcp_preview::{Changed, Endpoint, Host, HostError, Notice, Recorded};
use serde_json::{Value, json};

use crate::stage::{JSON, Stage, send};

/// A host whose server is nowhere, and that records into this file.
async fn recording(file: &std::path::Path) -> Stage {
    Stage::start(Host::builder(Endpoint::http("http://127.0.0.1:1/mcp")).record(file)).await
}

async fn add(stage: &Stage, id: &str, lines: &str) -> u16 {
    let right = stage.right();
    let headers = [JSON, ("authorization", &*right)];
    send(&stage.name, "POST", &format!("/api/record/{id}"), &headers, lines).await.status
}

/// Begins the record; its id.
async fn begin(stage: &Stage) -> String {
    let begun = stage.ask("POST", "/api/record", &json!({})).await;
    assert_eq!(begun.status, 200);
    begun.json()["id"].as_str().unwrap().to_owned()
}

async fn is_offered(stage: &Stage) -> Value {
    stage.ask("GET", "/api/host", &Value::Null).await.json()["features"]["record"].clone()
}

#[tokio::test]
async fn the_first_view_is_recorded_until_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("first.jsonl");
    let stage = recording(&file).await;
    assert_eq!(is_offered(&stage).await, true);
    let id = begin(&stage).await;
    // Neither another view of this page nor one of another page.
    assert_eq!(is_offered(&stage).await, false);
    assert_eq!(stage.ask("POST", "/api/record", &json!({})).await.status, 409);
    assert_eq!(add(&stage, &id, "{\"format\":1}\n").await, 204);
    assert_eq!(add(&stage, "0", "{}\n").await, 404);
    assert_eq!(add(&stage, &id, "{\"ms\":0}\n{\"ms\":1}\n").await, 204);
    assert!(!file.exists());
    assert_eq!(stage.ask("DELETE", &format!("/api/record/{id}"), &Value::Null).await.status, 204);
    assert_eq!(stage.host.notice().await, Notice::Recorded(Recorded::Written { messages: 2 }));
    assert_eq!(fs::read_to_string(&file).unwrap(), "{\"format\":1}\n{\"ms\":0}\n{\"ms\":1}\n");
    assert_eq!(add(&stage, &id, "{}\n").await, 404);
    assert_eq!(stage.host.end_record(), None);
}

#[tokio::test]
async fn a_record_ends_with_its_host_whatever_became_of_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("first.jsonl");
    let stage = recording(&file).await;
    let id = begin(&stage).await;
    assert_eq!(add(&stage, &id, "{\"format\":1}\n{\"ms\":0}\n").await, 204);
    drop(stage);
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 2);

    let stage = recording(&folder.path().join("second.jsonl")).await;
    assert_eq!(stage.host.end_record(), Some(Recorded::Nothing));
    drop(stage);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "a host without a view has left something behind");
}

#[tokio::test]
async fn nothing_is_recorded_unasked_or_where_nothing_can_be_written() {
    let stage = Stage::of(Endpoint::http("http://127.0.0.1:1/mcp")).await;
    assert_eq!(is_offered(&stage).await, false);
    assert_eq!(stage.ask("POST", "/api/record", &json!({})).await.status, 404);
    assert_eq!(add(&stage, "0", "{}\n").await, 404);
    assert_eq!(stage.host.end_record(), None);
    let folder = tempfile::tempdir().unwrap();
    let nowhere = Host::builder(Endpoint::http("http://127.0.0.1:1/mcp")).record(folder.path().join("a/b.jsonl"));
    assert!(matches!(nowhere.start().await, Err(HostError::Record { .. })));
}

#[tokio::test]
async fn what_came_of_a_change_is_told_where_a_page_is_there_to_say_it() {
    let stage = Stage::of(Endpoint::http("http://127.0.0.1:1/mcp")).await;
    let changed = || Changed::Files(vec!["app.js".into()]);
    assert_eq!(stage.host.reload(changed()), None);
    let mut events = stage.events().await;
    let change = stage.host.reload(changed()).unwrap();
    assert_eq!(events.event("files").await["change"], change);
    let said = json!({ "change": change, "views": 2, "isStateKept": true });
    assert_eq!(stage.ask("POST", "/api/reloaded", &said).await.status, 204);
    assert_eq!(stage.host.notice().await, Notice::Reloaded { change, views: 2, is_state_kept: true });
}

#[tokio::test]
async fn an_error_of_a_view_is_told_in_short() {
    let stage = Stage::of(Endpoint::http("http://127.0.0.1:1/mcp")).await;
    let said = json!({ "uri": "ui://a/b.html", "text": "é".repeat(5_000) });
    assert_eq!(stage.ask("POST", "/api/failed", &said).await.status, 204);
    assert_eq!(stage.host.notice().await, Notice::Failed { uri: "ui://a/b.html".into(), text: "é".repeat(1_000) });
}
