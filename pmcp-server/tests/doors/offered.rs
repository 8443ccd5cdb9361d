//! Prompts, resources and completions that are annotated functions, in both eras.

use pmcp_server::{CompletionRequest, PromptMessage, ResourceContents, Running};
use pmcp_tasks::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{Http, Legacy, Modern, Probe, bad_input_on_purpose, code, listening, server, within};

#[derive(Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "lowercase")]
enum Tone {
    Kind,
    Strict,
}

/// Review a file.
///
/// # Errors
/// Never.
#[prompt(title = "Review")]
async fn review(
    /// Path of the file.
    #[complete(paths)]
    path: &str,
    #[arg(default = Tone::Kind)] tone: Tone,
    lines: Option<&[u32]>,
    #[arg(rename = "dryRun")] dry_run: Option<bool>,
) -> String {
    format!("{path} {tone:?} {lines:?} {dry_run:?}")
}

#[derive(Deserialize, JsonSchema)]
struct Release {
    /// Name of the service.
    service: String,
    tone: Option<Tone>,
}

/// Announce a release.
#[prompt(name = "announce-release")]
async fn announce(
    #[args] Release { service, tone }: Release,
    cx: &ToolContext,
) -> Result<Vec<PromptMessage>, ToolError> {
    cx.check_cancelled()?;
    if service == "none" {
        return Err(ToolError::rpc(-32602, "there is no such service"));
    }
    Ok(vec![PromptMessage::user(service), PromptMessage::assistant(format!("{tone:?}"))])
}

/// A day of a year.
#[resource(uri = "day://{year}/{name}", mime = "text/plain")]
async fn day(year: u16, #[complete(names)] name: &str, State(_probe): State<Probe>) -> Result<String, ToolError> {
    if name == "never" {
        return Err(ToolError::not_found());
    }
    Ok(format!("{year}: {name}"))
}

#[resource(uri = "day://first", title = "The first")]
async fn first() -> ResourceContents {
    vec![1, 2].into()
}

/// Everything in one tone.
#[resource(uri = "tone://{tone}")]
async fn of_tone(tone: Tone) -> String {
    format!("{tone:?}")
}

#[complete]
async fn paths(typed: &str, State(_probe): State<Probe>) -> Vec<String> {
    ["a.rs", "b.rs"].into_iter().filter(|path| path.starts_with(typed)).map(Into::into).collect()
}

#[complete]
async fn names(request: CompletionRequest) -> Result<Vec<String>, ToolError> {
    Ok(vec![format!("{} of {}", request.value, request.settled["year"])])
}

async fn offering() -> (Running, Http) {
    let server = server().0.prompt::<review>().prompt::<announce>();
    listening(server.resource::<first>().resource::<day>().resource::<of_tone>()).await
}

/// Asks in both eras; the answers, without what 2026-07-28 adds.
async fn both(http: &Http, method: &str, params: Value) -> [Value; 2] {
    let legacy = Legacy::begin(http).await.ask(1, method, params.clone()).await;
    let mut modern = Modern::new(method, params).send(http).await.json().await;
    if let Some(result) = modern["result"].as_object_mut() {
        result.retain(|name, _| !["resultType", "ttlMs", "cacheScope", "_meta"].contains(&name.as_str()));
    }
    [legacy, modern]
}

async fn same(http: &Http, method: &str, params: Value) -> Value {
    let [legacy, modern] = both(http, method, params).await;
    assert_eq!(legacy["result"], modern["result"]);
    assert_eq!(legacy["error"], modern["error"]);
    legacy
}

#[tokio::test]
async fn prompts_are_listed_as_their_functions_say() {
    let (_running, http) = offering().await;
    let listed = same(&http, "prompts/list", json!({})).await;
    let prompts = listed["result"]["prompts"].as_array().unwrap();
    let named = |name: &str| prompts.iter().find(|prompt| prompt["name"] == name).unwrap();
    assert_eq!(
        *named("review"),
        json!({
            "name": "review", "title": "Review", "description": "Review a file.",
            "arguments": [
                { "name": "path", "description": "Path of the file.", "required": true },
                { "name": "tone", "required": false },
                { "name": "lines", "required": false },
                { "name": "dryRun", "required": false },
            ],
        })
    );
    assert_eq!(
        named("announce-release")["arguments"],
        json!([
            { "name": "service", "description": "Name of the service.", "required": true },
            { "name": "tone", "required": false },
        ])
    );
}

#[tokio::test]
async fn texts_of_prompts_are_read_as_their_types_ask() {
    let (_running, http) = offering().await;
    let get = async |name: &str, arguments: Value| {
        same(&http, "prompts/get", json!({ "name": name, "arguments": arguments })).await
    };
    let given = json!({ "path": "7", "tone": "STRICT", "lines": "1, 2", "dryRun": "yes" });
    let reviewed = get("review", given).await;
    let message = json!({ "role": "user", "content": { "type": "text", "text": "7 Strict Some([1, 2]) Some(true)" } });
    assert_eq!(reviewed["result"]["messages"], json!([message]));
    // A client that sends what is left out as `null` does not keep the protocol, and is understood.
    let spoilt = bad_input_on_purpose();
    let reviewed = get("review", json!({ "path": "", "tone": null })).await;
    drop(spoilt);
    assert_eq!(reviewed["result"]["messages"][0]["content"]["text"], " Kind None None");
    let announced = get("announce-release", json!({ "service": "api", "tone": "kind" })).await;
    assert_eq!(announced["result"]["messages"][0]["content"]["text"], "api");
    assert_eq!(announced["result"]["messages"][1]["content"]["text"], "Some(Kind)");
    assert_eq!(announced["result"]["messages"][1]["role"], "assistant");
    for (name, arguments, message) in [
        ("review", json!({}), "argument `path` is missing"),
        ("review", json!({ "path": "a", "lines": "1, x" }), "argument `lines[1]`: `x` is not a whole number"),
        (
            "review",
            json!({ "path": "a", "dryRun": "maybe" }),
            "argument `dryRun`: `maybe` is neither `true` nor `false`",
        ),
        ("review", json!({ "pth": "a" }), "unknown argument `pth`; did you mean `path`?"),
        ("announce-release", json!({ "servce": "a" }), "unknown argument `servce`; did you mean `service`?"),
        ("announce-release", json!({ "x": "a" }), "unknown argument `x`; the prompt takes `service`, `tone`"),
        (
            "announce-release",
            json!({ "service": "a", "tone": "strct" }),
            "argument `tone`: `strct` is none of `kind`, `strict`; did you mean `strict`?",
        ),
        ("announce-release", json!({ "service": "none" }), "there is no such service"),
    ] {
        let refused = get(name, arguments).await;
        assert_eq!((code(&refused), refused["error"]["message"].as_str().unwrap()), (-32602, message));
    }
}

#[tokio::test]
async fn resources_are_listed_and_read_by_their_variables() {
    let (_running, http) = offering().await;
    let listed = same(&http, "resources/list", json!({})).await;
    let resources = listed["result"]["resources"].as_array().unwrap();
    assert!(resources.contains(&json!({ "uri": "day://first", "name": "first", "title": "The first" })));
    let listed = same(&http, "resources/templates/list", json!({})).await;
    let templates = listed["result"]["resourceTemplates"].as_array().unwrap();
    let day = json!({
        "uriTemplate": "day://{year}/{name}", "name": "day", "description": "A day of a year.", "mimeType": "text/plain",
    });
    assert!(templates.contains(&day), "{templates:?}");

    let read = async |uri: &str| same(&http, "resources/read", json!({ "uri": uri })).await;
    let contents = json!({ "uri": "day://2026/my%20d%C3%A4y", "mimeType": "text/plain", "text": "2026: my däy" });
    assert_eq!(read("day://2026/my%20d%C3%A4y").await["result"]["contents"], json!([contents]));
    assert_eq!(read("day://first").await["result"]["contents"][0]["blob"], "AQI=");
    assert_eq!(read("tone://strict").await["result"]["contents"][0]["text"], "Strict");
}

#[tokio::test]
async fn what_is_no_resource_is_the_error_of_the_revision() {
    let (_running, http) = offering().await;
    for (uri, message) in [
        ("day://2026/never", "unknown resource"),
        ("day://x/y", "unknown resource: variable `year`: `x` is not a whole number"),
        ("day://99999/y", "unknown resource: variable `year`: `99999` is not between 0 and 65535"),
        ("tone://loud", "unknown resource: variable `tone`: `loud` is none of `kind`, `strict`"),
    ] {
        let [legacy, modern] = both(&http, "resources/read", json!({ "uri": uri })).await;
        assert_eq!((code(&legacy), code(&modern)), (-32002, -32602), "{uri}");
        for answer in [legacy, modern] {
            assert_eq!(answer["error"]["message"], message);
            assert_eq!(answer["error"]["data"]["uri"], uri);
        }
    }
}

#[tokio::test]
async fn arguments_complete_by_their_types_and_by_functions() {
    let (_running, http) = offering().await;
    let complete = async |of: Value, argument: &str, value: &str| {
        let context = json!({ "arguments": { "year": "2026" } });
        let params = json!({ "ref": of, "argument": { "name": argument, "value": value }, "context": context });
        same(&http, "completion/complete", params).await["result"]["completion"]["values"].clone()
    };
    let prompt = |name: &str| json!({ "type": "ref/prompt", "name": name });
    let resource = |uri: &str| json!({ "type": "ref/resource", "uri": uri });
    assert_eq!(complete(prompt("review"), "path", "a").await, json!(["a.rs"]));
    assert_eq!(complete(prompt("review"), "tone", "s").await, json!(["strict"]));
    assert_eq!(complete(prompt("review"), "dryRun", "").await, json!(["true", "false"]));
    assert_eq!(complete(prompt("review"), "lines", "").await, json!([]));
    assert_eq!(complete(prompt("announce-release"), "tone", "").await, json!(["kind", "strict"]));
    assert_eq!(complete(resource("day://{year}/{name}"), "name", "x").await, json!(["x of 2026"]));
    assert_eq!(complete(resource("tone://{tone}"), "tone", "k").await, json!(["kind"]));
}

#[tokio::test]
async fn whatever_is_asked_for_is_answered_soon_and_in_short() {
    let _spoilt = bad_input_on_purpose();
    let (_running, http) = offering().await;
    let long = "x".repeat(1 << 20);
    let session = Legacy::begin(&http).await;
    let refused = async |method: &str, params: Value| {
        let answer = within(session.ask(1, method, params)).await;
        assert!(answer["error"].is_object(), "{method}: {answer:.200}");
        assert!(answer["error"]["message"].as_str().unwrap().len() <= 1024, "{method}: {answer:.2000}");
        assert!(!answer.to_string().contains(&long[..9000]), "{method}: {answer:.200}");
        code(&answer)
    };
    let uris = [
        "",
        "/",
        "day:",
        "day://",
        "day://2026",
        "day://2026/",
        "day:///a",
        "day://2026//a",
        "day://2026/a/",
        "DAY://2026/a",
        "day://2026/..",
        "day://2026/%2e%2e%2f%2e%2e%2fetc",
        "day://2026/%2Fetc",
        "day://2026/a%00",
        "day://2026/a\0",
        "day://2026/%c0%ae%c0%ae%c0%af",
        "day://2026/%ff",
        "day://%32%30%32%36%00/a",
        "day://2026%2Fa/b",
        "day://{year}/{name}",
        "day://+\u{ff12}/a",
        "day://NaN/a",
        "tone://",
        "tone://kind%00",
        "day://first/",
        "day://firs%74/x",
    ];
    for uri in uris {
        assert_eq!(refused("resources/read", json!({ "uri": uri })).await, -32002, "{uri}");
    }
    for (method, params) in [
        ("resources/read", json!({ "uri": format!("day://2026/{long}") })),
        ("resources/read", json!({ "uri": [long] })),
        ("prompts/get", json!({ "name": long })),
        ("prompts/get", json!({ "name": "review", "arguments": { "path": "a", &*long: "a" } })),
        ("prompts/get", json!({ "name": "review", "arguments": { "path": "a", "tone": long } })),
        ("prompts/get", json!({ "name": "review", "arguments": { "path": "a", "dryRun": long } })),
        ("prompts/get", json!({ "name": "review", "arguments": { "path": "a", "lines": long } })),
        ("prompts/get", json!({ "name": "review", "arguments": { "path": "a", "lines": "[".repeat(500_000) } })),
        ("prompts/get", json!({ "name": "review", "arguments": { "path": "a", "lines": "1e999" } })),
        ("prompts/get", json!({ "name": "review", "arguments": { "path": { "a": 1 } } })),
        ("prompts/get", json!({ "name": "announce-release", "arguments": { "service": "a", &*long: "a" } })),
        ("prompts/get", json!({ "name": "announce-release", "arguments": { "service": "a", "tone": long } })),
        (
            "completion/complete",
            json!({ "ref": { "type": "ref/prompt", "name": long }, "argument": { "name": "a", "value": "" } }),
        ),
        (
            "completion/complete",
            json!({ "ref": { "type": long, "name": "review" }, "argument": { "name": "a", "value": "" } }),
        ),
        (
            "completion/complete",
            json!({ "ref": { "type": "ref/prompt", "name": "review" }, "argument": { "name": long, "value": "" } }),
        ),
    ] {
        assert_eq!(refused(method, params).await, -32602, "{method}");
    }
    let complete = |of: Value, argument: &str, value: &str, settled: Value| json!({ "ref": of, "argument": { "name": argument, "value": value }, "context": { "arguments": settled } });
    let day = json!({ "type": "ref/resource", "uri": "day://{year}/{name}" });
    // A function that panics is an error of the request, and of nothing else.
    let panics = refused("completion/complete", complete(day.clone(), "name", "", json!({}))).await;
    assert_eq!(panics, -32603);
    let review = json!({ "type": "ref/prompt", "name": "review" });
    for (argument, value) in [("path", &*long), ("tone", &*long), ("tone", "\0"), ("dryRun", "\u{202e}")] {
        let params = complete(review.clone(), argument, value, json!({ "path": long }));
        let answer = within(session.ask(2, "completion/complete", params)).await;
        assert_eq!(answer["result"]["completion"]["values"], json!([]), "{argument}");
    }
    let answer = session.ask(3, "resources/read", json!({ "uri": "day://%32026/a%252Fb%2Fc" })).await;
    assert_eq!(answer["result"]["contents"][0]["text"], "2026: a%2Fb/c");
}
