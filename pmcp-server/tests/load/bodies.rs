//! Bodies that are small as bytes and large as values, and texts that would outlive them.

use axum::http::StatusCode;
use pmcp_server::ServeLimits;
use serde_json::{Value, json};

use crate::{
    alone::{alone, assert_growth, assert_peak, resident},
    fixture::{ask, begin, message, post, routes},
};

/// As many of the costliest values as fit into these bytes, in a message.
fn costly(method: &str, bytes: usize) -> Vec<u8> {
    let (start, end) = (format!(r#"{{"jsonrpc":"2.0","id":7,"method":"{method}","params":{{"x":["#), "{}]}}");
    let object = r#"{"":0},"#;
    let objects = object.repeat((bytes - start.len() - end.len()) / object.len());
    [start, objects, end.to_owned()].concat().into_bytes()
}

#[test]
fn a_body_of_too_many_values_costs_its_bytes() {
    alone("bodies::a_body_of_too_many_values_costs_its_bytes", async {
        let routes = routes(ServeLimits::default());
        let session = begin(&routes).await;
        let before = resident();
        for method in ["ping", "tools/call", "no/such", "notifications/cancelled"] {
            for session in [Some(session.as_str()), None] {
                let (status, reply) = post(&routes, session, costly(method, 4 << 20)).await;
                assert_eq!((status, &reply["error"]["code"]), (StatusCode::BAD_REQUEST, &json!(-32600)));
                assert_eq!(reply["id"], 7);
            }
        }
        assert_peak(before, 20 << 10, "bodies of 4 MiB that are refused");
    });
}

#[test]
fn as_many_values_as_are_allowed_fit() {
    alone("bodies::as_many_values_as_are_allowed_fit", async {
        let routes = routes(ServeLimits::default());
        let session = begin(&routes).await;
        let body = costly("ping", 50_000 * r#"{"":0},"#.len());
        let before = resident();
        let (status, reply) = post(&routes, Some(&session), body).await;
        assert_eq!((status, &reply["result"]), (StatusCode::OK, &json!({})));
        assert_peak(before, 40 << 10, "100,000 values");
    });
}

#[test]
fn a_task_does_not_keep_a_progress_token_of_any_length() {
    alone("bodies::a_task_does_not_keep_a_progress_token_of_any_length", async {
        let routes = routes(ServeLimits::default());
        let session = begin(&routes).await;
        let created = async |token: Value| {
            let params = json!({ "name": "wait", "task": {}, "_meta": { "progressToken": token } });
            let (_, reply) = ask(&routes, Some(&session), &message(2, "tools/call", params)).await;
            assert!(reply["result"]["task"]["taskId"].is_string(), "{reply}");
        };
        // A `_meta` has at most 1 MiB.
        let long = "x".repeat(1_000_000);
        created(long.clone().into()).await;
        let before = resident();
        for _ in 0..30 {
            created(long.clone().into()).await;
        }
        assert_growth(before, 8 << 10, "30 tasks with a token of a megabyte");
    });
}
