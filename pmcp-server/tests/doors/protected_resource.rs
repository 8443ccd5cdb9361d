//! How clients without a token learn where they get one.

use pmcp_server::{BearerTokens, Error, ProtectedResource};
use pmcp_tasks::security::Principal;
use serde_json::json;

use crate::support::{Legacy, Modern, listening, server};

fn tokens() -> BearerTokens {
    BearerTokens::new()
        .with("nobody", "plain")
        .with_principal(Principal::subject("ann").with_scopes(["mcp:use", "more"]), "scoped")
}

#[tokio::test]
async fn anybody_reads_the_metadata_at_each_of_its_places() {
    let resource = ProtectedResource::new("https://mcp.example.com/tools/mcp")
        .authorization_server("https://auth.example.com")
        .scopes(["files:read"]);
    let server = server().0.authenticator(tokens()).required_scopes(["mcp:use"]).protected_resource(resource);
    let (_running, http) = listening(server).await;
    for path in [
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-protected-resource/tools/mcp",
    ] {
        let reply = http.get(path).await;
        assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "application/json"), "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), "*");
        let document = serde_json::from_str::<serde_json::Value>(&reply.text().await).unwrap();
        assert_eq!(document["resource"], "https://mcp.example.com/tools/mcp");
        assert_eq!(document["authorization_servers"], json!(["https://auth.example.com"]));
        assert_eq!(document["scopes_supported"], json!(["mcp:use", "files:read"]));
    }
    assert_eq!(http.get("/.well-known/oauth-protected-resource/other").await.status, 404);
}

#[tokio::test]
async fn a_refusal_names_the_metadata_and_the_scopes() {
    let at = "resource_metadata=\"https://x.example/.well-known/oauth-protected-resource/mcp\"";
    let resource = ProtectedResource::new("https://x.example/mcp").authorization_server("https://auth.example.com");
    let server = server().0.authenticator(tokens()).required_scopes(["mcp:use"]).protected_resource(resource);
    let (_running, http) = listening(server).await;
    for (token, status, challenge) in [
        (None, 401, format!("Bearer scope=\"mcp:use\", {at}")),
        (Some("wrong"), 401, format!("Bearer error=\"invalid_token\", scope=\"mcp:use\", {at}")),
        (Some("plain"), 403, format!("Bearer error=\"insufficient_scope\", scope=\"mcp:use\", {at}")),
        (Some("scoped"), 200, String::new()),
    ] {
        let http = token.map_or_else(|| http.clone(), |token| http.with_token(token));
        let reply = Modern::new("tools/list", json!({})).send(&http).await;
        assert_eq!((reply.status.as_u16(), reply.header("www-authenticate")), (status, &*challenge));
        if status != 200 {
            assert_eq!(reply.text().await, "");
        }
    }
    Legacy::begin(&http.with_token("scoped")).await;
}

#[tokio::test]
async fn routes_that_are_nested_have_their_metadata_at_the_root() {
    let resource = ProtectedResource::new("https://x.example/api/mcp");
    let (mcp, embedded) = server().0.authenticator(tokens()).protected_resource(resource).into_router().unwrap();
    let app = axum::Router::new().nest("/api", mcp).merge(embedded.well_known());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let http = crate::support::Http::new(listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let reply = http.get("/.well-known/oauth-protected-resource/api/mcp").await;
    assert!(reply.text().await.contains("https://x.example/api/mcp"));
}

#[tokio::test]
async fn a_server_whose_rules_do_not_fit_is_not_built() {
    let refused = |result: Result<_, Error>| result.err().map(|error: Error| error.to_string()).unwrap();
    let nobody = server().0.required_scopes(["mcp:use"]).into_router();
    assert_eq!(
        refused(nobody),
        "the authenticator cannot be used: callers need the scope `mcp:use`, and no authenticator finds any"
    );
    let wrong = server().0.authenticator(tokens()).protected_resource(ProtectedResource::new("mcp")).into_router();
    assert!(refused(wrong).contains("`mcp` is not the URL of a resource"));
}
