//! The keys of an issuer as they come and go.

use std::time::Duration;

use pmcp_server::{Error, JwtAuthenticator};
use pmcp_tasks::{TaskStore, time::Clock as _};
use serde_json::json;

use super::issuer::{AUDIENCE, Issuer, Key, believing, status};
use crate::support::{Log, Modern, server_with};

#[tokio::test]
async fn a_key_that_is_rotated_away_is_good_no_more_and_the_next_one_is_at_once() {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let issuer = Issuer::begin(&[&old]).await;
    let (_running, http, clock) = believing(JwtAuthenticator::new(&*issuer.url, AUDIENCE)).await;
    let mut claims = issuer.claims(&clock);
    claims["exp"] = (clock.now().0 / 1000 + 7200).into();
    assert_eq!(status(&http, &old.sign(&claims)).await, 200);
    issuer.publishes(&[&old, &new]);
    clock.advance(Duration::from_secs(10)).await;
    assert_eq!((status(&http, &new.sign(&claims)).await, issuer.fetched()), (200, 2));
    issuer.publishes(&[&new]);
    clock.advance(Duration::from_secs(10 * 60)).await;
    assert_eq!((status(&http, &old.sign(&claims)).await, status(&http, &new.sign(&claims)).await), (401, 200));
}

#[tokio::test]
async fn a_flood_of_key_ids_is_one_fetch_in_ten_seconds() {
    let key = Key::new("1");
    let issuer = Issuer::begin(&[&key]).await;
    let (_running, http, clock) = believing(JwtAuthenticator::new(&*issuer.url, AUDIENCE)).await;
    let claims = issuer.claims(&clock);
    // Whoever comes first waits with all the others for the same fetch.
    let token = key.sign(&claims);
    let first = futures_util::future::join_all((0..20).map(|_| status(&http, &token))).await;
    assert_eq!((first, issuer.fetched()), (vec![200; 20], 1));
    for _ in 0..2 {
        clock.advance(Duration::from_secs(10)).await;
        let flood = (0..50).map(|n| {
            let token = key.sign_under(&json!({ "alg": "ES256", "kid": format!("unknown-{n}") }), &claims);
            let http = http.clone();
            async move { status(&http, &token).await }
        });
        assert_eq!(futures_util::future::join_all(flood).await, [401; 50]);
        assert_eq!(status(&http, &key.sign(&claims)).await, 200);
    }
    assert_eq!(issuer.fetched(), 3);
}

#[tokio::test]
async fn keys_outlive_an_absent_issuer_for_an_hour() {
    let key = Key::new("1");
    let issuer = Issuer::begin(&[&key]).await;
    issuer.answers("keys", None);
    let (_running, http, clock) = believing(JwtAuthenticator::new(&*issuer.url, AUDIENCE)).await;
    let mut claims = issuer.claims(&clock);
    claims["exp"] = (clock.now().0 / 1000 + 7200).into();
    let log = Log::begin();
    let token = key.sign(&claims);
    let reply = Modern::new("tools/list", json!({})).send(&http.with_token(&token)).await;
    assert_eq!((reply.status.as_u16(), reply.header("retry-after"), reply.header("www-authenticate")), (503, "1", ""));
    drop(log);
    issuer.publishes(&[&key]);
    clock.advance(Duration::from_secs(10)).await;
    assert_eq!(status(&http, &token).await, 200);
    issuer.answers("keys", None);
    clock.advance(Duration::from_secs(59 * 60)).await;
    assert_eq!(status(&http, &token).await, 200);
    clock.advance(Duration::from_secs(60)).await;
    assert_eq!(status(&http, &token).await, 503);
}

#[tokio::test]
async fn what_an_issuer_answers_is_bounded_and_compared() {
    let key = Key::new("1");
    let issuer = Issuer::begin(&[&key]).await;
    let direct = |path: &str| JwtAuthenticator::new(&*issuer.url, AUDIENCE).jwks_url(format!("{}{path}", issuer.url));
    let (_running, http, clock) = believing(direct("/keys")).await;
    assert_eq!(status(&http, &key.sign(&issuer.claims(&clock))).await, 200);
    let (_running, http, clock) = believing(direct("/moved")).await;
    assert_eq!(status(&http, &key.sign(&issuer.claims(&clock))).await, 503, "nobody is followed elsewhere");
    let metadata = |issuer: &str, keys: &str| json!({ "issuer": issuer, "jwks_uri": keys }).to_string();
    let (here, keys) = (issuer.url.clone(), format!("{}/keys", issuer.url));
    let many = json!({ "keys": [key.public()], "x": "x".repeat(300 << 10) }).to_string();
    for (what, metadata, keys) in [
        ("metadata of another", metadata("https://evil.example.com", &keys), None),
        ("keys without TLS", metadata(&here, "http://192.0.2.1/keys"), None),
        ("a file", metadata(&here, "file:///etc/passwd"), None),
        ("no metadata", "[]".into(), None),
        ("too much", metadata(&here, &keys), Some(many)),
        ("no keys", metadata(&here, &keys), Some(json!({ "keys": [] }).to_string())),
        (
            "a secret",
            metadata(&here, &keys),
            Some(json!({ "keys": [{ "kty": "oct", "k": "AAAA", "kid": "1" }] }).to_string()),
        ),
    ] {
        issuer.answers("metadata", metadata);
        if let Some(keys) = keys {
            issuer.answers("keys", keys);
        }
        let (_running, http, clock) = believing(JwtAuthenticator::new(&*issuer.url, AUDIENCE)).await;
        assert_eq!(status(&http, &key.sign(&issuer.claims(&clock))).await, 503, "{what}");
    }
}

#[tokio::test]
async fn keys_that_are_given_are_not_fetched() {
    let (key, stranger) = (Key::new("1"), Key::new("1"));
    let issuer = Issuer::begin(&[&stranger]).await;
    let given = json!({ "keys": [{ "kty": "unheard of" }, key.public()] });
    let (_running, http, clock) = believing(JwtAuthenticator::new(&*issuer.url, AUDIENCE).jwks(&given)).await;
    let claims = issuer.claims(&clock);
    assert_eq!(status(&http, &key.sign(&claims)).await, 200);
    assert_eq!(status(&http, &stranger.sign(&claims)).await, 401);
    assert_eq!(status(&http, &Key::new("2").sign(&claims)).await, 401);
    clock.advance(Duration::from_secs(2 * 60 * 60)).await;
    assert_eq!(status(&http, &key.sign(&issuer.claims(&clock))).await, 200);
    assert_eq!(issuer.fetched(), 0);
    let secret = json!({ "keys": [{ "kty": "oct", "k": "AAAA", "kid": "1" }] });
    for none in [secret, json!({ "keys": [] }), json!([]), json!({}), json!(null)] {
        let refused = server_with(TaskStore::memory()).0;
        let refused = refused.authenticator(JwtAuthenticator::new(&*issuer.url, AUDIENCE).jwks(&none)).into_router();
        assert!(matches!(refused, Err(Error::Authenticator(_))), "{none}");
    }
}

#[test]
fn keys_that_anybody_could_change_are_not_believed() {
    for issuer in ["http://auth.example.com", "auth.example.com", ""] {
        let refused =
            server_with(TaskStore::memory()).0.authenticator(JwtAuthenticator::new(issuer, AUDIENCE)).into_router();
        assert!(matches!(refused, Err(Error::Authenticator(_))), "{issuer}");
    }
    let none = JwtAuthenticator::new("https://auth.example.com", AUDIENCE).algorithms([]);
    assert!(server_with(TaskStore::memory()).0.authenticator(none).into_router().is_err());
}
