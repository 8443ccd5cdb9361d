//! Parts of the server's state as parameters.

use std::sync::Arc;

use pmcp_tasks::{TaskRouter, TaskStore, prelude::*};
use serde_json::json;
use ui_tests::{call, text};

#[derive(Clone)]
struct Database(&'static str);

#[derive(Clone)]
struct Cache(Arc<str>);

/// Not `Clone`, as a part need not be that is not handed out.
#[derive(Default)]
struct Metrics;

#[derive(FromRef, Clone)]
struct App {
    db: Database,
    cache: Cache,
    #[from_ref(skip)]
    other: Database,
    #[from_ref(skip)]
    _metrics: Arc<Metrics>,
}

#[derive(FromRef, Clone)]
struct Pair(u8, String);

type Db = State<Database>;

#[task_tool]
async fn query(State(db): State<Database>, cache: &State<Cache>, #[state] again: Db, app: State<App>) -> String {
    format!("{} {} {} {}", db.0, cache.0.0, again.0.0, app.other.0)
}

#[task_tool]
async fn name(State(name): State<String>, State(number): State<u8>) -> String {
    format!("{name} {number}")
}

#[tokio::test]
async fn parts_reach_the_function() {
    let app =
        App { db: Database("db"), cache: Cache("cache".into()), other: Database("other"), _metrics: Arc::default() };
    let router = TaskRouter::builder().state(app).tool::<query>().build(TaskStore::memory()).unwrap();
    assert_eq!(text(&call(&router, "query", json!({})).await), "db cache db other");
    let router = TaskRouter::builder().state(Pair(7, "pair".into())).tool::<name>().build(TaskStore::memory()).unwrap();
    assert_eq!(text(&call(&router, "name", json!({})).await), "pair 7");
}
