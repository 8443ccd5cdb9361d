//! Hosts that are emulated: what servers see of them, and what views may do there.

use pmcp_preview::{Endpoint, Protocol};
use serde_json::{Value, json};

use crate::stage::{Stage, send};

#[tokio::test]
async fn a_server_sees_the_client_of_the_profile() {
    let (stage, _server) = Stage::ready(Protocol::Auto).await;
    for (profile, name, version, capabilities) in [
        ("claude", "claude-ai", "2025-11-25", json!(["extensions"])),
        ("copilot", "mcs", "2024-11-05", json!(["extensions"])),
        ("vscode", "Visual Studio Code", "2025-11-25", json!(["elicitation", "extensions", "roots", "sampling"])),
    ] {
        let mut events = stage.events().await;
        assert_eq!(stage.ask("POST", "/api/connection", &json!({ "profile": profile })).await.status, 202);
        let hello = events.find(|line| line["message"]["method"] == "initialize").await["message"]["params"].clone();
        assert_eq!((&hello["clientInfo"]["name"], &hello["protocolVersion"]), (&json!(name), &json!(version)));
        let declared: Vec<_> = hello["capabilities"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(json!(declared), capabilities, "{profile}");
        assert_eq!(events.state("ready").await["protocol"], version);
        assert_eq!(stage.ask("GET", "/api/host", &Value::Null).await.json()["profile"], profile);
    }
    // A client without views tells nobody that it has some.
    let mut events = stage.events().await;
    assert_eq!(stage.ask("POST", "/api/connection", &json!({ "profile": "text" })).await.status, 202);
    let asked = events.find(|line| line["message"]["method"] == "server/discover").await;
    let declared = &asked["message"]["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"];
    assert_eq!(*declared, json!({ "elicitation": { "form": {} } }));
}

#[tokio::test]
async fn a_view_is_held_back_as_in_the_host_it_is_mounted_in() {
    let stage = Stage::of(Endpoint::http("http://127.0.0.1:1/mcp")).await;
    let meta = json!({
        "ui": { "csp": { "connectDomains": ["https://apps.example"] }, "permissions": { "microphone": {} } },
        "openai/widgetCSP": { "connect_domains": ["https://openai.example"] },
    });
    let mount = async |profile: &str, extra: Value| {
        let body = json!({ "html": "<!doctype html>", "meta": meta, "profile": profile, "extra": extra });
        stage.ask("POST", "/api/views", &body).await
    };
    for (profile, connect, microphone) in [
        ("specification", "https://apps.example", "microphone=*"),
        ("chatgpt-published", "https://openai.example", "microphone=*"),
        ("claude", "https://apps.example 'self' https://esm.sh", "microphone=()"),
    ] {
        let mounted = mount(profile, json!({})).await.json();
        assert_eq!(mounted["policy"]["connect-src"], json!(connect.split(' ').collect::<Vec<_>>()));
        assert_eq!(mounted["sources"]["connect-src"][0]["from"], "declared");
        let at = mounted["url"].as_str().unwrap().trim_start_matches("http://").trim_end_matches('/').to_owned();
        let address = format!("127.0.0.1:{}", at.rsplit_once(':').unwrap().1);
        let view = send(&address, "GET", "/", &[("host", &at)], "").await;
        assert!(view.header("content-security-policy").contains(&format!("connect-src {connect};")), "{profile}");
        assert!(view.header("permissions-policy").contains(microphone), "{profile}");
    }
    let tried =
        mount("specification", json!({ "connect": ["https://tried.example", "https://x; script-src *"] })).await.json();
    assert_eq!(tried["policy"]["connect-src"], json!(["https://apps.example", "https://tried.example"]));
    assert_eq!(tried["sources"]["connect-src"][1]["from"], "tried");
    assert_eq!(mount("chatgpt-developer", json!({})).await.json()["policy"], json!({}));
    assert_eq!(mount("nobody", json!({})).await.status, 404);
}
