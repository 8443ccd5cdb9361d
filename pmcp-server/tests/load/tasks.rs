//! Many tasks, and many who wait for one.

use std::time::Duration;

use axum::http::StatusCode;
use pmcp_server::ServeLimits;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::{
    alone::{alone, assert_growth, resident},
    fixture::{GATE, ask, begin, message, modern, routes},
};

#[test]
fn ten_thousand_idle_tasks_fit() {
    alone("tasks::ten_thousand_idle_tasks_fit", async {
        let routes = routes(ServeLimits::default());
        let create = modern(1, "tools/call", json!({ "name": "wait", "arguments": {} }));
        let created = async || {
            let (status, reply) = ask(&routes, None, &create).await;
            assert_eq!((status, &reply["result"]["resultType"]), (StatusCode::OK, &json!("task")), "{reply}");
            reply["result"]["taskId"].as_str().unwrap().to_owned()
        };
        created().await;
        let before = resident();
        let mut last = String::new();
        for _ in 0..10_000 {
            last = created().await;
        }
        assert_growth(before, 160 << 10, "10,000 idle tasks");
        GATE.close();
        let get = modern(2, "tasks/get", json!({ "taskId": last }));
        while ask(&routes, None, &get).await.1["result"]["status"] != "completed" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // What they leave behind are their records.
        assert_growth(before, 160 << 10, "10,000 finished tasks");
    });
}

#[test]
fn a_thousand_who_wait_for_a_result_all_get_it() {
    alone("tasks::a_thousand_who_wait_for_a_result_all_get_it", async {
        let routes = routes(ServeLimits::default());
        let session = begin(&routes).await;
        let create = json!({ "name": "wait", "arguments": {}, "task": {} });
        let (_, created) = ask(&routes, Some(&session), &message(2, "tools/call", create)).await;
        let task = created["result"]["task"]["taskId"].as_str().unwrap().to_owned();
        let before = resident();
        let mut waiting = tokio::task::JoinSet::new();
        for id in 0..1000 {
            let (routes, session) = (routes.clone(), session.clone());
            let result = message(id + 10, "tasks/result", json!({ "taskId": task }));
            waiting.spawn(async move { ask(&routes, Some(&session), &result).await });
        }
        // Each is a task here and one in the server.
        while Handle::current().metrics().num_alive_tasks() < 2000 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // As many as a session may have under way.
        let ping = message(5, "ping", json!({}));
        assert_eq!(ask(&routes, Some(&session), &ping).await.1["error"]["code"], -32603);
        assert_growth(before, 64 << 10, "1,000 who wait");
        let begun = std::time::Instant::now();
        GATE.close();
        let answers = waiting.join_all().await;
        eprintln!("all were answered within {:?}", begun.elapsed());
        let texts =
            answers.iter().filter(|(_, answer): &&(StatusCode, Value)| answer["result"]["content"][0]["text"] == "0");
        assert_eq!(texts.count(), 1000);
        assert_eq!(ask(&routes, Some(&session), &ping).await.1["result"], json!({}));
    });
}
