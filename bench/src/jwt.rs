//! Reading of a token whose key is there: what authentication adds to each request.

use std::time::Instant;

use anyhow::{Context as _, anyhow};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use measure::{Samples, Workers};
use pmcp_server::{Authenticator as _, JwtAuthenticator};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::{
    Effort,
    table::{Row, Table, Verdict},
};

const RESOURCE: &str = "https://mcp.example.com/mcp";
/// The most that it may take, in microseconds.
const BUDGET: f64 = 100.0;

pub(crate) fn measure(workers: &Workers, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let (rounds, calls) = (effort.of(20, 6), effort.of(2000, 500));
    let mut medians = workers.run(async move { rounds_of(rounds, calls).await })?;
    medians.sort_by(f64::total_cmp);
    let [lowest, median, highest] = [0, medians.len() / 2, medians.len() - 1].map(|at| medians[at] / 1e3);
    table.add(Row {
        name: "authentication by a JWT (ES256) with a warm key".into(),
        ours: format!("{median:.1} µs [{lowest:.1}, {highest:.1}]"),
        peer: String::new(),
        ratio: String::new(),
        verdict: Verdict::Budget { text: "≤ 100 µs", met: median <= BUDGET },
    });
    Ok(())
}

/// The median of each round, in nanoseconds.
async fn rounds_of(rounds: u32, calls: u32) -> anyhow::Result<Vec<f64>> {
    let (authenticator, token) = signed().await?;
    let request = http::Request::post("/mcp").header("authorization", format!("Bearer {token}")).body(())?;
    let (request, ()) = request.into_parts();
    let mut medians = Vec::new();
    // The first round warms up, and fetches the key.
    for round in 0..=rounds {
        let mut samples = Samples::default();
        for _ in 0..calls {
            let started = Instant::now();
            let principal = authenticator.authenticate(&request).await;
            samples.add(started.elapsed());
            let principal = principal.map_err(|refused| anyhow!("refused: {refused:?}"))?;
            anyhow::ensure!(principal.subject.as_deref() == Some("ann"), "it is somebody else");
        }
        if round > 0 {
            medians.push(samples.median());
        }
    }
    Ok(medians)
}

/// An authenticator, and a token of its issuer that is as large as usual ones.
async fn signed() -> anyhow::Result<(JwtAuthenticator, String)> {
    let broken = |_| anyhow!("no key");
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(broken)?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random)
        .map_err(|rejected| anyhow!("no key: {rejected}"))?;
    let encoded = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let point = pair.public_key().as_ref();
    let (x, y) = (encoded(&point[1..33]), encoded(&point[33..]));
    let url = serve(json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": "1", "x": x, "y": y }] })).await?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).context("a clock")?.as_secs();
    let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "1" });
    let claims = json!({
        "iss": "https://auth.example.com", "aud": RESOURCE, "sub": "ann", "client_id": "app", "iat": now, "exp": now + 3600,
        "scope": "mcp:use files:read files:write", "jti": "0198c0de-0000-7000-8000-000000000000", "groups": ["blue", "green"],
    });
    let message = format!("{}.{}", encoded(header.to_string().as_bytes()), encoded(claims.to_string().as_bytes()));
    let signature = pair.sign(&random, message.as_bytes()).map_err(broken)?;
    let authenticator = JwtAuthenticator::new("https://auth.example.com", RESOURCE).jwks_url(url);
    Ok((authenticator, format!("{message}.{}", encoded(signature.as_ref()))))
}

/// Answers every connection with this document.
async fn serve(document: Value) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/keys", listener.local_addr()?);
    let body = document.to_string();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    Ok(url)
}
