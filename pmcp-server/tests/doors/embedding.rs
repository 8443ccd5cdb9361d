//! The server as a part of somebody's `axum` application.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
    response::IntoResponse as _,
    routing::get,
};
use pmcp_server::{Authenticator as _, BearerTokens, Challenge, Error, OfferError, Resource, ServeLimits};
use pmcp_tasks::{TaskStore, prelude::*, security::Principal, testing::ManualClock};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::support::{Http, Legacy, Modern, Probe, call, server, server_with, text, with_tasks, within};

async fn serving(app: Router, path: &'static str) -> Http {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let http = Http { path, ..Http::new(listener.local_addr().unwrap()) };
    tokio::spawn(async move { axum::serve(listener, app).await });
    http
}

#[tokio::test]
async fn nested_it_serves_both_eras_beside_other_routes() {
    let mcp = server().0.allowed_origins(["https://app.example.com"]).into_router().unwrap().0;
    let app = Router::new().route("/health", get(async || "fine")).nest("/api", mcp);
    let http = serving(app, "/api/mcp").await;
    let legacy = Legacy::begin(&http).await;
    let mut stream = legacy.listen().await;
    assert_eq!(text(&legacy.ask(1, "tools/call", call("echo", json!({ "text": "hi" }))).await), "hi");
    assert_eq!(legacy.end().await.status, 204);
    assert_eq!(stream.next().await, None);
    let echo = Modern::new("tools/call", call("echo", json!({ "text": "hi" })));
    assert_eq!(text(&echo.send(&http).await.json().await), "hi");
    // What it asks of its callers it does not ask of those of others.
    let health = Http { path: "/health", ..http.clone() };
    let reply = health.send("GET", &[("origin", "https://evil.example.com"), ("host", "anything")], "").await;
    assert_eq!((reply.header("access-control-allow-origin"), reply.status.as_u16()), ("", 200));
    assert_eq!(reply.text().await, "fine");
    let elsewhere = Http { path: "/mcp", ..http };
    assert_eq!(elsewhere.send("GET", &[], "").await.status, 404);
}

#[tokio::test]
async fn origins_hosts_and_tokens_are_checked_when_embedded() {
    let tokens = BearerTokens::new().with("ann", "a");
    let embedded = server().0.allowed_hosts(["mcp.example.com"]).authenticator(tokens).into_router().unwrap().0;
    let http = serving(embedded, "/mcp").await;
    let discover = Modern::new("server/discover", json!({})).and("authorization", "Bearer a");
    assert_eq!(discover.clone().send(&http).await.status, 403);
    let named = discover.and("host", "mcp.example.com");
    assert_eq!(named.clone().send(&http).await.status, 200);
    assert_eq!(named.clone().and("origin", "http://localhost").send(&http).await.status, 403);
    assert_eq!(named.without("authorization").send(&http).await.status, 401);
}

#[tokio::test]
async fn only_the_endpoint_asks_who_calls() {
    let mcp = || {
        let server = server().0.allowed_hosts(["mcp.example.com"]);
        server.authenticator(BearerTokens::new().with("ann", "a")).into_router().unwrap().0
    };
    let own = || Router::new().route("/health", get(async || "fine"));
    for (app, endpoint, unknown) in [
        (mcp().merge(own()), "/mcp", 404),
        (own().merge(mcp()), "/mcp", 404),
        (mcp().route("/health", get(async || "fine")), "/mcp", 404),
        (mcp().merge(own()).fallback(async || "mine"), "/mcp", 200),
        (own().fallback(async || "mine").merge(mcp()), "/mcp", 200),
        (own().nest("/api", mcp()), "/api/mcp", 404),
    ] {
        let http = serving(app, "/health").await;
        let at = |path| Http { path, ..http.clone() };
        let foreign = [("host", "elsewhere"), ("origin", "https://evil.example.com")];
        let health = http.send("GET", &foreign, "").await;
        assert_eq!((health.status.as_u16(), health.header("access-control-allow-origin")), (200, ""));
        for path in ["/.well-known/oauth-protected-resource", "/api/other", "/mcp/other"] {
            assert_eq!(at(path).send("GET", &foreign, "").await.status, unknown, "{path}");
        }
        for method in ["GET", "POST", "PUT"] {
            assert_eq!(at(endpoint).send(method, &foreign, "").await.status, 403);
            assert_eq!(at(endpoint).send(method, &[("host", "mcp.example.com")], "").await.status, 401);
        }
    }
}

#[tokio::test]
async fn an_authenticated_embedded_server_has_tasks() {
    let tokens = BearerTokens::new().with("ann", "a");
    let http = serving(server().0.authenticator(tokens).into_router().unwrap().0, "/mcp").await;
    let legacy = Legacy::begin(&http.with_token("a")).await;
    assert!(legacy.welcome["result"]["capabilities"]["tasks"].is_object());
    legacy.task(1, "work").await;
}

/// Works until it is stopped.
#[task_tool(on_crash = "restart", inline = "0")]
async fn endure(State(probe): State<Probe>, task: TaskContext) -> Result<String, ToolError> {
    probe.note("endure started");
    task.cancellation().cancelled().await;
    task.check_cancelled()?;
    Ok(String::new())
}

#[tokio::test]
async fn what_an_application_stops_goes_on_in_another_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("tasks.db").display());
    // It stands still: nobody's lease runs out.
    let clock = ManualClock::new();
    let store = async || TaskStore::connect(&url).await.unwrap().with_clock(clock.clone());
    let (server, probe) = server_with(store().await);
    let server = server.tool::<endure>().authenticator(BearerTokens::new().with("ann", "a"));
    let (mcp, embedded) = server.shutdown_grace(Duration::ZERO).into_router().unwrap();
    let http = serving(mcp, "/mcp").await.with_token("a");
    let created = Modern::of("tools/call", call("endure", json!({})), with_tasks()).send(&http).await.json().await;
    assert_eq!(created["result"]["resultType"], "task");
    probe.noted("endure started", 1).await;
    embedded.shut_down().await;
    // It needs no request to begin.
    let (server, probe) = server_with(store().await);
    let (_mcp, _embedded) = server.tool::<endure>().into_router().unwrap();
    probe.noted("endure started", 1).await;
    let refused = Modern::of("tools/call", call("endure", json!({})), with_tasks()).send(&http).await.json().await;
    assert_eq!(refused["error"]["message"], "the server is shutting down");
}

#[tokio::test]
async fn routes_of_the_application_let_in_whom_the_endpoint_does() {
    let ann = Principal::subject("ann").with_scopes(["notes:read"]);
    let callers = Arc::new(BearerTokens::new().with_principal(ann, "a").with("bob", "b"));
    let (mcp, _embedded) = server().0.authenticator(callers.clone()).into_router().unwrap();
    let guard = from_fn(move |request: Request, next: Next| {
        let callers = callers.clone();
        async move {
            let (parts, body) = request.into_parts();
            match callers.authenticate(&parts).await {
                Ok(caller) if caller.has_scope("notes:read") => next.run(Request::from_parts(parts, body)).await,
                Ok(_) => Challenge::insufficient_scope(["notes:read"]).into_response(),
                Err(challenge) => challenge.into_response(),
            }
        }
    });
    let app = Router::new().route("/notes", get(async || "Notes")).route_layer(guard).merge(mcp);
    let http = serving(app, "/notes").await;
    let told = async |tokens: &[&str]| {
        let tokens: Vec<_> = tokens.iter().map(|token| ("authorization", *token)).collect();
        let reply = http.send("GET", &tokens, "").await;
        (reply.status.as_u16(), reply.header("www-authenticate").to_owned())
    };
    assert_eq!(told(&["Bearer a"]).await, (200, String::new()));
    let insufficient = "Bearer error=\"insufficient_scope\", scope=\"notes:read\"";
    assert_eq!(told(&["Bearer b"]).await, (403, insufficient.into()));
    assert_eq!(told(&["Bearer c"]).await, (401, "Bearer error=\"invalid_token\"".into()));
    // Of two a proxy may have checked the other one.
    for several in [&[][..], &["Bearer a", "Bearer c"], &["Bearer c", "Bearer a"], &["Bearer a", "Bearer a"]] {
        assert_eq!(told(several).await, (401, "Bearer".into()), "{several:?}");
    }
    let http = Http { path: "/mcp", ..http };
    assert_eq!(Modern::new("server/discover", json!({})).send(&http.with_token("a")).await.status, 200);
    let empty = Arc::new(BearerTokens::new().with("eve", " "));
    assert!(matches!(server().0.authenticator(empty).into_router(), Err(Error::Authenticator(_))));
    let unavailable = Challenge::unavailable().into_response();
    assert_eq!((unavailable.status().as_u16(), unavailable.headers()["retry-after"].to_str().unwrap()), (503, "1"));
}

#[tokio::test]
async fn an_application_is_served_in_the_bounds_of_the_endpoint_and_ends_with_it() {
    let clock = ManualClock::new();
    let limits = ServeLimits { connections: 3, ..ServeLimits::default() };
    let server = server_with(TaskStore::memory().with_clock(clock.clone())).0.serve_limits(limits);
    let (mcp, embedded) = server.into_router().unwrap();
    let app = Router::new().route("/health", get(async || "fine")).nest("/api", mcp);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let http = Http { path: "/health", ..Http::new(listener.local_addr().unwrap()) };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(async move { embedded.serve(listener, app, async { drop(stopped.await) }).await });
    let silent = async || {
        let mut silent = TcpStream::connect(http.address).await.unwrap();
        silent.write_all(b"POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n").await.unwrap();
        silent
    };
    // Strangers who say little keep nobody out.
    let mut strangers = Vec::new();
    for _ in 0..10 {
        strangers.push(silent().await);
    }
    assert_eq!(within(http.send("GET", &[("connection", "close")], "")).await.text().await, "fine");
    let api = Http { path: "/api/mcp", ..http.clone() };
    let discover = Modern::new("server/discover", json!({})).and("connection", "close");
    assert_eq!(within(discover.send(&api)).await.status, 200);
    // Nor for longer than the limit says.
    let mut slow = silent().await;
    assert_eq!(within(http.send("GET", &[("connection", "close")], "")).await.status, 200);
    clock.advance(ServeLimits::default().header_timeout + Duration::from_secs(2)).await;
    assert!(within(slow.read(&mut [0])).await.map_or(true, |n| n == 0));
    let _open = TcpStream::connect(http.address).await.unwrap();
    drop(stop);
    within(serving).await.unwrap();
    assert!(TcpStream::connect(http.address).await.is_err());
}

#[tokio::test]
async fn parts_that_do_not_fit_together_are_errors() {
    let twice = server().0.resource_with(Resource::new("test://note"), |_, _| async { Ok("") });
    assert!(matches!(twice.into_router(), Err(Error::Offer(OfferError::Duplicate { what: "resource", .. }))));
    for uri in ["not a uri", "note", "/etc/passwd", "test://grüße", ""] {
        let error = server().0.resource_with(uri, |_, _| async { Ok("") }).into_router().unwrap_err();
        assert!(matches!(&error, Error::Offer(OfferError::Uri { uri: told }) if told == uri), "{error}");
        assert!(error.to_string().contains("begins with a scheme"), "{error}");
    }
    let broken = server().0.resource_template("test://{", |_, _| async { Ok("") });
    assert!(matches!(broken.into_router(), Err(Error::Offer(OfferError::Template { .. }))));
}

#[tokio::test]
async fn a_taken_port_is_an_error() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = taken.local_addr().unwrap();
    match server().0.start(address).await {
        Err(Error::Bind { address: refused, .. }) => assert_eq!(refused, address),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_listener_of_the_callers_decides_whose_tasks_are() {
    for (address, tasks) in [("127.0.0.1:0", true), ("0.0.0.0:0", false)] {
        let listener = TcpListener::bind(address).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let running = server().0.start_on(listener).unwrap();
        assert_eq!(running.address().port(), port);
        let http = Http::new(([127, 0, 0, 1], port).into());
        let discovered = Modern::of("server/discover", json!({}), with_tasks()).send(&http).await.json().await;
        let extensions = &discovered["result"]["capabilities"]["extensions"];
        assert_eq!(extensions.get("io.modelcontextprotocol/tasks").is_some(), tasks, "{address}: {discovered}");
        // Pages of elsewhere are kept out by `Host` where only this machine's user connects.
        let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
        let evil = http.post(&[("host", "evil.example.com")], &ping).await;
        assert_eq!(evil.status == 403, tasks, "{address}");
        running.shut_down().await.unwrap();
    }
}

#[tokio::test]
async fn within_a_runtime_another_is_refused() {
    let error = server().0.run().unwrap_err();
    assert_eq!(error.to_string(), "`run` makes a runtime of its own: in an async function `serve` is awaited");
}

#[tokio::test]
async fn what_a_route_upgrades_is_its_own() {
    use axum::{extract::Request, http::StatusCode};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let (mcp, embedded) = server().0.into_router().unwrap();
    let echo = async |request: Request| {
        tokio::spawn(async move {
            let upgraded = hyper::upgrade::on(request).await.unwrap();
            let (mut from, mut to) = tokio::io::split(hyper_util::rt::TokioIo::new(upgraded));
            tokio::io::copy(&mut from, &mut to).await
        });
        (StatusCode::SWITCHING_PROTOCOLS, [("connection", "upgrade"), ("upgrade", "echo")])
    };
    let app = Router::new().nest("/api", mcp).route("/echo", get(echo));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let mut stream = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let serving = embedded.serve(listener, app, std::future::pending::<()>());
    let talking = async {
        stream
            .write_all(b"GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
            .await
            .unwrap();
        let mut told = Vec::new();
        while !told.ends_with(b"\r\n\r\n") {
            told.push(stream.read_u8().await.unwrap());
        }
        assert!(told.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&told));
        stream.write_all(b"hello").await.unwrap();
        let mut heard = [0; 5];
        stream.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"hello");
    };
    tokio::select! {
        ended = serving => panic!("it serves no more: {ended:?}"),
        () = talking => {}
    }
}
