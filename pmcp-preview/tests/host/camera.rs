//! Pictures that a page asks for.

use async_trait::async_trait;
use pmcp_preview::{Camera, Endpoint, Host, Shot};
use serde_json::{Value, json};

use crate::stage::Stage;

/// A camera that gives the view it is shown instead of a picture, if it is to give any.
struct Mirror {
    is_broken: bool,
}

#[async_trait]
impl Camera for Mirror {
    async fn take(&self, shot: Shot) -> Option<Vec<u8>> {
        assert!(!format!("{shot:?}").contains("key="), "the key is shown");
        let Shot { url, profile, theme, view, .. } = shot;
        (!self.is_broken).then(|| json!([url, profile, theme, view]).to_string().into_bytes())
    }
}

async fn stage(is_broken: bool) -> Stage {
    Stage::start(Host::builder(Endpoint::http("http://127.0.0.1:1/mcp")).camera(Mirror { is_broken })).await
}

#[tokio::test]
async fn a_camera_is_told_what_the_page_shows() {
    let stage = stage(false).await;
    assert_eq!(stage.ask("GET", "/api/host", &Value::Null).await.json()["features"]["shot"], true);
    let view = json!({ "tool": "show_board", "input": { "moves": [] }, "theme": "dark" });
    let mut wanted = view.clone();
    wanted["profile"] = "claude".into();
    let answer = stage.ask("POST", "/api/shot", &wanted).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/png"));
    assert_eq!(answer.json(), json!([stage.host.url(), "claude", "dark", view]));
}

#[tokio::test]
async fn a_picture_of_something_else_or_none_is_refused() {
    let good = stage(false).await;
    for (wanted, status) in [
        (json!({ "profile": "nobody", "theme": "dark" }), 404),
        (json!({ "profile": "claude", "theme": "red" }), 422),
        (json!({ "theme": "dark" }), 422),
        (Value::Null, 400),
    ] {
        assert_eq!(good.ask("POST", "/api/shot", &wanted).await.status, status, "{wanted}");
    }
    let broken = stage(true).await;
    let answer = broken.ask("POST", "/api/shot", &json!({ "profile": "claude", "theme": "light" })).await;
    assert_eq!((answer.status, &*answer.body), (502, "the browser took no picture; the terminal tells why"));
}

#[tokio::test]
async fn without_a_camera_the_page_is_told_what_it_needs() {
    let stage = Stage::of(Endpoint::http("http://127.0.0.1:1/mcp")).await;
    assert_eq!(stage.ask("GET", "/api/host", &Value::Null).await.json()["features"]["shot"], false);
    let answer = stage.ask("POST", "/api/shot", &json!({})).await;
    assert_eq!(answer.status, 501);
    assert!(answer.body.contains("install Chromium"), "{}", answer.body);
}
