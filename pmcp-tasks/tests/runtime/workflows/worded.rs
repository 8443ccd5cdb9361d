//! Words that lead on: whoever reads one text alone, and knows nothing of workflows, finds the call in it that programs are given.

use pmcp_tasks::{
    Limits, TaskRouter, TaskStore,
    call::{CallContext, Caller, Revision},
    prelude::*,
    router::Execution,
    task::Owner,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::deploy::*;
use crate::support::*;

#[derive(Deserialize, JsonSchema)]
struct Fragile {
    part: String,
}

#[workflow]
impl Fragile {
    #[step(on_error = "fail")]
    async fn bend(&self) -> Result<String, ToolError> {
        Err(ToolError::new(format!("the {} is broken.", self.part)))
    }
}

/// The first call that a text spells out: a tool, and what it is to be called with.
pub(crate) fn spelled_out(text: &str) -> Option<(String, Value)> {
    text.match_indices("all `").find_map(|(at, found)| {
        let (tool, rest) = text[at + found.len()..].split_once('`')?;
        let rest = rest.strip_prefix(" with ")?;
        let arguments = serde_json::Deserializer::from_str(rest).into_iter::<Value>().next()?.ok()?;
        arguments.is_object().then(|| (tool.to_owned(), arguments))
    })
}

fn text_of(reply: &Value) -> String {
    if reply["messages"].is_array() { prompt_text(reply).to_owned() } else { texts(reply) }
}

/// Fails unless the text spells out the first of the calls that are given to programs, word for word.
pub(crate) fn assert_leads_on(state: &str, reply: &Value) -> Value {
    let (text, next) = (text_of(reply), standing(reply)["next"][0].clone());
    let (tool, arguments) = (next["tool"].as_str().unwrap_or_else(|| panic!("{state}: {reply}")), &next["arguments"]);
    assert!(text.contains(&format!("all `{tool}` with {arguments}")), "{state}: no call of {tool} in\n{text}");
    assert_eq!(spelled_out(&text), Some((tool.to_owned(), arguments.clone())), "{state}:\n{text}");
    next
}

/// Fails unless nothing is left to be done, and the text says so.
fn assert_ends(state: &str, reply: &Value) {
    let text = text_of(reply);
    assert_eq!((spelled_out(&text), &standing(reply)["next"]), (None, &json!([])), "{state}:\n{text}");
    assert!(text.contains("nothing more is to be done") || text.contains("cannot go on"), "{state}:\n{text}");
}

/// Fails unless an answer, which does not tell how the run stands, leads to one that does.
fn assert_leads_back(state: &str, reply: &Value, id: &str) {
    let expected = ("workflow_continue".to_owned(), json!({ "_task_id": id }));
    assert_eq!(spelled_out(&texts(reply)), Some(expected), "{state}:\n{reply}");
}

fn server() -> (Cluster, Server) {
    served(Limits::default())
}

fn served(limits: Limits) -> (Cluster, Server) {
    let cluster = Cluster::new();
    let server = cluster.with(|router| with_deploy(router.limits(limits)));
    logs(&server, &cluster.log);
    (cluster, server)
}

#[tokio::test]
async fn each_turn_of_the_client_is_a_call_in_the_text() {
    for by_tool in [false, true] {
        let (_cluster, server) = server();
        let client = server.v2025("ann");
        let look = client.prompt(json!({})).await.unwrap();
        let start = ("deploy".to_owned(), json!({ "service": "<service>" }));
        assert_eq!(spelled_out(prompt_text(&look)), Some(start));
        let begun =
            if by_tool { client.call("deploy", api()).await.unwrap() } else { client.prompt(api()).await.unwrap() };
        let next = assert_leads_on("a tool", &begun);
        let given = client.call(next["tool"].as_str().unwrap(), next["arguments"].clone()).await.unwrap();
        let mut next = assert_leads_on("an output", &given);
        assert_eq!(
            (&next["arguments"]["result"], &next["schemas"]["result"]),
            (&json!("<the result>"), &json!({ "type": "string" }))
        );
        let text = texts(&given);
        assert!(text.contains("What it is about stands in the JSON below, as `arguments` of `notes`."), "{text}");
        assert!(text.contains("where `result` fits this JSON schema: {\"type\":\"string\"}."), "{text}");
        let again = client.go_on(&run_id(&begun), json!({})).await;
        assert_eq!(assert_leads_on("an output, asked for again", &again), next);
        let mut wrong = next["arguments"].clone();
        wrong["result"] = 5.into();
        let refused = client.call("workflow_continue", wrong).await.unwrap();
        let same = (next["tool"].as_str().unwrap().to_owned(), next["arguments"].clone());
        assert_eq!(spelled_out(&texts(&refused)), Some(same), "{refused}");
        next["arguments"]["result"] = "What is new.".into();
        let done = client.call("workflow_continue", next["arguments"].clone()).await.unwrap();
        assert_ends("finished", &done);
    }
}

#[tokio::test]
async fn a_server_at_work_is_waited_for() {
    let cluster = Cluster::new();
    let queueing =
        cluster.over(&Connection::to(&cluster.store), |router| with_deploy(router.execution(Execution::Queued)));
    let client = queueing.v2025("ann");
    let waiting = client.spawn("prompts/get", json!({ "name": "deploy", "arguments": api() }));
    settle().await;
    cluster.clock.advance(seconds(4)).await;
    assert_leads_on("about to begin", &waiting.await.unwrap().unwrap());

    let (_cluster, server) = server();
    server.world.never_ends("restarting");
    let client = server.v2025("ann");
    let waiting = client.spawn("prompts/get", json!({ "name": "deploy", "arguments": api() }));
    settle().await;
    server.advance(seconds(4)).await;
    assert_leads_on("running", &waiting.await.unwrap().unwrap());
}

#[tokio::test]
async fn what_stops_a_run_is_told_with_another_try() {
    let (_cluster, server) = server();
    let client = server.v2025("ann");
    for (service, reason) in
        [("a missing result", "unresolved"), ("refused", "refused"), ("of another build", "mismatch")]
    {
        let reply = client.prompt(json!({ "service": service })).await.unwrap();
        assert_eq!(standing(&reply)["pause"]["reason"], reason);
        assert_leads_on(reason, &reply);
    }
    server.world.on("validate", |_, _| async { Err(ToolError::new("the configuration is gone")) });
    assert_leads_on("failed", &client.prompt(api()).await.unwrap());
    server.world.on("validate", |_, _| async { Ok(ToolResult::text("valid")) });
    server.world.on("restarting", |_, _| async { Err(ToolError::new("no disk.")) });
    let reply = client.prompt(json!({ "service": "web" })).await.unwrap();
    assert_leads_on("tool failed", &reply);
    let text = prompt_text(&reply);
    assert!(text.contains("Step 2 of 5, `build`, has failed: no disk. It may"), "{text}");
    let id = run_id(&reply);
    let yours = format!("call `restarting` yourself instead, with `_task_id` \"{id}\" and the right ones.");
    assert!(text.contains(&yours), "{text}");

    let (_cluster, server) = served(Limits { max_result: 4096, ..Limits::default() });
    server.world.on("restarting", |_, _| async { Ok(ToolResult::text("x".repeat(5000))) });
    let reply = server.v2025("ann").prompt(api()).await.unwrap();
    assert_eq!(standing(&reply)["pause"]["reason"], "limit");
    assert_leads_on("limit", &reply);
}

#[tokio::test]
async fn a_step_that_was_interrupted_is_told_with_another_try() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.over(&Connection::to(&cluster.store), with_deploy), cluster.with(with_deploy));
    one.world.never_ends("optional");
    let client = one.v2025("ann");
    let id = run_id(&client.prompt(json!({ "service": "no notes" })).await.unwrap());
    let waiting = client.spawn("tools/call", json!({ "name": "plain", "arguments": { "_task_id": id } }));
    settle().await;
    cluster.two_periods().await;
    waiting.await.unwrap().unwrap();
    let reply = other.v2025("ann").go_on(&id, json!({})).await;
    assert_eq!(standing(&reply)["pause"]["reason"], "interrupted");
    assert_leads_on("interrupted", &reply);
}

#[tokio::test]
async fn a_question_is_told_with_the_call_that_answers_it() {
    #[derive(pmcp_tasks::Form)]
    struct Name {
        name: String,
    }
    let (_cluster, server) = server();
    server.world.on("restarting", |_, cx| async move {
        let Name { name } = cx.tool().elicit("Which name?").await?;
        Ok(ToolResult::text(name))
    });
    server.v2026("ann").prompt(api()).await.unwrap();
    let id = server.v2025("ann").page(None).await.0[0].clone();
    let client = server.v2026("ann").without_elicitation();
    let reply = client.prompt(json!({ "_task_id": id })).await.unwrap();
    let next = assert_leads_on("a question", &reply);
    assert_eq!(next["arguments"]["question"], "build/input-1");
    assert_eq!(next["schemas"]["answer"]["required"], json!(["name"]));
    let data = prompt_text(&reply).split("```json").nth(1).unwrap();
    assert!(
        data.contains(r#""answer":{"name":"<name>"}"#) && !data.contains("wait_seconds"),
        "its own data says otherwise: {data}"
    );
}

#[tokio::test]
async fn an_end_is_told_as_one() {
    let (_cluster, server) = server();
    let client = server.v2025("ann");
    let id = run_id(&client.prompt(api()).await.unwrap());
    assert_ends("cancelled", &client.go_on(&id, json!({ "action": "cancel" })).await);
    assert_ends("cancelled before", &client.prompt(json!({ "_task_id": id })).await.unwrap());
}

#[tokio::test]
async fn a_failure_that_ends_a_run_is_told_as_one() {
    let router = TaskRouter::builder().workflow::<Fragile>().build(TaskStore::memory()).unwrap();
    let caller = Caller::Known { owner: Owner::local(), principal: None, may_list: true };
    let cx = CallContext::new(Revision::V2025, caller);
    let params = json!({ "name": "fragile", "arguments": { "part": "spring" } });
    let reply = router.handle("prompts/get", &params, &cx).await.answer().unwrap();
    assert_ends("failed", &reply);
    let text = prompt_text(&reply);
    assert!(text.starts_with("This run has failed, and cannot go on: the spring is broken. Tell the user."), "{text}");
}

/// What is said of a call that did not move the run leads back to it, for a host that has forgotten all else.
#[tokio::test]
async fn what_a_call_did_not_do_leads_back_to_the_run() {
    let (_cluster, server) = server();
    let client = server.v2025("ann");
    let id = run_id(&client.prompt(api()).await.unwrap());
    let call =
        async |tool: &str, digest: &str| client.call(tool, json!({ "_task_id": id, "digest": digest })).await.unwrap();
    assert_leads_back("too early", &call("optional", "any").await, &id);
    server.world.on("plain", |_, _| async { Err(ToolError::new("not today")) });
    let failed = call("plain", "restarting is done").await;
    assert_leads_back("failed", &failed, &id);
    assert!(
        texts(&failed).contains("`approve` is still open: call this tool again with the same `_task_id`"),
        "{failed}"
    );
    server.world.on("plain", |_, _| async { Ok(ToolResult::text("text").with_structured(json!({ "no": "text" }))) });
    let misfit = call("plain", "restarting is done").await;
    assert_leads_back("misfit", &misfit, &id);
    // A host that shows its model structure alone has the same words.
    let note = misfit["structuredContent"]["_workflow"]["note"].as_str().unwrap();
    assert!(spelled_out(note).is_some(), "{note}");
    server.world.on("plain", |_, _| async { Ok(ToolResult::text("yes")) });
    call("plain", "restarting is done").await;
    assert_leads_back("made before", &call("plain", "restarting is done").await, &id);
    assert_leads_back("done with others", &call("plain", "other").await, &id);
    client.go_on(&id, json!({ "action": "cancel" })).await;
    assert_leads_back("after its end", &call("plain", "restarting is done").await, &id);
}
