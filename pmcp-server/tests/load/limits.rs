//! Bodies as long as they may be, and one byte longer.

use axum::http::StatusCode;
use pmcp_server::ServeLimits;
use serde_json::{Value, json};

use crate::fixture::{ask, begin, message, modern, routes};

const MOST: usize = 1 << 20;

/// The message with so much padding that it has this many bytes.
fn padded(mut message: Value, bytes: usize) -> Value {
    message["params"]["padding"] = "".into();
    let missing = bytes - message.to_string().len();
    message["params"]["padding"] = "x".repeat(missing).into();
    assert_eq!(message.to_string().len(), bytes);
    message
}

#[tokio::test]
async fn a_body_at_the_limit_is_taken_and_one_byte_more_is_not() {
    let routes = routes(ServeLimits { message: MOST, ..ServeLimits::default() });
    let session = begin(&routes).await;
    for (session, list) in
        [(Some(session.as_str()), message(2, "tools/list", json!({}))), (None, modern(3, "tools/list", json!({})))]
    {
        assert_eq!(ask(&routes, session, &padded(list.clone(), MOST)).await.0, StatusCode::OK);
        assert_eq!(ask(&routes, session, &padded(list.clone(), MOST + 1)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(ask(&routes, session, &list).await.0, StatusCode::OK);
    }
}
