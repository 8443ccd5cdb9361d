//! Icons, hints and `_meta` that the macros are given, as lists tell them in each revision.

use pmcp_tasks::{
    TaskRouter, TaskStore,
    call::{CallContext, Caller, Revision},
    offer::Offers,
    prelude::*,
};
use serde_json::{Map, Value, json};

const DARK: &str = "https://example.com/dark.png";

#[task_tool(
    icons = ["tests/runtime/board.svg", icon("https://example.com/dark.png", mime = "image/png", sizes = ["48x48"], theme = "dark")],
    meta = json!({ "com.example/group": "boards" })
)]
async fn draw() {}

fn group() -> Map<String, Value> {
    Map::from_iter([("com.example/group".to_owned(), "reviews".into())])
}

#[prompt(icons = ["https://example.com/dark.png"], meta = group())]
async fn review() -> String {
    "Review it.".into()
}

#[resource(
    uri = "board://today",
    icons = ["https://example.com/dark.png"],
    audience = ["user", "assistant"],
    priority = 0.25,
    meta = group()
)]
async fn today() -> String {
    "e4".into()
}

#[resource(uri = "board://{day}", icons = ["https://example.com/dark.png"], audience = ["user"], priority = 1, meta = group())]
async fn board(day: u32) -> String {
    day.to_string()
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Play {
    opening: String,
}

#[workflow(icons = ["https://example.com/dark.png"], meta = group())]
impl Play {
    #[step]
    async fn open(&self) -> String {
        self.opening.clone()
    }
}

/// The entry of this name in a list; what is offered beside tools includes the prompts of workflows.
async fn listed(revision: Revision, method: &str, list: &str, name: &str) -> Value {
    let router = TaskRouter::builder().tool::<draw>().workflow::<Play>().build(TaskStore::memory()).unwrap();
    let offers = Offers::builder().prompt_function::<review, _>(&()).resource_function::<today, _>(&());
    let offers = offers.resource_function::<board, _>(&()).listed(router.prompts()).build().unwrap();
    let cx = CallContext::new(revision, Caller::local());
    let answer = match list {
        "tools" => router.handle(method, &json!({}), &cx).await,
        _ => offers.handle(&router, method, &json!({}), &cx).await,
    };
    let answer = answer.answer().unwrap();
    answer[list].as_array().unwrap().iter().find(|entry| entry["name"] == name).unwrap().clone()
}

#[tokio::test]
async fn icons_and_meta_are_told_of_everything_that_is_listed() {
    for revision in [Revision::V2025, Revision::V2026] {
        let tool = listed(revision, "tools/list", "tools", "draw").await;
        let dark = json!({ "src": DARK, "mimeType": "image/png", "sizes": ["48x48"], "theme": "dark" });
        assert_eq!((&tool["icons"][0]["mimeType"], &tool["icons"][1]), (&json!("image/svg+xml"), &dark));
        let embedded = tool["icons"][0]["src"].as_str().unwrap();
        assert!(embedded.starts_with("data:image/svg+xml;base64,PHN2ZyB4bWxucz"), "{embedded}");
        assert_eq!(tool["_meta"], json!({ "com.example/group": "boards" }));

        for (method, list, name) in [
            ("prompts/list", "prompts", "review"),
            ("prompts/list", "prompts", "play"),
            ("tools/list", "tools", "play"),
            ("resources/list", "resources", "today"),
            ("resources/templates/list", "resourceTemplates", "board"),
        ] {
            let entry = listed(revision, method, list, name).await;
            assert_eq!(entry["icons"], json!([{ "src": DARK }]), "{method} {name}");
            assert_eq!(entry["_meta"], json!({ "com.example/group": "reviews" }), "{method} {name}");
        }
    }
}

#[tokio::test]
async fn resources_say_for_whom_they_are() {
    for revision in [Revision::Plain, Revision::V2025, Revision::V2026] {
        let one = listed(revision, "resources/list", "resources", "today").await;
        assert_eq!(one["annotations"], json!({ "audience": ["user", "assistant"], "priority": 0.25 }));
        let template = listed(revision, "resources/templates/list", "resourceTemplates", "board").await;
        assert_eq!(template["annotations"], json!({ "audience": ["user"], "priority": 1.0 }));
    }
}

#[tokio::test]
async fn versions_before_icons_are_told_of_none() {
    for (method, list, name) in [
        ("tools/list", "tools", "draw"),
        ("tools/list", "tools", "play"),
        ("prompts/list", "prompts", "review"),
        ("prompts/list", "prompts", "play"),
        ("resources/list", "resources", "today"),
        ("resources/templates/list", "resourceTemplates", "board"),
    ] {
        let entry = listed(Revision::Plain, method, list, name).await;
        assert_eq!(entry.get("icons"), None, "{method} {name}");
        assert!(entry["_meta"]["com.example/group"].is_string(), "{method} {name}");
    }
}
