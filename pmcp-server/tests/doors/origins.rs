//! `Origin`, `Host` and CORS: pages from elsewhere do not reach a server, whatever name they give it.

use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{App, Http, Modern, Reply, initialize, listening, request, server, usual, within};
use pmcp_server::Server;

/// A request of each kind with these headers.
async fn replies(http: &Http, headers: &[(&str, &str)]) -> Vec<Reply> {
    let mut modern = Modern::new("server/discover", json!({}));
    for (name, value) in headers {
        modern = modern.and(name, value);
    }
    let get: Vec<_> = headers.iter().copied().chain([("accept", "text/event-stream")]).collect();
    vec![
        modern.send(http).await,
        http.post(headers, &initialize("2025-11-25", json!({}))).await,
        http.post(headers, &request(1, "tools/list", None)).await,
        http.send("GET", &get, "").await,
        http.send("DELETE", headers, "").await,
    ]
}

async fn refused(http: &Http, headers: &[(&str, &str)]) {
    for reply in replies(http, headers).await {
        assert_eq!(reply.status, 403, "{headers:?}");
        assert_eq!(reply.header("mcp-session-id"), "");
        assert_eq!(reply.header("access-control-allow-origin"), "");
    }
    let preflight = http.send("OPTIONS", headers, "").await;
    assert_eq!((preflight.status.as_u16(), preflight.header("access-control-allow-origin")), (403, ""));
}

async fn let_in(http: &Http, headers: &[(&str, &str)]) -> Vec<Reply> {
    let replies = replies(http, headers).await;
    let statuses: Vec<_> = replies.iter().map(|reply| reply.status.as_u16()).collect();
    assert_eq!(statuses, [200, 200, 400, 400, 400], "{headers:?}");
    replies
}

#[tokio::test]
async fn on_loopback_pages_and_names_from_elsewhere_are_refused() {
    let (_running, http, _) = usual().await;
    for origin in [
        "http://evil.example.com",
        "https://127.0.0.1.evil.example.com",
        "http://localhost.evil.example.com",
        "http://localhost:80@evil.example.com",
        "null",
        "",
        "file://",
        "http://0.0.0.0",
        "chrome-extension://abc",
    ] {
        refused(&http, &[("origin", origin)]).await;
    }
    for host in ["evil.example.com", "evil.example.com:80", "localhost.evil.example.com", "0.0.0.0", "", "::1", "["] {
        refused(&http, &[("host", host)]).await;
    }
    // The name was rebound: the page is of the same origin as the address.
    refused(&http, &[("host", "evil.example.com"), ("origin", "http://evil.example.com")]).await;
    let own = http.address.to_string();
    refused(&http, &[("host", &own), ("host", "evil.example.com")]).await;
    refused(&http, &[("origin", "http://localhost"), ("origin", "http://evil.example.com")]).await;
}

#[tokio::test]
async fn on_loopback_this_machine_is_let_in_without_cors() {
    let (_running, http, _) = usual().await;
    let own = format!("http://{}", http.address);
    for headers in [
        &[("origin", own.as_str())][..],
        &[("origin", "http://localhost:5173")],
        &[("origin", "https://[::1]")],
        &[("host", "localhost")],
        &[("host", "LOCALHOST:1234"), ("origin", "http://127.0.0.1")],
        &[("host", "[::1]:80")],
        &[],
    ] {
        for reply in let_in(&http, headers).await {
            assert_eq!(reply.header("access-control-allow-origin"), "");
        }
    }
}

fn configured() -> Server<App> {
    server().0.allowed_origins(["https://app.example.com"]).allowed_hosts(["mcp.example.com"])
}

#[tokio::test]
async fn configured_names_are_let_in_beside_those_of_the_machine() {
    let (_running, http) = listening(configured()).await;
    for headers in [
        &[("origin", "https://app.example.com")][..],
        &[("host", "mcp.example.com")],
        &[("host", "MCP.example.com:8080"), ("origin", "https://app.example.com")],
        &[("host", "localhost"), ("origin", "http://localhost:3000")],
    ] {
        let_in(&http, headers).await;
    }
    for origin in [
        "http://app.example.com",
        "https://app.example.com:444",
        "https://app.example.com.evil",
        "https://mcp.example.com",
    ] {
        refused(&http, &[("origin", origin)]).await;
    }
    refused(&http, &[("host", "mcp.example.com.evil")]).await;
}

#[tokio::test]
async fn pages_of_configured_origins_get_cors_headers() {
    let (_running, http) = listening(configured()).await;
    for reply in let_in(&http, &[("origin", "https://app.example.com")]).await {
        assert_eq!(reply.header("access-control-allow-origin"), "https://app.example.com");
        assert_eq!(reply.header("access-control-allow-credentials"), "");
        assert!(reply.header("access-control-expose-headers").contains("mcp-session-id"));
    }
    for origin in ["http://localhost:3000", ""] {
        let headers = if origin.is_empty() { vec![] } else { vec![("origin", origin)] };
        for reply in let_in(&http, &headers).await {
            assert_eq!(reply.header("access-control-allow-origin"), "");
        }
    }
}

#[tokio::test]
async fn a_preflight_is_answered_without_authentication() {
    let tokens = pmcp_server::BearerTokens::new().with("ann", "a");
    let (_running, http) = listening(configured().authenticator(tokens)).await;
    let asks = [
        ("origin", "https://app.example.com"),
        ("access-control-request-method", "POST"),
        (
            "access-control-request-headers",
            "Content-Type, authorization,mcp-param-any,x-forwarded-for,mcp-name,traceparent",
        ),
    ];
    let reply = http.send("OPTIONS", &asks, "").await;
    assert_eq!((reply.status.as_u16(), reply.header("access-control-allow-origin")), (200, asks[0].1));
    for method in ["GET", "POST", "DELETE"] {
        assert!(reply.header("access-control-allow-methods").contains(method));
    }
    // What was asked for and is known, and no name beside: it may be that of something which is not for everybody.
    let allowed = reply.header("access-control-allow-headers").to_ascii_lowercase();
    assert_eq!(allowed, "content-type,authorization,mcp-param-any,mcp-name,traceparent");
    for header in
        ["accept", "last-event-id", "mcp-method", "mcp-protocol-version", "mcp-session-id", "tracestate", "baggage"]
    {
        let reply = http.send("OPTIONS", &[asks[0], asks[1], ("access-control-request-headers", header)], "").await;
        assert_eq!(reply.header("access-control-allow-headers"), header);
    }
    for asked in ["x-forwarded-for", "cookie,", "mcp-param", ",,"] {
        let reply = http.send("OPTIONS", &[asks[0], asks[1], ("access-control-request-headers", asked)], "").await;
        assert_eq!((reply.status.as_u16(), reply.header("access-control-allow-headers")), (200, ""), "{asked}");
    }
    let refused = http.post(&[asks[0]], &initialize("2025-11-25", json!({}))).await;
    assert_eq!((refused.status.as_u16(), refused.header("access-control-allow-origin")), (401, asks[0].1));
    assert!(refused.header("access-control-expose-headers").contains("www-authenticate"));
}

/// The status of a request whose target is absolute.
async fn status_of(http: &Http, target: &str, host: &str) -> u16 {
    let mut stream = within(TcpStream::connect(http.address)).await.unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    within(stream.read_to_string(&mut response)).await.unwrap();
    response.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_absolute_target_is_judged_by_its_own_authority() {
    let (_running, http, _) = usual().await;
    let own = http.address.to_string();
    // Let in, it is asked for its session.
    for (target, host, status) in [
        ("http://localhost/mcp", "localhost", 400),
        ("http://localhost/mcp", "evil.example.com", 400),
        ("http://127.0.0.1:1/mcp", "", 400),
        ("http://evil.example.com/mcp", "localhost", 403),
        ("http://evil.example.com/mcp", own.as_str(), 403),
        ("http://localhost:80@evil.example.com/mcp", "localhost", 403),
        ("http://localhost.evil.example.com/mcp", "localhost", 403),
    ] {
        assert_eq!(status_of(&http, target, host).await, status, "{target} {host}");
    }
}
