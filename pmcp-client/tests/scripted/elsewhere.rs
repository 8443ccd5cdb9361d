//! Servers over HTTP that are elsewhere than they were, or do not say what they send.

use axum::{body::Body, http::Response};
use serde_json::json;

use pmcp_client::ClientError;

use super::{
    builder, greeting,
    http::{Seen, answer, serve},
};

fn redirect(code: u16, location: &str) -> Response<Body> {
    Response::builder().status(code).header("location", location).body(Body::empty()).unwrap()
}

fn list(request: &Seen) -> Response<Body> {
    answer(&request.result(&json!({ "tools": [] })))
}

#[tokio::test]
async fn a_redirection_within_the_origin_is_followed_as_it_was_sent() {
    let (url, requests) = serve(|request| {
        let host = request.header("host").unwrap().to_owned();
        match request.uri.path() {
            "/mcp" => redirect(307, "/mcp/"),
            "/mcp/" => redirect(308, &format!("http://{}/v2/mcp?a=b", host.to_uppercase())),
            "/v2/mcp" => redirect(308, "../v3/mcp"),
            _ => list(request),
        }
    })
    .await;
    let client = builder("2026-07-28").bearer("secret").connect_http(&url).await.unwrap();
    assert_eq!(client.list_tools().await.unwrap(), []);
    let requests = requests.lock().unwrap();
    let paths: Vec<_> = requests.iter().map(|request| request.uri.to_string()).collect();
    assert_eq!(paths, ["/mcp", "/mcp/", "/v2/mcp?a=b", "/v3/mcp"]);
    for request in &requests[1..] {
        assert_eq!((&request.verb, &request.body), (&requests[0].verb, &requests[0].body));
        assert_eq!(request.header("authorization"), Some("Bearer secret"));
        assert_eq!(request.header("mcp-method"), Some("tools/list"));
    }
}

#[tokio::test]
async fn a_redirection_elsewhere_is_told_and_not_followed() {
    let (other, foreign) = serve(list).await;
    let (at, location) = (other.clone(), other.clone());
    let (url, _) = serve(move |_| redirect(307, &location)).await;
    let client = builder("2026-07-28").bearer("secret").connect_http(&url).await.unwrap();
    let error = client.list_tools().await.unwrap_err();
    assert!(matches!(error, ClientError::Transport(_)) && error.to_string().contains(&at), "{error}");
    assert!(foreign.lock().unwrap().is_empty());

    for (location, told) in
        [("/mcp", "more than 5 times"), ("http://[", "is no URL"), ("https://127.0.0.1/", "another origin")]
    {
        let (url, requests) = serve(move |_| redirect(308, location)).await;
        let client = builder("2026-07-28").connect_http(&url).await.unwrap();
        let error = client.list_tools().await.unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
        assert!(requests.lock().unwrap().len() <= 6);
    }
    // These may change the method, so that they are not for a POST.
    for code in [301, 302, 303] {
        let (url, _) = serve(move |_| redirect(code, "/elsewhere")).await;
        let client = builder("2026-07-28").connect_http(&url).await.unwrap();
        assert!(matches!(client.list_tools().await, Err(ClientError::Http { status, .. }) if status == code));
    }
}

#[tokio::test]
async fn an_answer_without_a_type_is_read_by_what_it_is() {
    for (before, after) in [
        ("", ""),
        (" \n", "\n"),
        ("\u{feff}", ""),
        ("data: ", "\n\n"),
        (": hello\n\nevent: message\ndata: ", "\n\n"),
        ("\u{feff}id: 1\ndata: ", "\n\n"),
    ] {
        let (url, _) =
            serve(move |request| Response::new(Body::from(format!("{before}{}{after}", request.result(&greeting())))))
                .await;
        let client = builder("2026-07-28").connect_http(&url).await.unwrap();
        let greeted = client.call_and_wait("hello", json!({})).await.unwrap();
        assert_eq!(greeted.first_text(), Some("Hello, Luca!"), "{before:?}");
    }
    for neither in ["", " ", "<p>", "OK"] {
        let (url, _) = serve(move |_| Response::new(Body::from(neither))).await;
        let client = builder("2026-07-28").connect_http(&url).await.unwrap();
        assert!(matches!(client.list_tools().await, Err(ClientError::Protocol(_))), "{neither}");
    }
}
