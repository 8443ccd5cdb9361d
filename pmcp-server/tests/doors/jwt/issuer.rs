//! An authorization server with its keys, and a server that believes it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use pmcp_server::{JwtAuthenticator, Running};
use pmcp_tasks::{TaskStore, testing::ManualClock, time::Clock as _};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};

use crate::support::{Http, Modern, listening, server_with, within};

pub(super) const AUDIENCE: &str = "https://mcp.example.com/mcp";

pub(super) fn encoded(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// A key of an issuer that signs with ES256.
pub(super) struct Key {
    id: &'static str,
    pub(super) pair: EcdsaKeyPair,
}

impl Key {
    pub(super) fn new(id: &'static str) -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
        Self { id, pair }
    }

    pub(super) fn public(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let (x, y) = (encoded(&point[1..33]), encoded(&point[33..]));
        json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": self.id, "use": "sig" })
    }

    pub(super) fn sign(&self, claims: &Value) -> String {
        self.sign_under(&json!({ "alg": "ES256", "typ": "at+jwt", "kid": self.id }), claims)
    }

    pub(super) fn sign_under(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", encoded(signature))
    }
}

/// An authorization server as far as resources see it.
pub(super) struct Issuer {
    pub(super) url: String,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    documents: Mutex<HashMap<&'static str, String>>,
    fetched: AtomicUsize,
}

impl Issuer {
    pub(super) async fn begin(keys: &[&Key]) -> Self {
        fn document(seen: &Seen, name: &str) -> axum::response::Response {
            let document = seen.documents.lock().unwrap().get(name).cloned();
            document.map_or_else(|| StatusCode::SERVICE_UNAVAILABLE.into_response(), IntoResponse::into_response)
        }
        let seen = Arc::new(Seen::default());
        let routes = Router::new()
            .route(
                "/keys",
                get(async |State(seen): State<Arc<Seen>>| {
                    seen.fetched.fetch_add(1, Ordering::SeqCst);
                    // As long as it takes others to come and wait for the same.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    document(&seen, "keys")
                }),
            )
            .route("/moved", get(async || axum::response::Redirect::temporary("/keys")))
            .route(
                "/.well-known/openid-configuration",
                get(async |State(seen): State<Arc<Seen>>| document(&seen, "metadata")),
            )
            .with_state(seen.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let issuer = Self { url, seen };
        let metadata = json!({ "issuer": issuer.url, "jwks_uri": format!("{}/keys", issuer.url) });
        issuer.answers("metadata", metadata.to_string());
        issuer.publishes(keys);
        issuer
    }

    pub(super) fn answers(&self, name: &'static str, document: impl Into<Option<String>>) {
        let mut documents = self.seen.documents.lock().unwrap();
        match document.into() {
            Some(document) => drop(documents.insert(name, document)),
            None => drop(documents.remove(name)),
        }
    }

    pub(super) fn publishes(&self, keys: &[&Key]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.public()).collect();
        self.answers("keys", json!({ "keys": keys }).to_string());
    }

    pub(super) fn fetched(&self) -> usize {
        self.seen.fetched.load(Ordering::SeqCst)
    }

    /// Claims of ann's token for the server, good for five minutes.
    pub(super) fn claims(&self, clock: &ManualClock) -> Value {
        let now = clock.now().0 / 1000;
        json!({ "iss": self.url, "aud": AUDIENCE, "sub": "ann", "client_id": "app", "iat": now, "exp": now + 300 })
    }
}

#[pmcp_tasks::task_tool(support = "forbidden")]
async fn who(cx: pmcp_tasks::ToolContext) -> String {
    let Some(caller) = cx.principal() else { return String::new() };
    let scopes: Vec<&str> = caller.scopes.iter().map(String::as_str).collect();
    format!("{:?} {:?} [{}] {}", caller.subject, caller.client, scopes.join(","), caller.claims["sub"])
}

/// A server that believes this issuer, on a clock of the test.
pub(super) async fn believing(authenticator: JwtAuthenticator) -> (Running, Http, ManualClock) {
    let clock = ManualClock::new();
    let server = server_with(TaskStore::memory().with_clock(clock.clone())).0;
    let (running, http) = listening(server.tool::<who>().authenticator(authenticator)).await;
    (running, http, clock)
}

pub(super) async fn status(http: &Http, token: &str) -> u16 {
    let reply = within(Modern::new("tools/list", json!({})).send(&http.with_token(token))).await;
    let status = reply.status.as_u16();
    if status != 200 {
        assert_eq!(reply.text().await, "");
    }
    status
}
