//! More sessions than there may be.

use std::net::SocketAddr;

use axum::{Extension, extract::ConnectInfo, http::StatusCode};
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
        assert_eq!(ask(&routes, Some(&first), &ping).await.0, StatusCode::OK);
        // Those that were given up come back within the limit, however many there are.
        let mut all = Vec::new();
        for _ in 0..300 {
            all.push(begin(&routes).await);
        }
        let before = resident();
        for session in all.iter().cycle().take(5_000) {
            assert_eq!(ask(&routes, Some(session), &ping).await.0, StatusCode::OK);
        }
        assert_growth(before, 8 << 10, "300 sessions that come back in turn, 100 at once");
    });
}

#[tokio::test]
async fn a_flood_from_one_address_ends_no_session_of_another() {
    let routes = routes(ServeLimits { sessions: 8, ..ServeLimits::default() });
    let from = |address: &str| {
        let address: SocketAddr = address.parse().unwrap();
        routes.clone().layer(Extension(ConnectInfo(address)))
    };
    let (greedy, modest) = (from("192.0.2.1:1"), from("[2001:db8::2]:1"));
    let first = begin(&modest).await;
    let mut last = String::new();
    for _ in 0..20 {
        last = begin(&greedy).await;
    }
    let ping = message(2, "ping", json!({}));
    // What is told apart are shares: a session is no more bound to an address than before.
    for session in [&first, &last] {
        assert_eq!(ask(&greedy, Some(session), &ping).await.0, StatusCode::OK);
    }
}
