//! From a function alone to the whole server.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use pmcp_client::{Client, ElicitAnswer};
use pmcp_server::testing::TestServer;
use pmcp_tasks::testing::TestContext;
use serde_json::json;

use super::{Loan, find, lend, server};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// A tool is a function.
#[tokio::test]
async fn a_book_that_there_is_none_of_is_not_found() {
    let error = find("Ulysses".into()).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no book `Ulysses`");
}

/// A task is one with a `TestContext`: a real task in memory, whose client answers what the test says.
#[tokio::test]
async fn a_book_that_there_is_none_of_is_not_lent() {
    let test = TestContext::<Loan>::new().await;
    let error = lend("Ulysses".into(), test.task()).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no book `Ulysses`");
    // A step that failed is not recorded: it would be tried again.
    assert!(test.steps().await.is_empty());
    assert!(test.questions().is_empty());
}

/// The whole server is in this process, on a clock that the test moves: hours take no time.
#[tokio::test]
async fn a_book_that_is_late_is_asked_for_until_it_is_back() {
    let served = TestServer::start(server()).unwrap();
    let was_asked = AtomicBool::new(false);
    let builder = Client::builder("test", "1").on_elicit(move |_| {
        let returned = was_asked.swap(true, Ordering::Relaxed);
        async move { ElicitAnswer::Accept(json!({ "returned": returned })) }
    });
    let client = served.client(builder).await.unwrap();
    let task = client.call_tool("lend", json!({ "title": "Emma" })).await.unwrap().into_task().unwrap();
    let waits = tokio::spawn({
        let task = task.clone();
        async move { task.wait().await }
    });
    for _ in 0..2 {
        served.clock().advance(HOUR).await;
    }
    assert_eq!(waits.await.unwrap().unwrap().first_text(), Some("`Emma` is back after 2 hours"));
    let state = task.get().await.unwrap();
    let variables = serde_json::to_value(&state.variables).unwrap();
    assert_eq!(variables["reminders"], 2);
    // Hidden ones never leave the server.
    assert!(variables.get("shelf").is_none(), "{variables}");
}

/// Arguments that do not fit the schema never reach the function.
#[tokio::test]
async fn a_title_that_is_no_text_is_told() {
    let served = TestServer::start(server()).unwrap();
    let client = served.client(Client::builder("test", "1")).await.unwrap();
    let result = client.call_and_wait("find", json!({ "title": 7 })).await.unwrap();
    assert!(result.is_error);
    assert!(result.first_text().unwrap().contains("title"), "{result:?}");
}
