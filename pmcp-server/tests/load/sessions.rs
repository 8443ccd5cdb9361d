//! More sessions than there may be.

use axum::http::StatusCode;
use pmcp_server::ServeLimits;
use serde_json::json;

use crate::{
    alone::{alone, assert_growth, resident},
    fixture::{ask, begin, message, routes},
};

#[test]
fn a_flood_of_sessions_keeps_to_its_limit() {
    alone("sessions::a_flood_of_sessions_keeps_to_its_limit", async {
        let routes = routes(ServeLimits { sessions: 100, ..ServeLimits::default() });
        let first = begin(&routes).await;
        for _ in 0..500 {
            begin(&routes).await;
        }
        let before = resident();
        let mut last = String::new();
        for _ in 0..20_000 {
            last = begin(&routes).await;
        }
        assert_growth(before, 8 << 10, "20,000 sessions, 100 at once");
        let ping = message(2, "ping", json!({}));
        assert_eq!(ask(&routes, Some(&last), &ping).await.0, StatusCode::OK);
        assert_eq!(ask(&routes, Some(&first), &ping).await.0, StatusCode::NOT_FOUND);
    });
}
