//! Questions of a run's steps: to the client as any call's, or by `workflow_continue`.

use pmcp_tasks::ToolResult;
use serde_json::{Value, json};

use super::{deploy::*, worded::assert_leads_on};
use crate::support::*;

#[derive(pmcp_tasks::Form)]
struct Name {
    name: String,
}

/// A server whose step `build` asks twice.
fn server() -> (Cluster, Server) {
    let cluster = Cluster::new();
    let server = cluster.with(with_deploy);
    logs(&server, &cluster.log);
    server.world.on("restarting", |_, cx| async move {
        let cx = cx.tool();
        let (one, two): (Name, Name) = (cx.elicit("Which name?").await?, cx.elicit("And whose?").await?);
        Ok(ToolResult::text(format!("{} of {}", one.name, two.name)))
    });
    (cluster, server)
}

/// The runs of Ann.
async fn runs(server: &Server) -> Vec<String> {
    server.v2025("ann").page(None).await.0
}

fn named(key: &str, name: &str) -> Value {
    json!({ key: accept(json!({ "name": name })) })
}

/// The request again, with an answer.
fn again(request: &Value, asked: &Value, responses: Value) -> Value {
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    let mut request = request.clone();
    request["requestState"] = asked["requestState"].clone();
    request["inputResponses"] = responses;
    request
}

#[tokio::test]
async fn a_request_that_begins_a_run_is_answered_with_its_questions() {
    for method in ["prompts/get", "tools/call"] {
        let (cluster, server) = server();
        let client = server.v2026("ann");
        let request = json!({ "name": "deploy", "arguments": api() });
        let asked = client.ok(method, request.clone()).await;
        assert_eq!(asked["inputRequests"]["build/input-1"]["params"]["message"], "Which name?", "{asked}");
        let asked = client.ok(method, again(&request, &asked, named("build/input-1", "Eve"))).await;
        assert_eq!(asked["inputRequests"]["build/input-2"]["params"]["message"], "And whose?", "{asked}");
        let reply = client.ok(method, again(&request, &asked, named("build/input-2", "Ann"))).await;
        assert_eq!(states(&reply), ["done", "done", "open", "waiting", "waiting"]);
        assert_eq!(standing(&reply)["steps"][1]["result"], "Eve of Ann");
        assert_eq!(runs(&server).await.len(), 1, "{method}: it began once");
        assert_eq!(cluster.log.lines().len(), 1);
    }
}

#[tokio::test]
async fn what_was_asked_may_be_answered_by_workflow_continue() {
    let (_cluster, server) = server();
    let client = server.v2026("ann");
    client.prompt(api()).await.unwrap();
    let id = runs(&server).await[0].clone();
    let shown = client.go_on(&id, json!({})).await;
    assert!(texts(&shown).contains("The server asks the user: Which name?"), "{shown}");
    let answer = |key: &str, name: &str| json!({ "question": key, "answer": { "name": name } });
    client.go_on(&id, answer("build/input-1", "Eve")).await;
    let reply = client.go_on(&id, answer("build/input-2", "Ann")).await;
    assert_eq!(standing(&reply)["steps"][1]["result"], "Eve of Ann");
}

#[tokio::test]
async fn a_prompt_that_goes_on_is_answered_with_questions_too() {
    let (_cluster, server) = server();
    let client = server.v2026("ann");
    client.prompt(api()).await.unwrap();
    let id = runs(&server).await[0].clone();
    let request = json!({ "name": "deploy", "arguments": { "_task_id": id } });
    let asked = client.ok("prompts/get", request.clone()).await;
    let asked = client.ok("prompts/get", again(&request, &asked, named("build/input-1", "Eve"))).await;
    let reply = client.ok("prompts/get", again(&request, &asked, named("build/input-2", "Ann"))).await;
    assert_eq!(run_id(&reply), id);
    assert_eq!(states(&reply)[2], "open");
}

#[tokio::test]
async fn an_answer_belongs_to_the_request_that_was_asked() {
    let (_cluster, server) = server();
    let client = server.v2026("ann");
    let request = json!({ "name": "deploy", "arguments": api() });
    let asked = client.ok("prompts/get", request.clone()).await;
    let answered = again(&request, &asked, named("build/input-1", "Eve"));
    let mut other = answered.clone();
    other["arguments"]["service"] = "web".into();
    assert_eq!(client.err("prompts/get", other).await.code, -32602);
    let mut nonsense = answered.clone();
    nonsense["requestState"] = "nonsense".into();
    assert_eq!(client.err("prompts/get", nonsense).await.code, -32602);
    assert_eq!(server.v2026("bob").err("prompts/get", answered.clone()).await.code, -32602);
    let unfit = again(&request, &asked, json!({ "build/input-1": accept(json!({ "name": 5 })) }));
    let asked_again = client.ok("prompts/get", unfit).await;
    assert!(asked_again["inputRequests"]["build/input-1"].is_object(), "{asked_again}");
    let asked = client.ok("prompts/get", answered).await;
    assert!(asked["inputRequests"]["build/input-2"].is_object(), "{asked}");
}

#[tokio::test]
async fn a_session_is_asked_during_the_call() {
    let (_cluster, server) = server();
    let client = server.v2025("ann");
    client.stream.answers(|_, params| {
        let name = if params["message"] == "Which name?" { "Eve" } else { "Ann" };
        Ok(accept(json!({ "name": name })))
    });
    let reply = client.prompt(api()).await.unwrap();
    assert_eq!(states(&reply), ["done", "done", "open", "waiting", "waiting"]);
    assert_eq!(standing(&reply)["steps"][1]["result"], "Eve of Ann");
    assert_eq!(client.stream.requests().len(), 2);
}

#[tokio::test]
async fn a_session_that_takes_its_time_is_told_in_time_and_its_answer_counts() {
    let (_cluster, server) = server();
    let client = server.v2025("ann");
    let prompt = client.spawn("prompts/get", json!({ "name": "deploy", "arguments": api() }));
    settle().await;
    assert_eq!(client.stream.requests().len(), 1);
    server.advance(seconds(4)).await;
    let reply = prompt.await.unwrap().unwrap();
    let text = prompt_text(&reply);
    assert!(text.contains("The user is being asked in a form: Which name?"), "{text}");
    let next = assert_leads_on("asked in a form", &reply);
    assert!(next["arguments"]["wait_seconds"].is_number(), "{next}");
    assert!(text.contains(r#""answer":{"name":"<name>"},"question":"build/input-1"}"#), "{text}");
    assert_eq!(client.stream.abandoned(), 0, "the form stays open");
    let id = run_id(&reply);
    // Whoever answers first: here the model.
    client.go_on(&id, json!({ "question": "build/input-1", "answer": { "name": "Eve" }, "wait_seconds": 0 })).await;
    eventually("the form is taken back, and the next one shown", || {
        client.stream.abandoned() == 1 && client.stream.requests().len() == 2
    })
    .await;
}

#[tokio::test]
async fn a_session_that_waits_for_the_end_is_asked_what_later_steps_ask() {
    let (_cluster, server) = server();
    server.world.on("restarting", |_, _| async { Ok(ToolResult::text("built")) });
    server.world.on("optional", |_, cx| async move {
        Ok(ToolResult::text(cx.tool().elicit::<Name>("Which name?").await?.name))
    });
    let client = server.v2025("ann");
    client.session.answers(|_, _| Ok(accept(json!({ "name": "Eve" }))));
    let id = run_id(&client.prompt(json!({ "service": "no notes" })).await.unwrap());
    let result = client.spawn("tasks/result", json!({ "taskId": id }));
    settle().await;
    let by_hand = server.v2025("ann");
    let call = by_hand.spawn("tools/call", json!({ "name": "plain", "arguments": { "_task_id": id } }));
    eventually("its session answers", || result.is_finished()).await;
    assert_eq!(result.await.unwrap().unwrap()["structuredContent"]["result"], "Eve");
    call.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_client_that_shows_no_forms_is_told_by_text() {
    let (_cluster, server) = server();
    // The run was begun by one that does.
    let other = server.v2026("ann");
    other.prompt(api()).await.unwrap();
    let id = runs(&server).await[0].clone();
    for client in [server.v2026("ann").without_elicitation(), server.v2025("ann").without_elicitation()] {
        let reply = client.prompt(json!({ "_task_id": id })).await.unwrap();
        assert!(prompt_text(&reply).contains("The server asks the user: Which name?"), "{reply}");
        assert!(client.stream.requests().is_empty());
    }
}

#[tokio::test]
async fn a_step_sends_the_user_to_a_page() {
    let cluster = Cluster::new();
    let server = cluster.with(with_deploy);
    logs(&server, &cluster.log);
    server.world.on("restarting", |_, cx| async move {
        let page = |id: &str| format!("https://notes.example/connect?id={id}");
        Ok(ToolResult::text(format!("at {}", cx.tool().elicit_url("Give access.", page).await?.id())))
    });
    let mut client = server.v2026("ann");
    client.cx.client.elicitation_url = true;
    let request = json!({ "name": "deploy", "arguments": api() });
    let asked = client.ok("prompts/get", request.clone()).await;
    let params = &asked["inputRequests"]["build/input-1"]["params"];
    assert_eq!((&params["mode"], &params["message"]), (&json!("url"), &json!("Give access.")));
    let id = params["url"].as_str().unwrap().rsplit_once('=').unwrap().1;
    let shown = client.go_on(&runs(&server).await[0], json!({})).await;
    let text = texts(&shown);
    assert!(text.contains(params["url"].as_str().unwrap()) && text.contains("Show them the link in full"), "{shown}");
    let went = json!({ "build/input-1": { "action": "accept" } });
    let reply = client.ok("prompts/get", again(&request, &asked, went)).await;
    assert_eq!(standing(&reply)["steps"][1]["result"], format!("at {id}"));
}
