//! What a 2025-11-25 session is told about its tasks, and asked.

use pmcp_tasks::{RpcError, ToolResult, call::Peer as _, protocol::RELATED_TASK};
use serde_json::{Value, json};

use crate::support::*;

#[derive(pmcp_tasks::Form)]
struct Name {
    name: String,
}

fn greets(server: &Server) {
    server.world.on("optional", |_, cx| async move {
        let Name { name } = cx.tool().elicit("Who are you?").await?;
        Ok(ToolResult::text(format!("Hello, {name}!")))
    });
}

const STATUS: &str = "notifications/tasks/status";

#[tokio::test]
async fn the_creating_session_is_notified_of_each_state_and_no_other_is() {
    let server = Server::new();
    greets(&server);
    let (client, other, stranger) = (server.v2025("ann"), server.v2025("ann"), server.v2025("bob"));
    let id = client.start("optional").await;
    let waiting = other.spawn("tasks/result", json!({ "taskId": id }));
    client.until(&id, "input_required").await;
    client.update(&id, json!({ "input-1": accept(json!({ "name": "Ann" })) })).await.unwrap();
    assert_eq!(text_of(&waiting.await.unwrap().unwrap()), "Hello, Ann!");
    let completed = client.get(&id).await;
    eventually("the last notification", || client.session.notified(STATUS).last() == Some(&completed)).await;

    let told = client.session.notified(STATUS);
    assert_eq!(told[0]["status"], "input_required");
    assert!(told.iter().all(|task| task["taskId"] == id && task.get("_meta").is_none()));
    assert_eq!(client.session.notifications(), told.len());
    settle().await;
    for silent in [&other.session, &stranger.session, &client.stream, &other.stream] {
        assert_eq!(silent.notifications(), 0, "{silent:?}");
    }
}

#[tokio::test]
async fn the_end_of_a_task_that_took_no_time_is_notified() {
    let server = Server::new();
    let client = server.v2025("ann");
    let id = client.start("optional").await;
    eventually("the notification", || client.session.notifications() == 1).await;
    assert_eq!(client.session.notified(STATUS), [client.get(&id).await]);
}

#[tokio::test]
async fn a_question_is_sent_to_the_session_with_the_task_it_belongs_to() {
    let server = Server::new();
    greets(&server);
    let client = server.v2025("ann");
    client.session.answers(|_, _| Ok(accept(json!({ "name": "Ann" }))));
    let id = client.start("optional").await;
    assert_eq!(text_of(&client.result(&id).await.unwrap()), "Hello, Ann!");
    let asked = client.session.requests();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].method, "elicitation/create");
    assert_eq!(asked[0].params["_meta"][RELATED_TASK]["taskId"], id);
    assert_eq!(asked[0].params["message"], "Who are you?");
    assert_eq!(asked[0].params["requestedSchema"]["properties"]["name"]["type"], "string");
    assert!(client.stream.requests().is_empty());
}

#[tokio::test]
async fn an_answer_through_update_ends_the_question_of_the_session() {
    let server = Server::new();
    greets(&server);
    let client = server.v2025("ann");
    let id = client.start("optional").await;
    eventually("the question", || client.session.requests().len() == 1).await;
    assert_eq!(client.status(&id).await, "input_required");
    client.update(&id, json!({ "input-1": accept(json!({ "name": "Ann" })) })).await.unwrap();
    assert_eq!(text_of(&client.result(&id).await.unwrap()), "Hello, Ann!");
    eventually("the end of the question", || client.session.abandoned() == 1).await;
}

#[tokio::test]
async fn waiting_for_the_result_in_another_session_asks_there_and_the_first_answer_counts() {
    let server = Server::new();
    greets(&server);
    let (creator, other) = (server.v2025("ann"), server.v2025("ann"));
    other.session.answers(|_, _| Ok(accept(json!({ "name": "the other" }))));
    let id = creator.start("optional").await;
    eventually("the question", || creator.session.requests().len() == 1).await;
    assert_eq!(text_of(&other.result(&id).await.unwrap()), "Hello, the other!");
    eventually("the end of the first question", || creator.session.abandoned() == 1).await;
    assert_eq!(other.session.requests().len(), 1);
    // Too late for either door: the question is no longer open.
    assert_eq!(creator.update(&id, json!({ "input-1": accept(json!({ "name": "late" })) })).await.unwrap(), json!({}));
    assert_eq!(text_of(&creator.result(&id).await.unwrap()), "Hello, the other!");
}

#[tokio::test]
async fn waiting_twice_in_one_session_asks_once() {
    let server = Server::new();
    greets(&server);
    let client = server.v2025("ann");
    let id = client.start("optional").await;
    let waiting =
        [client.spawn("tasks/result", json!({ "taskId": id })), client.spawn("tasks/result", json!({ "taskId": id }))];
    eventually("the question", || !client.session.requests().is_empty()).await;
    settle().await;
    assert_eq!(client.session.requests().len(), 1);
    client.update(&id, json!({ "input-1": accept(json!({ "name": "Ann" })) })).await.unwrap();
    for waiting in waiting {
        assert!(waiting.await.unwrap().is_ok());
    }
}

#[tokio::test]
async fn a_session_that_cannot_show_forms_is_not_asked_and_does_not_end_the_question_of_one_that_can() {
    let server = Server::new();
    greets(&server);
    let (client, poor) = (server.v2025("ann"), server.v2025("ann").without_elicitation());
    poor.session.answers(|_, _| Err(RpcError::method_not_found("what?")));
    let id = client.start("optional").await;
    let waiting = poor.spawn("tasks/result", json!({ "taskId": id }));
    eventually("the question", || client.session.requests().len() == 1).await;
    settle().await;
    assert!(poor.session.requests().is_empty());
    assert_eq!(client.status(&id).await, "input_required");
    client.update(&id, json!({ "input-1": accept(json!({ "name": "Ann" })) })).await.unwrap();
    assert_eq!(text_of(&waiting.await.unwrap().unwrap()), "Hello, Ann!");
}

#[tokio::test]
async fn a_client_that_answers_with_an_error_has_refused_the_question() {
    let server = Server::new();
    greets(&server);
    let client = server.v2025("ann");
    client.session.answers(|_, _| Err(RpcError::internal("no user here")));
    let id = client.start("optional").await;
    let result = client.result(&id).await.unwrap();
    assert_eq!(
        (&result["isError"], text_of(&result)),
        (&json!(true), "the client refused the question with the error -32603")
    );
}

#[tokio::test]
async fn declining_and_answers_that_do_not_fit_are_told_to_the_model() {
    let server = Server::new();
    greets(&server);
    for (answer, text) in [
        (json!({ "action": "decline" }), "the user declined to answer"),
        (json!({ "action": "cancel" }), "the user dismissed the question"),
        (
            json!({ "action": "maybe" }),
            "the answer does not fit the question: `action` is not `accept`, `decline` or `cancel`",
        ),
        (json!("Ann"), "the answer does not fit the question: it is not an object"),
    ] {
        let client = server.v2025("ann");
        client.session.answers(move |_, _| Ok(answer.clone()));
        let id = client.start("optional").await;
        assert_eq!(text_of(&client.result(&id).await.unwrap()), text);
    }
    let client = server.v2025("ann");
    client.session.answers(|_, _| Ok(accept(json!({ "name": 7 }))));
    let id = client.start("optional").await;
    let result = client.result(&id).await.unwrap();
    assert!(text_of(&result).starts_with("the answer does not fit the question: `name`: "), "{result}");
}

/// Answers that do not fit a form of one text.
fn misfits() -> Vec<Value> {
    vec![
        json!("Ann"),
        json!([true]),
        json!({}),
        json!({ "action": "maybe" }),
        json!({ "action": "accept" }),
        accept(json!(["Ann"])),
        accept(json!({})),
        accept(json!({ "name": 7 })),
        accept(json!({ "name": null })),
    ]
}

/// Answers with these in turn, then as Ann.
fn answers_at_last(peer: &FakePeer, wrong: Vec<Value>) {
    let mut left = wrong.into_iter();
    let left = std::sync::Mutex::new(move || left.next());
    peer.answers(move |_, _| Ok(left.lock().unwrap()().unwrap_or_else(|| accept(json!({ "name": "Ann" })))));
}

#[tokio::test]
async fn an_answer_that_does_not_fit_does_not_use_up_the_question() {
    let server = Server::new();
    greets(&server);
    server.world.on("ask_name", |arguments, _| async move {
        Ok(ToolResult::text(format!("Hello, {}!", arguments.answers["name"].as_str().unwrap())))
    });
    let mut all = misfits();
    // Larger than an answer that is kept.
    all.push(accept(json!({ "name": "x".repeat(65_536) })));
    for wrong in all {
        let client = server.v2025("ann");
        answers_at_last(&client.session, vec![wrong.clone(), wrong.clone()]);
        let id = client.start("optional").await;
        assert_eq!(text_of(&client.result(&id).await.unwrap()), "Hello, Ann!", "{wrong}");
        assert_eq!(client.session.requests().len(), 3);
    }
    for (tool, wrong) in
        ["optional", "ask_name"].into_iter().flat_map(|tool| misfits().into_iter().map(move |it| (tool, it)))
    {
        let client = server.v2025("ann");
        answers_at_last(&client.stream, vec![wrong.clone(), wrong.clone()]);
        assert_eq!(text_of(&client.call(tool, json!({})).await.unwrap()), "Hello, Ann!", "{tool} {wrong}");
        assert_eq!(client.stream.requests().len(), 3);
    }
}

#[tokio::test]
async fn a_client_that_never_answers_what_it_is_asked_is_asked_three_times() {
    let server = Server::new();
    greets(&server);
    for wrong in misfits() {
        let client = server.v2025("ann");
        for peer in [&client.session, &client.stream] {
            let wrong = wrong.clone();
            peer.answers(move |_, _| Ok(wrong.clone()));
        }
        let id = client.start("optional").await;
        assert_eq!(client.result(&id).await.unwrap()["isError"], true, "{wrong}");
        assert_eq!(client.call("optional", json!({})).await.unwrap()["isError"], true, "{wrong}");
        assert_eq!((client.session.requests().len(), client.stream.requests().len()), (3, 3));
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_dismisses_the_question() {
    let server = Server::new();
    greets(&server);
    let client = server.v2025("ann");
    client.session.answers(|_, _| Ok(accept(json!({ "name": "x".repeat(65_536) }))));
    let id = client.start("optional").await;
    assert_eq!(text_of(&client.result(&id).await.unwrap()), "the user dismissed the question");
}

#[tokio::test]
async fn when_the_session_ends_the_question_stays_open_for_others() {
    let server = Server::new();
    greets(&server);
    let client = server.v2025("ann");
    let id = client.start("optional").await;
    eventually("the question", || client.session.requests().len() == 1).await;
    client.session.close();
    settle().await;
    assert_eq!(client.status(&id).await, "input_required");
    let later = server.v2025("ann");
    later.session.answers(|_, _| Ok(accept(json!({ "name": "again" }))));
    assert_eq!(text_of(&later.result(&id).await.unwrap()), "Hello, again!");
    assert!(client.session.notified(STATUS).iter().all(|task| task["status"] != "completed"));
}

#[tokio::test]
async fn questions_asked_together_are_all_sent() {
    let server = Server::new();
    server.world.on("optional", |_, cx| async move {
        let cx = cx.tool();
        let (one, two) = tokio::join!(cx.elicit::<Name>("one"), cx.elicit::<Name>("two"));
        Ok(ToolResult::text(format!("{}, {}", one?.name, two?.name)))
    });
    let client = server.v2025("ann");
    client.session.answers(|_, params| Ok(accept(json!({ "name": params["message"] }))));
    let id = client.start("optional").await;
    assert_eq!(text_of(&client.result(&id).await.unwrap()), "one, two");
    assert_eq!(client.session.requests().len(), 2);
}

#[tokio::test]
async fn the_model_and_the_roots_can_be_asked_too() {
    let server = Server::new();
    server.world.on("optional", |_, cx| async move {
        let sampled = cx.tool().sample(json!({ "messages": [], "maxTokens": 1 })).await?;
        let roots = cx.tool().list_roots().await?;
        Ok(ToolResult::text(format!("{} {roots}", sampled["model"])))
    });
    let answer = |method: &str, _: &Value| match method {
        "sampling/createMessage" => Ok(json!({ "model": "m", "role": "assistant" })),
        "roots/list" => Ok(json!({ "roots": [] })),
        other => Err(RpcError::method_not_found(other)),
    };
    let client = server.v2025("ann");
    client.session.answers(answer);
    client.stream.answers(answer);
    let id = client.start("optional").await;
    assert_eq!(text_of(&client.result(&id).await.unwrap()), "\"m\" []");
    assert_eq!(text_of(&client.call("optional", json!({})).await.unwrap()), "\"m\" []");
}

#[tokio::test]
async fn a_plain_call_asks_on_its_own_stream() {
    let server = Server::new();
    greets(&server);
    let client = server.v2025("ann");
    client.stream.answers(|_, _| Ok(accept(json!({ "name": "Ann" }))));
    assert_eq!(text_of(&client.call("optional", json!({})).await.unwrap()), "Hello, Ann!");
    let asked = client.stream.requests();
    assert_eq!((asked.len(), asked[0].params.get("_meta")), (1, None));
    assert!(client.session.requests().is_empty());
    let poor = server.v2025("ann").without_elicitation();
    let result = poor.call("optional", json!({})).await.unwrap();
    assert_eq!(text_of(&result), "the client does not support elicitation");
}

#[tokio::test]
async fn a_plain_call_whose_stream_is_gone_ends() {
    let server = Server::new();
    greets(&server);
    let client = server.v2025("ann");
    let call = client.spawn("tools/call", json!({ "name": "optional" }));
    eventually("the question", || client.stream.requests().len() == 1).await;
    assert_eq!(client.stream.session(), client.cx.peer.session());
    client.stream.close();
    assert_eq!(call.await.unwrap().unwrap_err().message, "cancelled");
}

#[tokio::test]
async fn a_task_without_a_session_is_asked_through_update() {
    let server = Server::new();
    greets(&server);
    let mut client = server.v2025("ann");
    client.cx.session = None;
    let id = client.start("optional").await;
    client.until(&id, "input_required").await;
    client.update(&id, json!({ "input-1": accept(json!({ "name": "Ann" })) })).await.unwrap();
    assert_eq!(text_of(&client.result(&id).await.unwrap()), "Hello, Ann!");
}
