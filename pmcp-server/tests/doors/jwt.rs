//! Tokens of an authorization server, good and forged.

mod issuer;
mod keys;

use std::time::Duration;

use pmcp_server::{JwtAlgorithm, JwtAuthenticator};
use pmcp_tasks::time::Clock as _;
use ring::{hmac, rand::SystemRandom, signature::KeyPair as _};
use serde_json::{Value, json};

use self::issuer::{AUDIENCE, Issuer, Key, believing, encoded, status};
use crate::support::{Http, Log, Modern, call, text};

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
