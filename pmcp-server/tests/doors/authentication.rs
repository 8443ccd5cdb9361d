//! Who may call, and whose what they make is.

use axum::http::request::Parts;
use pmcp_server::{Authenticator, BearerTokens, Challenge, Error};
use pmcp_tasks::security::Principal;
use serde_json::json;

use crate::support::{Legacy, Modern, call, code, initialize, listening, server, text, with_tasks};

#[tokio::test]
async fn without_a_good_token_nothing_is_done() {
    let tokens = BearerTokens::new().with("ann", "right");
    let (_running, http) = listening(server().0.authenticator(tokens)).await;
    for (authorization, challenge) in [
        (None, "Bearer"),
        (Some("Bearer wrong"), "Bearer error=\"invalid_token\""),
        (Some("Bearer "), "Bearer"),
        (Some("Bearer"), "Bearer"),
        (Some("Basic cmlnaHQ6"), "Bearer"),
        (Some("right"), "Bearer"),
        (Some("Bearer right x"), "Bearer error=\"invalid_token\""),
        (Some("Bearer RIGHT"), "Bearer error=\"invalid_token\""),
        (Some("Bearer r\u{fc}ght"), "Bearer"),
    ] {
        let headers: Vec<_> = authorization.map(|value| ("authorization", value)).into_iter().collect();
        let mut modern = Modern::new("tools/list", json!({}));
        for (name, value) in &headers {
            modern = modern.and(name, value);
        }
        for reply in [
            modern.send(&http).await,
            http.post(&headers, &initialize("2025-11-25", json!({}))).await,
            http.send("GET", &headers, "").await,
            http.send("DELETE", &headers, "").await,
            http.send("POST", &headers, "not even JSON").await,
            http.send("PUT", &headers, "").await,
        ] {
            assert_eq!(reply.status, 401, "{authorization:?}");
            assert!(reply.header("www-authenticate").starts_with(challenge), "{authorization:?}");
            assert_eq!(reply.header("mcp-session-id"), "");
            assert_eq!(reply.text().await, "");
        }
    }
    let twice = [("authorization", "Bearer right"), ("authorization", "Bearer wrong")];
    assert_eq!(http.post(&twice, &initialize("2025-11-25", json!({}))).await.status, 401);
    let lower = [("authorization", "bearer right")];
    assert_eq!(http.post(&lower, &initialize("2025-11-25", json!({}))).await.status, 200);
}

#[tokio::test]
async fn an_empty_token_is_nobodys() {
    let (_running, http) = listening(server().0.authenticator(BearerTokens::new())).await;
    for token in ["", " ", "x"] {
        let reply = Modern::new("tools/list", json!({})).and("authorization", &format!("Bearer {token}")).send(&http);
        assert_eq!(reply.await.status, 401);
    }
    // Not even where somebody has it.
    for token in ["", " ", "\n"] {
        let refused = server().0.authenticator(BearerTokens::new().with("ann", "a").with("bob", token)).into_router();
        assert!(matches!(refused, Err(Error::Authenticator(told)) if told == "a token of `bob` is empty"));
    }
}

#[tokio::test]
async fn a_token_of_two_is_an_error_that_does_not_tell_it() {
    for (first, second) in [("ann", "bob"), ("ann", "ann")] {
        let tokens = BearerTokens::new().with(first, "hunter2").with(first, "another").with(second, "hunter2");
        let refused = server().0.authenticator(tokens).into_router();
        let text = format!("a token of `{first}` is also one of `{second}`");
        assert!(matches!(refused, Err(Error::Authenticator(told)) if told == text));
    }
    assert!(server().0.authenticator(BearerTokens::new().with("ann", "a").with("ann", "b")).into_router().is_ok());
}

#[tokio::test]
async fn a_task_of_somebody_else_and_none_answer_alike() {
    let tokens = BearerTokens::new().with("ann", "a").with("bob", "b");
    let (_running, http) = listening(server().0.authenticator(tokens)).await;
    let (ann, bob) = (http.with_token("a"), http.with_token("b"));
    let created = Modern::of("tools/call", call("work", json!({})), with_tasks()).send(&ann).await.json().await;
    let foreign = created["result"]["taskId"].as_str().unwrap();
    let unknown = "00000000-0000-4000-8000-000000000000";
    let session = Legacy::begin(&bob).await;
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let mut answers = Vec::new();
        for id in [foreign, unknown] {
            let params = json!({ "taskId": id, "inputResponses": {} });
            answers.push(
                Modern::of(method, params.clone(), with_tasks()).send(&bob).await.expect_error(200, -32602).await,
            );
            answers.push(session.ask(1, method, params).await);
        }
        assert_eq!(answers[0], answers[2]);
        assert_eq!(answers[1], answers[3]);
    }
    assert_eq!(code(&session.ask(1, "tasks/result", json!({ "taskId": foreign })).await), -32602);
    assert_eq!(session.ask(1, "tasks/list", None).await["result"]["tasks"], json!([]));
    let own = Legacy::begin(&ann).await.ask(1, "tasks/list", None).await;
    assert_eq!(own["result"]["tasks"][0]["taskId"], foreign);
    assert_eq!(own["result"]["tasks"][0]["status"], "working");
}

#[tokio::test]
async fn what_one_may_differs_from_caller_to_caller_and_is_not_shared() {
    let (_running, http) = listening(server().0.authenticator(Renewing)).await;
    let found = Modern::new("server/discover", json!({})).and("x-user", "ann").send(&http).await.json().await;
    assert_eq!(found["result"]["cacheScope"], "private");
    assert!(found["result"]["capabilities"]["extensions"].is_object());
    let nobody = Modern::new("server/discover", json!({})).and("x-user", "").send(&http).await.json().await;
    assert!(nobody["result"]["capabilities"].get("extensions").is_none());
    let refused = Modern::of("tools/call", call("must_be_task", json!({})), with_tasks()).and("x-user", "");
    let message = refused.send(&http).await.expect_error(200, -32603).await;
    assert!(message["error"]["message"].as_str().unwrap().contains("subject"));
}

/// Believes a header, and gives each request another claim, as a renewed token has.
#[derive(Debug)]
struct Renewing;

#[async_trait::async_trait]
impl Authenticator for Renewing {
    async fn authenticate(&self, request: &Parts) -> Result<Principal, Challenge> {
        let user =
            request.headers.get("x-user").ok_or_else(|| Challenge::new("Bearer\r\nx-injected: 1"))?.to_str().unwrap();
        let mut principal = Principal::subject(user);
        if user.is_empty() {
            principal.subject = None;
        }
        let claim = request.headers.get("x-claim").map_or("", |value| value.to_str().unwrap());
        principal.claims.insert("claim".into(), claim.into());
        Ok(principal)
    }
}

#[pmcp_tasks::task_tool(support = "forbidden")]
async fn claim(cx: pmcp_tasks::ToolContext) -> String {
    cx.principal().map(|principal| principal.claims["claim"].to_string()).unwrap_or_default()
}

#[tokio::test]
async fn a_renewed_token_keeps_the_session_and_its_claims_count() {
    let (_running, http) = listening(server().0.tool::<claim>().authenticator(Renewing)).await;
    let with = |claim: &str| crate::support::Http {
        always: vec![("x-user".into(), "ann".into()), ("x-claim".into(), claim.into())],
        ..http.clone()
    };
    let legacy = Legacy::begin(&with("old")).await;
    let renewed = Legacy { http: with("new"), ..legacy.clone() };
    assert_eq!(text(&renewed.ask(1, "tools/call", call("claim", json!({}))).await), "\"new\"");
    assert_eq!(text(&legacy.ask(1, "tools/call", call("claim", json!({}))).await), "\"old\"");
}

#[tokio::test]
async fn a_challenge_cannot_add_headers() {
    let (_running, http) = listening(server().0.authenticator(Renewing)).await;
    let reply = http.post(&[], &initialize("2025-11-25", json!({}))).await;
    assert_eq!((reply.status.as_u16(), reply.header("www-authenticate")), (401, "Bearer"));
    assert_eq!(reply.header("x-injected"), "");
}

/// Lets in what a layer in front has found, and knows of the request what it needs for that.
#[derive(Debug)]
struct ByLayer;

#[async_trait::async_trait]
impl Authenticator for ByLayer {
    async fn authenticate(&self, request: &Parts) -> Result<Principal, Challenge> {
        assert_eq!((request.method.as_str(), request.uri.path()), ("POST", "/mcp"));
        match pmcp_server::peer_address(request) {
            Some(address) if !address.ip().is_loopback() => Err(Challenge::insufficient_scope(["lan"])),
            Some(_) => Err(Challenge::unavailable()),
            None => request.extensions.get::<Principal>().cloned().ok_or_else(Challenge::default),
        }
    }
}

#[tokio::test]
async fn a_layer_in_front_decides_by_what_it_sees() {
    use axum::extract::ConnectInfo;
    use tower::ServiceExt as _;

    let routes = server().0.tool::<subject>().authenticator(ByLayer).into_router().unwrap().0;
    let ask = async |extension: fn(&mut axum::http::Extensions)| {
        let mut request = Modern::new("tools/call", call("subject", json!({}))).request();
        extension(request.extensions_mut());
        let reply = routes.clone().oneshot(request).await.unwrap();
        let headers = reply.headers().clone();
        let body = axum::body::to_bytes(reply.into_body(), 1 << 20).await.unwrap();
        (headers, String::from_utf8_lossy(&body).into_owned())
    };
    let (_, body) = ask(|extensions| drop(extensions.insert(Principal::subject("ann")))).await;
    assert!(body.contains("you are ann"), "{body}");
    let (headers, _) = ask(|_| {}).await;
    assert_eq!(headers["www-authenticate"], "Bearer");
    let (headers, _) = ask(|extensions| {
        extensions.insert(ConnectInfo(std::net::SocketAddr::from(([127, 0, 0, 1], 1))));
    })
    .await;
    assert_eq!((headers.get("www-authenticate"), &headers["retry-after"]), (None, &"1".parse().unwrap()));
    let (headers, _) = ask(|extensions| {
        extensions.insert(ConnectInfo(std::net::SocketAddr::from(([192, 0, 2, 1], 1))));
    })
    .await;
    assert_eq!(headers["www-authenticate"], "Bearer error=\"insufficient_scope\", scope=\"lan\"");
}

#[pmcp_tasks::task_tool(support = "forbidden")]
async fn subject(cx: pmcp_tasks::ToolContext) -> String {
    format!("you are {}", cx.principal().and_then(|principal| principal.subject.as_deref()).unwrap_or("nobody"))
}
