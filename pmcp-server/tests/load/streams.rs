//! Streams that nobody reads.

use std::{sync::atomic::Ordering, time::Duration};

use axum::body::to_bytes;
use pmcp_server::ServeLimits;
use serde_json::{Value, json};

use crate::{
    alone::{alone, assert_growth, resident},
    fixture::{TOLD, ask, begin, message, modern, routes, send},
};

#[test]
fn a_reader_that_never_reads_costs_a_buffer() {
    alone("streams::a_reader_that_never_reads_costs_a_buffer", async {
        let routes = routes(ServeLimits::default());
        let session = begin(&routes).await;
        let call =
            |times: u32| json!({ "name": "tell", "arguments": { "times": times }, "_meta": { "progressToken": 1 } });
        ask(&routes, Some(&session), &message(2, "tools/call", call(1000))).await;
        let before = resident();
        let legacy = send(&routes, Some(&session), &message(3, "tools/call", call(100_000))).await;
        let current = send(&routes, None, &modern(4, "tools/call", call(100_000))).await;
        while TOLD.load(Ordering::SeqCst) < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_growth(before, 8 << 10, "200,000 notifications that nobody reads");
        // The response is the last thing on each stream, whatever was dropped.
        for unread in [legacy, current] {
            let body = to_bytes(unread.into_body(), 1 << 20).await.unwrap();
            let text = std::str::from_utf8(&body).unwrap();
            let last = text.lines().rev().find_map(|line| line.strip_prefix("data: ")).unwrap();
            let last: Value = serde_json::from_str(last).unwrap();
            assert_eq!(last["result"]["content"][0]["text"], "100000", "{last}");
        }
    });
}
