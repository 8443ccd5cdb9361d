//! Tokens of an authorization server, good and forged, and its keys as they come and go.

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
use pmcp_server::{Error, JwtAlgorithm, JwtAuthenticator, Running};
use pmcp_tasks::{TaskStore, testing::ManualClock, time::Clock as _};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};

use crate::support::{Http, Log, Modern, call, listening, server_with, text, within};

const AUDIENCE: &str = "https://mcp.example.com/mcp";

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// A key of an issuer that signs with ES256.
struct Key {
    id: &'static str,
    pair: EcdsaKeyPair,
}

impl Key {
    fn new(id: &'static str) -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
        Self { id, pair }
    }

    fn public(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let (x, y) = (encoded(&point[1..33]), encoded(&point[33..]));
        json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": self.id, "use": "sig" })
    }

    fn sign(&self, claims: &Value) -> String {
        self.sign_under(&json!({ "alg": "ES256", "typ": "at+jwt", "kid": self.id }), claims)
    }

    fn sign_under(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", encoded(signature))
    }
}

/// An authorization server as far as resources see it.
struct Issuer {
    url: String,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    documents: Mutex<HashMap<&'static str, String>>,
    fetched: AtomicUsize,
}

impl Issuer {
    async fn begin(keys: &[&Key]) -> Self {
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

    fn answers(&self, name: &'static str, document: impl Into<Option<String>>) {
        let mut documents = self.seen.documents.lock().unwrap();
        match document.into() {
            Some(document) => drop(documents.insert(name, document)),
            None => drop(documents.remove(name)),
        }
    }

    fn publishes(&self, keys: &[&Key]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.public()).collect();
        self.answers("keys", json!({ "keys": keys }).to_string());
    }

    fn fetched(&self) -> usize {
        self.seen.fetched.load(Ordering::SeqCst)
    }

    /// Claims of ann's token for the server, good for five minutes.
    fn claims(&self, clock: &ManualClock) -> Value {
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
async fn believing(authenticator: JwtAuthenticator) -> (Running, Http, ManualClock) {
    let clock = ManualClock::new();
    let server = server_with(TaskStore::memory().with_clock(clock.clone())).0;
    let (running, http) = listening(server.tool::<who>().authenticator(authenticator)).await;
    (running, http, clock)
}

async fn status(http: &Http, token: &str) -> u16 {
    let reply = within(Modern::new("tools/list", json!({})).send(&http.with_token(token))).await;
    let status = reply.status.as_u16();
    if status != 200 {
        assert_eq!(reply.text().await, "");
    }
    status
}

#[tokio::test]
async fn a_token_of_the_issuer_for_this_server_says_who_calls() {
    let key = Key::new("1");
    let issuer = Issuer::begin(&[&key]).await;
    let (_running, http, clock) = believing(JwtAuthenticator::new(&*issuer.url, AUDIENCE)).await;
    let mut claims = issuer.claims(&clock);
    claims["scope"] = "files:read files:write".into();
    let http = http.with_token(&key.sign(&claims));
    let reply = Modern::new("tools/call", call("who", json!({}))).send(&http).await.json().await;
    assert_eq!(text(&reply), "Some(\"ann\") Some(\"app\") [files:read,files:write] \"ann\"");
    // Its metadata follow from what it believes.
    let metadata = http.get("/.well-known/oauth-protected-resource/mcp").await.text().await;
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    assert_eq!((&metadata["resource"], &metadata["authorization_servers"]), (&json!(AUDIENCE), &json!([issuer.url])));
}

#[tokio::test]
async fn forged_and_foreign_tokens_are_refused_alike_and_tell_nobody_anything() {
    let (key, stranger) = (Key::new("1"), Key::new("1"));
    let issuer = Issuer::begin(&[&key]).await;
    let (_running, http, clock) = believing(JwtAuthenticator::new(&*issuer.url, AUDIENCE)).await;
    let log = Log::begin();
    let good = issuer.claims(&clock);
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        key.sign(&claims)
    };
    let under = |header: Value| key.sign_under(&header, &good);
    let unsigned = |header: Value, signature: &str| {
        format!("{}.{}.{signature}", encoded(header.to_string()), encoded(good.to_string()))
    };
    let now = clock.now().0 / 1000;
    let by_public_key = |secret: &[u8]| {
        let header = json!({ "alg": "HS256", "kid": "1" });
        let message = format!("{}.{}", encoded(header.to_string()), encoded(good.to_string()));
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
        format!("{message}.{}", encoded(hmac::sign(&secret, message.as_bytes())))
    };
    let token = key.sign(&good);
    let (message, signature) = token.rsplit_once('.').unwrap();
    let forged = [
        ("another audience", with("aud", json!("https://other.example.com/mcp"))),
        ("no audience", with("aud", json!(null))),
        ("another issuer", with("iss", json!("https://evil.example.com"))),
        ("expired", with("exp", json!(now - 31))),
        ("never expires", with("exp", json!(null))),
        ("not yet valid", with("nbf", json!(now + 31))),
        ("a time as a text", with("nbf", json!("0"))),
        ("nobody's", {
            let mut claims = good.clone();
            (claims["sub"], claims["client_id"]) = (json!(null), json!(null));
            key.sign(&claims)
        }),
        ("no algorithm", unsigned(json!({ "alg": "none", "kid": "1" }), "")),
        ("no algorithm, with a signature", unsigned(json!({ "alg": "None" }), signature)),
        ("HMAC with the public point", by_public_key(key.pair.public_key().as_ref())),
        ("HMAC with the published key", by_public_key(key.public().to_string().as_bytes())),
        ("HMAC with nothing", by_public_key(b"")),
        ("another kind of key", under(json!({ "alg": "RS256", "kid": "1" }))),
        ("a key of its own", stranger.sign_under(
            &json!({ "alg": "ES256", "kid": "1", "jwk": stranger.public(), "jku": "https://evil.example.com/keys" }),
            &good,
        )),
        ("a key of somebody else", stranger.sign(&good)),
        ("an id token's type", under(json!({ "alg": "ES256", "kid": "1", "typ": "dpop+jwt" }))),
        ("an extension", under(json!({ "alg": "ES256", "kid": "1", "crit": ["exp"], "exp": 1 }))),
        ("no signature", format!("{message}.")),
        ("another message", format!("{}.{signature}", message.replacen('.', "A.", 1))),
        ("two parts", message.to_owned()),
        ("four parts", format!("{token}.{signature}")),
        ("padding", format!("{token}=")),
        ("no base64", format!("{message}.!!!")),
        ("no JSON", format!("{}.{}.{signature}", encoded("{"), encoded("{"))),
        ("claims that are no object", key.sign(&json!([good]))),
        ("garbage", "x".repeat(100)),
        ("dots", ".".repeat(100)),
        ("huge", format!("{message}.{}", "A".repeat(17 << 10))),
        ("deep", format!("{}.{}.{signature}", encoded("[".repeat(9_000)), encoded("[".repeat(100)))),
        ("a long key id", under(json!({ "alg": "ES256", "kid": "1".repeat(300) }))),
    ];
    assert_eq!(status(&http, &token).await, 200);
    for (what, token) in &forged {
        let reply = Modern::new("tools/list", json!({})).send(&http.with_token(token)).await;
        assert_eq!(reply.status, 401, "{what}");
        let challenge = "Bearer error=\"invalid_token\", \
             resource_metadata=\"https://mcp.example.com/.well-known/oauth-protected-resource/mcp\"";
        assert_eq!(reply.header("www-authenticate"), challenge, "{what}");
        assert_eq!(reply.text().await, "", "{what}");
    }
    assert_eq!(status(&http, &token).await, 200);
    assert_eq!(issuer.fetched(), 1);
    // Each has its reason, and none a part of the token.
    let refused = log.called("a token is refused");
    assert_eq!(refused.len(), forged.len());
    assert!(refused.iter().any(|entry| entry.field("reason") == "it is for another audience"));
    for entry in log.entries() {
        let entry = format!("{entry:?}");
        for (what, token) in &forged {
            for part in token.split('.').filter(|part| part.len() > 8) {
                assert!(!entry.contains(part), "{what}: {entry}");
            }
        }
        assert!(!entry.contains(signature) && !entry.contains("ann"), "{entry}");
    }
}

#[tokio::test]
async fn odd_claims_headers_and_signatures_are_refused_as_forged_ones_are() {
    let key = Key::new("1");
    let issuer = Issuer::begin(&[&key]).await;
    let (_running, http, clock) = believing(JwtAuthenticator::new(&*issuer.url, AUDIENCE)).await;
    let (good, now) = (issuer.claims(&clock), clock.now().0 / 1000);
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        key.sign(&claims)
    };
    let under = |header: Value| key.sign_under(&header, &good);
    let token = key.sign(&good);
    let (message, _) = token.rsplit_once('.').unwrap();
    assert_eq!(status(&http, &token).await, 200);
    for (what, token) in [
        ("expired before there were clocks", with("exp", json!(-1))),
        ("expires when it is true", with("exp", json!(true))),
        ("an audience that begins alike", with("aud", json!(format!("{AUDIENCE}/x")))),
        ("an audience that is written alike", with("aud", json!(AUDIENCE.to_uppercase()))),
        ("a list of lists of audiences", with("aud", json!([[AUDIENCE]]))),
        ("an audience as a key", with("aud", json!({ AUDIENCE: AUDIENCE }))),
        ("several issuers", with("iss", json!([issuer.url]))),
        ("no number of a point", format!("{message}.{}", encoded([0; 64]))),
        (
            "a signature of another form",
            format!("{message}.{}", encoded([0x30_u8, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01])),
        ),
        ("another spelling of its algorithm", under(json!({ "alg": "es256", "kid": "1" }))),
        ("an algorithm twice", {
            let header = r#"{"alg":"ES256","kid":"1","alg":"none"}"#;
            format!("{}.{}.", encoded(header), encoded(good.to_string()))
        }),
        ("a number as the key id", under(json!({ "alg": "ES256", "kid": 1 }))),
        ("a path as the key id", under(json!({ "alg": "ES256", "kid": "../../../dev/null" }))),
        ("a query as the key id", under(json!({ "alg": "ES256", "kid": "1' or '1'='1" }))),
        ("a token in a token", key.sign(&json!(token))),
        ("a time that is no number", {
            let claims = good.to_string().replacen(&format!("\"exp\":{}", now + 300), "\"exp\":1e999", 1);
            let message = format!("{}.{}", encoded(json!({ "alg": "ES256", "kid": "1" }).to_string()), encoded(claims));
            format!("{message}.{}", encoded(key.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap()))
        }),
    ] {
        assert_eq!(status(&http, &token).await, 401, "{what}");
    }
    assert_eq!(issuer.fetched(), 1);
}

#[tokio::test]
async fn only_what_is_allowed_holds() {
    let key = Key::new("1");
    let issuer = Issuer::begin(&[&key]).await;
    let jwks = format!("{}/keys", issuer.url);
    let only = JwtAuthenticator::new(&*issuer.url, AUDIENCE).jwks_url(jwks).algorithms([JwtAlgorithm::Rs256]);
    let (_running, http, clock) = believing(only).await;
    assert_eq!(status(&http, &key.sign(&issuer.claims(&clock))).await, 401);
    assert_eq!(issuer.fetched(), 0);
    let other = JwtAuthenticator::new(&*issuer.url, AUDIENCE).audience("urn:notes").leeway(Duration::ZERO);
    let (_running, http, clock) = believing(other).await;
    let mut claims = issuer.claims(&clock);
    claims["aud"] = json!(["urn:notes"]);
    assert_eq!(status(&http, &key.sign(&claims)).await, 200);
    claims["exp"] = (clock.now().0 / 1000).into();
    assert_eq!(status(&http, &key.sign(&claims)).await, 401);
}

#[tokio::test]
async fn a_key_checks_what_it_is_for_whatever_shares_its_id() {
    let key = Key::new("1");
    let issuer = Issuer::begin(&[&key]).await;
    let with = |name: &str, value: Value| {
        let mut key = key.public();
        key[name] = value;
        key
    };
    let rsa = json!({ "kty": "RSA", "n": encoded([0xff; 256]), "e": "AQAB", "kid": "1" });
    let secret = json!({ "kty": "oct", "k": "AAAA", "alg": "ES256", "kid": "1" });
    for (what, keys, let_in) in [
        ("others before it", json!([{ "kty": "unknown" }, 7, null, secret, rsa, key.public()]), 200),
        ("another algorithm", json!([with("alg", json!("ES384"))]), 401),
        ("encryption", json!([with("use", json!("enc"))]), 503),
        ("signing alone", json!([with("key_ops", json!(["sign"]))]), 503),
        ("another curve", json!([with("crv", json!("P-384"))]), 401),
        ("no point", json!([with("x", json!("AAAA"))]), 401),
        ("a point beside the curve", json!([with("y", json!(encoded([1; 32])))]), 401),
        ("a weak key", json!([{ "kty": "RSA", "n": "Aw", "e": "Aw", "kid": "1" }]), 401),
        (
            "behind a hundred others",
            json!(vec![rsa.clone(); 100].into_iter().chain([key.public()]).collect::<Vec<_>>()),
            401,
        ),
    ] {
        issuer.answers("keys", json!({ "keys": keys }).to_string());
        let (_running, http, clock) = believing(JwtAuthenticator::new(&*issuer.url, AUDIENCE)).await;
        let claims = issuer.claims(&clock);
        assert_eq!(status(&http, &key.sign(&claims)).await, let_in, "{what}");
        if let_in != 200 {
            continue;
        }
        // Without an id it is the only one that fits.
        assert_eq!(status(&http, &key.sign_under(&json!({ "alg": "ES256" }), &claims)).await, 200, "{what}");
    }
    issuer.answers("keys", json!({ "keys": [with("kid", json!("2")), key.public()] }).to_string());
    let (_running, http, clock) = believing(JwtAuthenticator::new(&*issuer.url, AUDIENCE)).await;
    assert_eq!(status(&http, &key.sign_under(&json!({ "alg": "ES256" }), &issuer.claims(&clock))).await, 401);
}

#[tokio::test]
async fn a_token_comes_in_one_header_alone() {
    let key = Key::new("1");
    let issuer = Issuer::begin(&[&key]).await;
    let (_running, http, clock) = believing(JwtAuthenticator::new(&*issuer.url, AUDIENCE)).await;
    let token = key.sign(&issuer.claims(&clock));
    let ask = async |headers: &[(&str, &str)]| {
        let list = headers.iter().fold(Modern::new("tools/list", json!({})), |it, (name, value)| it.and(name, value));
        list.send(&http).await.status.as_u16()
    };
    let bearer = format!("Bearer {token}");
    for good in [bearer.clone(), format!("bEARER   {token}  ")] {
        assert_eq!(ask(&[("authorization", &good)]).await, 200, "{good}");
    }
    for bad in [
        format!("Bearer\t{token}"),
        format!("Bearer,{token}"),
        format!("Bearer: {token}"),
        format!("Bearer {token}, Bearer {token}"),
        format!("Bearer Bearer {token}"),
        format!("Bearer {} {}", &token[..9], &token[9..]),
        format!("DPoP {token}"),
        token.clone(),
    ] {
        assert_eq!(ask(&[("authorization", &bad)]).await, 401, "{bad}");
    }
    assert_eq!(ask(&[("authorization", &bearer), ("Authorization", &bearer)]).await, 401);
    for other in ["proxy-authorization", "x-forwarded-authorization", "x-authorization", "cookie", "x-access-token"] {
        assert_eq!(ask(&[(other, &bearer)]).await, 401, "{other}");
    }
    // One in a URL ends in logs: it is not taken from there (authorization, "Token Requirements").
    let path: &'static str = Box::leak(format!("/mcp?access_token={token}").into_boxed_str());
    let in_url = Http { path, ..http.clone() };
    assert_eq!(Modern::new("tools/list", json!({})).send(&in_url).await.status, 401);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(http.send("POST", &form, format!("access_token={token}")).await.status, 401);
}

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
    clock.advance(Duration::from_secs(299)).await;
    assert_eq!(status(&http, &key.sign(&claims)).await, 200);
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
