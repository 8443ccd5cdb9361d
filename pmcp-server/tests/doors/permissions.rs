//! What a caller may not use: it is not told of it, and no way leads there.

mod stepping_up;

use pmcp_server::{BearerTokens, Prompt, PromptResult, ResourceUpdates, Running, Server};
use pmcp_tasks::{TaskStore, gate::TargetKind, prelude::*, security::Principal, workflow};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{App, Http, Legacy, LineClient, Modern, call, code, listening, modern, server, text, with_tasks};

/// Tells a secret.
#[prompt(scopes = ["secrets:read"])]
async fn confide() -> String {
    "psst".into()
}

/// Secrets of a year.
#[resource(uri = "diary://{year}", scopes = ["secrets:read"])]
async fn diary(year: u16) -> String {
    format!("the secrets of {year}")
}

/// Saves a file.
#[task_tool(scopes = ["files:write"], inline = "0")]
async fn save(#[arg(header = "Name")] name: Option<String>) -> Result<String, ToolError> {
    Ok(format!("saved {}", name.unwrap_or_default()))
}

/// Calls another tool by its name, for whoever calls it.
#[task_tool(inline = "1h")]
async fn relay(task: TaskContext) -> Result<String, ToolError> {
    let saved = task.call_named("save", "save", json!({})).await?;
    Ok(saved.to_string())
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct Release {
    version: String,
}

#[workflow]
impl Release {
    /// Save the release.
    #[step(tool = save)]
    fn save(&self) -> SaveArgs {
        SaveArgs { name: Some(self.version.clone()) }
    }
}

/// Publish something, for those who may.
#[derive(Deserialize, Serialize, JsonSchema)]
struct Publish {
    title: String,
}

#[workflow(scopes = ["publish"])]
impl Publish {
    /// Say whether it is good.
    #[step(client, output = bool)]
    fn approve(&self) -> String {
        self.title.clone()
    }

    /// Publish it.
    #[step]
    async fn publish(&self, approve: &bool) -> String {
        format!("{}: {approve}", self.title)
    }
}

fn tokens() -> BearerTokens {
    let ann = || Principal::subject("ann");
    BearerTokens::new()
        .with_principal(ann().with_scopes(["mcp:use", "publish", "secrets:read"]), "publishes")
        .with_principal(ann().with_scopes(["mcp:use"]), "reads")
        .with_principal(ann().with_scopes(["mcp:use", "files:write", "more"]), "writes")
}

fn offering() -> Server<App> {
    let contents = |_, _| async { Ok("contents") };
    server()
        .0
        .tool::<save>()
        .tool::<relay>()
        .workflow::<Release>()
        .resource_with("note://secret", contents)
        .resource_with("note://open", contents)
        .resource_template("file://{name}", contents)
        .resource_template("vault://{name}", contents)
        .prompt_with(Prompt::new("whisper"), |_, _| async { Ok(PromptResult::user("psst")) })
        .authenticator(tokens())
        .required_scopes(["mcp:use"])
        .authorize(|caller, target| {
            let writes = caller.has_scope("files:write");
            match target.kind {
                TargetKind::Resource => writes || !target.name.contains("secret"),
                TargetKind::ResourceTemplate => writes || !target.name.starts_with("vault:"),
                TargetKind::Prompt => writes || target.name != "whisper",
                _ => true,
            }
        })
}

async fn two(server: Server<App>) -> (Running, Http, Http) {
    let (running, http) = listening(server).await;
    let (reads, writes) = (http.with_token("reads"), http.with_token("writes"));
    (running, reads, writes)
}

/// The names in a list.
async fn listed(http: &Http, method: &str, list: &str, name: &str) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), None);
    loop {
        let params = cursor.map_or_else(|| json!({}), |cursor: Value| json!({ "cursor": cursor }));
        let page = Modern::new(method, params).send(http).await.json().await;
        assert_eq!(page["result"]["cacheScope"], "private", "{page}");
        names.extend(page["result"][list].as_array().unwrap().iter().map(|it| it[name].as_str().unwrap().to_owned()));
        match page["result"].get("nextCursor") {
            Some(next) => cursor = Some(next.clone()),
            None => return names,
        }
    }
}

#[tokio::test]
async fn what_one_may_not_use_is_not_listed() {
    let (_running, reads, writes) = two(offering()).await;
    for (method, list, name, hidden) in [
        ("tools/list", "tools", "name", "save"),
        ("prompts/list", "prompts", "name", "whisper"),
        ("resources/list", "resources", "uri", "note://secret"),
        ("resources/templates/list", "resourceTemplates", "uriTemplate", "vault://{name}"),
    ] {
        let all = listed(&writes, method, list, name).await;
        let mut fewer = all.clone();
        fewer.retain(|name| name != hidden);
        assert_eq!((all.len() - 1, listed(&reads, method, list, name).await), (fewer.len(), fewer));
    }
}

#[tokio::test]
async fn a_tool_one_may_not_use_answers_as_one_that_there_is_not() {
    let (_running, reads, writes) = two(offering()).await;
    let session = Legacy::begin(&reads).await;
    let named = |answer: Value, name: &str| answer["error"].to_string().replace(name, "it");
    for task in [json!(null), json!({})] {
        let asked = |name: &str| {
            let mut params = call(name, json!({ "name": "x" }));
            if task.is_object() {
                params["task"] = task.clone();
            }
            params
        };
        let hidden = named(session.ask(1, "tools/call", asked("save")).await, "save");
        let unknown = named(session.ask(1, "tools/call", asked("evas")).await, "evas");
        assert_eq!(hidden, unknown);
    }
    // Not even by a header that it has.
    let ask = async |name: &str| {
        let reply = Modern::of("tools/call", call(name, json!({ "name": "x" })), with_tasks()).send(&reads).await;
        (reply.status, named(reply.json().await, name))
    };
    assert_eq!(ask("save").await, ask("evas").await);
    let with_header = Modern::new("tools/call", call("save", json!({ "name": "x" }))).and("mcp-param-name", "x");
    let saved = with_header.send(&writes).await.json().await;
    assert_eq!(text(&saved), "saved x");
}

#[tokio::test]
async fn no_other_way_leads_to_it() {
    let (_running, reads, writes) = two(offering()).await;
    // From inside another tool.
    let relayed = async |http: &Http| Modern::new("tools/call", call("relay", json!({}))).send(http).await.json().await;
    assert_eq!(text(&relayed(&writes).await), "\"saved \"");
    assert_eq!(relayed(&reads).await["result"]["isError"], true);
    // By a workflow, which waits with the step.
    let begin = call("release", json!({ "version": "1.0" }));
    let first = Modern::new("tools/call", begin.clone()).send(&reads).await.json().await;
    assert!(text(&first).contains("there is no tool `save`"), "{first}");
    let run = first.pointer("/result/_meta/run.pmcp~1workflow/taskId").and_then(Value::as_str).unwrap().to_owned();
    // Who has less goes on with it as far as they may, and no further.
    let again = call("workflow_continue", json!({ "_task_id": run, "action": "retry" }));
    let tried = Modern::new("tools/call", again.clone()).send(&reads).await.json().await;
    assert!(text(&tried).contains("there is no tool `save`"), "{tried}");
    let done = Modern::new("tools/call", again).send(&writes).await.json().await;
    assert!(!text(&done).contains("there is no tool"), "{done}");
    let bound = call("save", json!({ "_task_id": run }));
    let refused = Modern::new("tools/call", bound).send(&reads).await.json().await;
    assert_eq!(code(&refused), -32602);
}

#[tokio::test]
async fn what_is_read_passes_as_what_it_is_and_as_the_template_it_fits() {
    let (_running, reads, writes) = two(offering()).await;
    for (uri, is_open) in [
        ("note://open", true),
        ("note://secret", false),
        ("file://a", true),
        ("file://secret", false),
        // What needs no encoding names the same with it.
        ("file://s%65cret", false),
        ("file://%73%65%63%72%65%74", false),
        ("file://s%2565cret", true),
        ("vault://a", false),
    ] {
        let read = |http: &Http| {
            let http = http.clone();
            async move { Modern::new("resources/read", json!({ "uri": uri })).send(&http).await.json().await }
        };
        assert!(read(&writes).await["result"].is_object(), "{uri}");
        let answer = read(&reads).await;
        assert_eq!(answer.get("error").is_none(), is_open, "{uri}");
        if !is_open {
            let unknown =
                Modern::new("resources/read", json!({ "uri": "note://none" })).send(&reads).await.json().await;
            assert_eq!(answer["error"]["message"], unknown["error"]["message"]);
        }
    }
    let prompt =
        async |http: &Http| Modern::new("prompts/get", json!({ "name": "whisper" })).send(http).await.json().await;
    assert!(prompt(&writes).await["result"].is_object());
    assert_eq!(prompt(&reads).await["error"]["message"], "unknown prompt");
}

#[tokio::test]
async fn nobody_follows_or_completes_what_they_may_not_use() {
    let server = offering().resource_updates(&ResourceUpdates::new()).complete(|_, _| async { Ok(vec!["value"]) });
    let (_running, reads, writes) = two(server).await;
    let (less, more) = (Legacy::begin(&reads).await, Legacy::begin(&writes).await);
    let subscribe =
        async |session: &Legacy, uri: &str| session.ask(1, "resources/subscribe", json!({ "uri": uri })).await;
    assert!(subscribe(&more, "note://secret").await["result"].is_object());
    assert!(subscribe(&less, "note://open").await["result"].is_object());
    assert_eq!(subscribe(&less, "file://s%65cret").await["error"]["message"], "unknown resource");
    let (hidden, unknown) = (subscribe(&less, "vault://a").await, subscribe(&less, "note://none").await);
    assert_eq!(
        (&hidden["error"]["code"], &hidden["error"]["message"]),
        (&unknown["error"]["code"], &unknown["error"]["message"])
    );
    let complete = async |session: &Legacy, template: &str| {
        let reference = json!({ "type": "ref/resource", "uri": template });
        let params = json!({ "ref": reference, "argument": { "name": "name", "value": "" } });
        session.ask(2, "completion/complete", params).await
    };
    assert!(complete(&more, "vault://{name}").await["result"].is_object());
    assert_eq!(complete(&less, "vault://{name}").await["error"], complete(&less, "none://{name}").await["error"]);
}

#[tokio::test]
async fn a_task_of_it_is_unknown_to_the_same_owner_with_less() {
    let (_running, reads, writes) = two(offering()).await;
    let created = Modern::of("tools/call", call("save", json!({})), with_tasks()).send(&writes).await.json().await;
    let id = created["result"]["taskId"].as_str().unwrap();
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let params = json!({ "taskId": id, "inputResponses": {} });
        Modern::of(method, params, with_tasks()).send(&reads).await.expect_error(200, -32602).await;
    }
    let (less, more) = (Legacy::begin(&reads).await, Legacy::begin(&writes).await);
    assert_eq!(code(&less.ask(1, "tasks/result", json!({ "taskId": id })).await), -32602);
    assert_eq!(less.ask(2, "tasks/list", None).await["result"]["tasks"], json!([]));
    assert_eq!(more.ask(1, "tasks/list", None).await["result"]["tasks"][0]["taskId"], id);
    let found = Modern::of("tasks/get", json!({ "taskId": id }), with_tasks()).send(&writes).await.json().await;
    assert!(found["result"].is_object());
}

#[tokio::test]
async fn whoever_sits_at_the_machine_has_every_scope_and_keeps_to_the_rules() {
    let server = offering().authorize(|_, target| target.name != "relay");
    let mut lines = crate::support::LineClient::begun(server, "2025-11-25", json!({})).await;
    let saved = lines.ask(1, "tools/call", call("save", json!({}))).await;
    assert_eq!(text(&saved), "saved ");
    assert_eq!(code(&lines.ask(2, "tools/call", call("relay", json!({}))).await), -32602);
}

#[tokio::test]
async fn the_one_caller_on_stdio_is_who_the_author_says_with_its_scopes_alone() {
    let ann = Principal::subject("ann").with_scopes(["publish"]);
    let mut lines = LineClient::begun(scoped().step_up(true).stdio_principal(ann), "2025-11-25", json!({})).await;
    // Nothing is told by a status there.
    assert_eq!(code(&lines.ask(1, "tools/call", call("save", json!({}))).await), -32602);
    let tools = lines.ask(2, "tools/list", None).await["result"]["tools"].to_string();
    assert!(!tools.contains("\"save\"") && tools.contains("\"publish\""), "{tools}");
    let begun = lines.ask(3, "tools/call", call("publish", json!({ "title": "News" }))).await;
    assert!(begun["result"]["_meta"]["run.pmcp/workflow"].is_object(), "{begun}");
    // What it asks for in 2026-07-28, on the same streams, is asked by the same.
    let params = modern(call("save", json!({})), json!({}));
    assert_eq!(code(&lines.ask(4, "tools/call", params).await), -32602);
    assert_eq!(lines.ask(5, "tasks/list", None).await["result"]["tasks"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn tasks_of_the_caller_on_stdio_are_its_own_elsewhere_too() {
    let store = TaskStore::memory();
    let ann = Principal::subject("ann").with_scopes(["files:write"]);
    let mut lines =
        LineClient::begun(offering().store(store.clone()).stdio_principal(ann), "2025-11-25", json!({})).await;
    let mut save = call("save", json!({}));
    save["task"] = json!({});
    let created = lines.ask(1, "tools/call", save).await;
    let id = created["result"]["task"]["taskId"].as_str().unwrap();
    let (_running, reads, writes) = two(offering().store(store)).await;
    let found = Modern::of("tasks/get", json!({ "taskId": id }), with_tasks()).send(&writes).await.json().await;
    assert!(found["result"].is_object(), "{found}");
    Modern::of("tasks/get", json!({ "taskId": id }), with_tasks()).send(&reads).await.expect_error(200, -32602).await;
}

/// What some callers have no scopes for, in place of what rules keep back.
fn scoped() -> Server<App> {
    server()
        .0
        .tool::<save>()
        .workflow::<Publish>()
        .prompt::<confide>()
        .resource::<diary>()
        .authenticator(tokens())
        .required_scopes(["mcp:use"])
}

#[tokio::test]
async fn a_workflow_and_its_runs_are_for_who_has_its_scopes() {
    let (running, reads, _) = two(scoped()).await;
    let publishes = Http::new(running.address()).with_token("publishes");
    for (method, list, names) in
        [("tools/list", "tools", &["publish", "workflow_continue"][..]), ("prompts/list", "prompts", &["publish"])]
    {
        let (all, fewer) = (listed(&publishes, method, list, "name").await, listed(&reads, method, list, "name").await);
        assert!(names.iter().all(|name| all.contains(&(*name).to_owned())), "{all:?}");
        assert!(!names.iter().any(|name| fewer.contains(&(*name).to_owned())), "{fewer:?}");
    }
    let ask =
        async |http: &Http, method, params| Modern::of(method, params, with_tasks()).send(http).await.json().await;
    let given = json!({ "title": "News" });
    let named = |answer: Value, name: &str| answer["error"].to_string().replace(name, "it");
    for method in ["tools/call", "prompts/get"] {
        let asked = |name: &str| json!({ "name": name, "arguments": given });
        let hidden = named(ask(&reads, method, asked("publish")).await, "publish");
        assert_eq!(hidden, named(ask(&reads, method, asked("hsilbup")).await, "hsilbup"), "{method}");
    }
    // Nor has who has less a way to a run of the same owner.
    let begun = ask(&publishes, "prompts/get", json!({ "name": "publish", "arguments": given })).await;
    let run = begun.pointer("/result/_meta/run.pmcp~1workflow/taskId").and_then(Value::as_str).unwrap().to_owned();
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let params = json!({ "taskId": run, "inputResponses": {} });
        Modern::of(method, params, with_tasks()).send(&reads).await.expect_error(200, -32602).await;
    }
    let decide = call("workflow_continue", json!({ "_task_id": run, "step": "approve", "result": true }));
    let hidden = named(ask(&reads, "tools/call", decide.clone()).await, "workflow_continue");
    let unknown = ask(&reads, "tools/call", call("eunitnoc_wolfkrow", decide["arguments"].clone())).await;
    assert_eq!(hidden, named(unknown, "eunitnoc_wolfkrow"));
    let less = Legacy::begin(&reads).await;
    assert_eq!(less.ask(1, "tasks/list", None).await["result"]["tasks"], json!([]));
    let done = ask(&publishes, "tools/call", decide).await;
    assert_eq!(done["result"]["_meta"]["run.pmcp/workflow"]["steps"][1]["result"], "News: true");
}

#[tokio::test]
async fn prompts_and_resources_are_for_who_has_their_scopes() {
    let (running, reads, _) = two(scoped()).await;
    let reader = Http::new(running.address()).with_token("publishes");
    let asked = [
        ("prompts/get", json!({ "name": "confide" }), json!({ "name": "edifnoc" })),
        ("resources/read", json!({ "uri": "diary://2025" }), json!({ "uri": "yraid://2025" })),
    ];
    for (method, params, unknown) in asked {
        let read = Modern::new(method, params.clone()).send(&reader).await.json().await;
        assert!(read["result"].is_object(), "{read}");
        let hidden = Modern::new(method, params).send(&reads).await.json().await;
        let unknown = Modern::new(method, unknown).send(&reads).await.json().await;
        assert_eq!(
            (&hidden["error"]["code"], &hidden["error"]["message"]),
            (&unknown["error"]["code"], &unknown["error"]["message"])
        );
    }
    for (list, name, it) in SCOPED {
        assert!(!listed(&reads, &format!("{list}/list"), of(list), name).await.contains(&it.to_owned()));
        assert!(listed(&reader, &format!("{list}/list"), of(list), name).await.contains(&it.to_owned()));
    }
}

/// What needs scopes beside the tool: the list it is in, the key of its name, and that.
const SCOPED: [(&str, &str, &str); 3] = [
    ("prompts", "name", "publish"),
    ("prompts", "name", "confide"),
    ("resources/templates", "uriTemplate", "diary://{year}"),
];

/// The key of what a list has.
fn of(list: &str) -> &str {
    if list == "prompts" { list } else { "resourceTemplates" }
}
