//! Habits of hosts with prompts, as their sources have them: what each does, and what its model is shown.

use pmcp_tasks::ToolResult;
use serde_json::{Value, json};

use super::{deploy::*, worded::spelled_out};
use crate::support::*;

fn server() -> (Cluster, Server) {
    let cluster = Cluster::new();
    let server = cluster.with(with_deploy);
    logs(&server, &cluster.log);
    (cluster, server)
}

/// Fails unless the model is told how to begin, and nothing has begun.
async fn assert_only_looked_at(client: &Client, cluster: &Cluster, params: Value) {
    let reply = client.request("prompts/get", params).await.unwrap();
    let begins = ("deploy".to_owned(), json!({ "service": "<service>" }));
    assert_eq!(spelled_out(prompt_text(&reply)), Some(begins), "{reply}");
    assert!(reply.get("_meta").is_none(), "{reply}");
    assert!(cluster.log.lines().is_empty(), "{:?}", cluster.log.lines());
}

#[tokio::test]
async fn a_host_that_gets_every_prompt_when_it_starts_begins_nothing() {
    let (cluster, server) = server();
    for client in [server.v2025("ann"), server.v2026("ann")] {
        assert_only_looked_at(&client, &cluster, json!({ "name": "deploy" })).await;
    }
    assert!(server.v2025("ann").page(None).await.0.is_empty(), "there is a task");
}

/// It gives its model the first message and drops what is beside it: what the texts spell out is the whole way.
#[tokio::test]
async fn a_host_that_has_only_the_first_message_finishes() {
    let (_cluster, server) = server();
    let client = server.v2025("ann");
    let reply = client.prompt(api()).await.unwrap();
    let mut shown = reply["messages"][0]["content"]["text"].as_str().unwrap().to_owned();
    while let Some((tool, mut arguments)) = spelled_out(&shown) {
        if let Some(result) = arguments.get_mut("result") {
            *result = "What is new.".into();
        }
        shown = texts(&client.call(&tool, arguments).await.unwrap());
    }
    assert!(shown.contains("4. notes: done. 5. roll_out: done."), "{shown}");
}

/// It gets the prompt with marks for what the user has yet to say, and puts the user's words behind the result.
#[tokio::test]
async fn a_host_that_puts_the_users_words_into_the_result_begins_with_them() {
    let (cluster, server) = server();
    let client = server.v2026("ann");
    let marked = json!({ "name": "deploy", "arguments": { "service": "$1", "how": "$2", "_task_id": "$3" } });
    assert_only_looked_at(&client, &cluster, marked).await;
    let begun = client.call("deploy", json!({ "service": "api", "how": "slow" })).await.unwrap();
    assert_eq!(states(&begun), ["done", "done", "open", "waiting", "waiting"]);
}

/// It splits the user's words at spaces, keeps quotes, and gives what is left over to the last argument.
#[tokio::test]
async fn a_host_that_splits_the_users_words_begins_nothing_with_a_part_of_them() {
    let (cluster, server) = server();
    let client = server.v2025("ann");
    for split in [
        json!({ "service": "'the", "how": "slow" }),
        json!({ "service": "\"the" }),
        json!({ "service": "api", "how": "slow", "_task_id": "please" }),
    ] {
        assert_only_looked_at(&client, &cluster, json!({ "name": "deploy", "arguments": split })).await;
    }
    let unknown = client.prompt(json!({ "_task_id": "please" })).await.unwrap_err();
    assert_eq!((unknown.code, unknown.message.as_str()), (-32602, "unknown task"));
}

/// It gives up after five seconds, whatever the prompt is got for.
#[tokio::test]
async fn a_host_that_gives_up_early_is_answered_before() {
    let (_cluster, server) = server();
    server.world.on("restarting", |_, _| async { Err(pmcp_tasks::ToolError::new("no disk")) });
    let client = server.v2025("ann");
    let id = run_id(&client.prompt(api()).await.unwrap());
    server.world.on("restarting", |_, cx| async move {
        cx.tool().sleep(seconds(60)).await?;
        Ok(ToolResult::text("built"))
    });
    let another_try = client.spawn("prompts/get", json!({ "name": "deploy", "arguments": { "_task_id": id } }));
    let by_tool = client.spawn("tools/call", json!({ "name": "deploy", "arguments": { "service": "web" } }));
    settle().await;
    server.advance(seconds(4)).await;
    settle().await;
    for request in [another_try, by_tool] {
        assert!(request.is_finished(), "it waits on");
        let reply = request.await.unwrap().unwrap();
        assert_eq!(states(&reply)[1], "running", "{reply}");
    }
}

/// It gets the prompt to show it to its user, asks whether to go on, and then gets it again: that is one run.
#[tokio::test]
async fn a_host_that_asks_first_and_gets_it_again_has_one_run() {
    let (cluster, server) = server();
    let client = server.v2025("ann");
    let shown = client.prompt(api()).await.unwrap();
    server.advance(seconds(30)).await;
    let used = client.prompt(api()).await.unwrap();
    assert_eq!(run_id(&used), run_id(&shown));
    assert_eq!(cluster.log.lines().len(), 2, "the server's steps ran once");
}

/// It never sends arguments: the text that it shows has the tool that begins it.
#[tokio::test]
async fn a_host_that_sends_no_arguments_begins_by_the_tool() {
    let (cluster, server) = server();
    let client = server.v2025("ann");
    assert_only_looked_at(&client, &cluster, json!({ "name": "deploy" })).await;
    assert_only_looked_at(&client, &cluster, json!({ "name": "deploy", "arguments": null })).await;
    assert_eq!(states(&client.call("deploy", api()).await.unwrap())[2], "open");
}
