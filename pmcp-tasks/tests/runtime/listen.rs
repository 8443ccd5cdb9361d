//! `subscriptions/listen`: the states of tasks as they change.

use futures_util::{FutureExt, StreamExt};
use pmcp_tasks::{Limits, TaskContext, ToolResult, protocol::VARIABLES, router::Subscription};
use serde_json::{Value, json};

use crate::support::*;

#[derive(pmcp_tasks::Form)]
struct Name {
    name: String,
}

fn asks(server: &Server) {
    server.world.on("optional", |_, cx| async move { Ok(ToolResult::text(cx.tool().elicit::<Name>("?").await?.name)) });
}

/// What has come so far, without waiting.
async fn received(subscription: &mut Subscription) -> Vec<Value> {
    settle().await;
    let mut all = Vec::new();
    while let Some(Some(next)) = subscription.next().now_or_never() {
        all.push(next);
    }
    all
}

#[tokio::test]
async fn it_tells_the_current_state_then_each_change_and_ends() {
    let server = Server::new();
    asks(&server);
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    client.until(&id, "input_required").await;
    let mut subscription = client.listen(&[&id]).await.unwrap().unwrap();
    assert_eq!(subscription.accepted(), [id.clone()]);

    let mut expected = client.get(&id).await;
    expected.as_object_mut().unwrap().remove("resultType");
    assert_eq!(received(&mut subscription).await, [expected.clone()]);
    client.update(&id, json!({ "input-9": {} })).await.unwrap();
    assert_eq!(received(&mut subscription).await, [] as [Value; 0]);

    client.update(&id, json!({ "input-1": accept(json!({ "name": "A" })) })).await.unwrap();
    let told = received(&mut subscription).await;
    let mut completed = client.get(&id).await;
    assert_eq!(completed["status"], "completed");
    // What tasks/get answers, without being a result.
    completed.as_object_mut().unwrap().remove("resultType");
    assert_eq!(told.last(), Some(&completed));
    assert_eq!(subscription.next().await, None);
}

#[tokio::test]
async fn a_task_that_has_ended_is_told_once() {
    let server = Server::new();
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    client.until(&id, "completed").await;
    let subscription = client.listen(&[&id, &id]).await.unwrap().unwrap();
    assert_eq!(subscription.accepted(), [id]);
    let told: Vec<_> = subscription.collect().await;
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["status"], text_of(&told[0]["result"])), (&json!("completed"), "done"));
}

#[tokio::test]
async fn only_the_callers_own_tasks_are_accepted() {
    let server = Server::new();
    asks(&server);
    let (ann, bob) = (server.v2026("ann"), server.v2026("bob"));
    let (his, hers) = (bob.start("optional").await, ann.start("optional").await);
    // A call that waits for its retry is no task anybody can name.
    let waiting = ann.clone().undeclared().call("optional", json!({})).await.unwrap();
    let hidden = hidden_id(&waiting);
    let unknown = "00000000-0000-4000-8000-000000000000";
    let mut subscription = ann.listen(&[&his, unknown, "nonsense", &hers, &hidden]).await.unwrap().unwrap();
    assert_eq!(subscription.accepted(), [hers.clone()]);
    bob.cancel(&his).await.unwrap();
    assert!(received(&mut subscription).await.iter().all(|task| task["taskId"] == hers));
    let nothing = ann.listen(&[&his]).await.unwrap().unwrap();
    assert_eq!(nothing.accepted(), [] as [&str; 0]);
    assert_eq!(nothing.collect::<Vec<_>>().await, [] as [Value; 0]);
}

#[tokio::test]
async fn several_tasks_are_told_of_until_the_last_has_ended() {
    let server = Server::new();
    asks(&server);
    let client = server.v2026("ann");
    let ids = [client.start("optional").await, client.start("optional").await];
    let mut subscription = client.listen(&[&ids[0], &ids[1]]).await.unwrap().unwrap();
    received(&mut subscription).await;
    client.cancel(&ids[0]).await.unwrap();
    let told = received(&mut subscription).await;
    assert_eq!((told.len(), &told[0]["taskId"], &told[0]["status"]), (1, &json!(ids[0]), &json!("cancelled")));
    client.cancel(&ids[1]).await.unwrap();
    assert_eq!(subscription.collect::<Vec<_>>().await.len(), 1);
}

#[tokio::test]
async fn variables_and_messages_are_changes_too() {
    let server = Server::new();
    let (go, turn) = tokio::sync::mpsc::unbounded_channel::<()>();
    let turn = std::sync::Arc::new(tokio::sync::Mutex::new(turn));
    server.world.on("variables", move |_, cx| {
        let turn = turn.clone();
        async move {
            let task: TaskContext<Shared> = cx.task();
            let mut turn = turn.lock().await;
            turn.recv().await;
            task.variables().rows.set(7).await?;
            turn.recv().await;
            task.variables().secret.set("nobody sees it change".into()).await?;
            turn.recv().await;
            task.status_message("half").await?;
            turn.recv().await;
            Ok(ToolResult::default())
        }
    });
    let client = server.v2026("ann");
    let id = client.start("variables").await;
    let mut subscription = client.listen(&[&id]).await.unwrap().unwrap();
    assert_eq!(received(&mut subscription).await.len(), 1);
    go.send(()).unwrap();
    let told = received(&mut subscription).await;
    assert_eq!((told.len(), &told[0]["_meta"][VARIABLES]["rows"]), (1, &json!(7)));
    assert!(told[0]["_meta"][VARIABLES].get("secret").is_none());
    go.send(()).unwrap();
    assert_eq!(received(&mut subscription).await, [] as [Value; 0]);
    go.send(()).unwrap();
    let told = received(&mut subscription).await;
    assert_eq!((told.len(), &told[0]["statusMessage"]), (1, &json!("half")));
    drop(go);
    assert_eq!(subscription.collect::<Vec<_>>().await.last().unwrap()["status"], "completed");
}

#[tokio::test]
async fn it_ends_when_its_task_expires() {
    let server = Server::new();
    asks(&server);
    let client = server.v2026("ann");
    let id = client.start("optional").await;
    let mut subscription = client.listen(&[&id]).await.unwrap().unwrap();
    received(&mut subscription).await;
    let told = tokio::spawn(subscription.collect::<Vec<_>>());
    server.advance(minutes(61)).await;
    assert!(told.await.unwrap().iter().any(|task| task["status"] == "failed"));
}

#[tokio::test]
async fn a_request_that_names_no_tasks_is_not_ours_and_too_many_are_refused() {
    let server = Server::with(Limits { subscribed_tasks: 2, ..Limits::default() });
    let client = server.v2026("ann");
    for params in [json!({ "notifications": {} }), json!({ "notifications": { "resourceSubscriptions": ["x"] } })] {
        // Nor is the extension needed for it.
        assert!(client.router.listen(&params, &client.clone().undeclared().cx).await.unwrap().is_none());
    }
    assert_eq!(client.listen(&["a", "b", "c"]).await.unwrap_err().code, -32602);
    for params in
        [json!({}), json!({ "notifications": { "taskIds": "x" } }), json!({ "notifications": { "taskIds": [1] } })]
    {
        assert_eq!(client.router.listen(&params, &client.cx).await.unwrap_err().code, -32602, "{params}");
    }
}

#[tokio::test]
async fn a_listener_that_does_not_read_misses_no_final_state() {
    let server = Server::new();
    server.world.on("variables", |_, cx| async move {
        let task: TaskContext<Shared> = cx.task();
        for n in 0..100 {
            task.variables().rows.set(n).await?;
            tokio::task::yield_now().await;
        }
        Ok(ToolResult::default())
    });
    let client = server.v2026("ann");
    let id = client.start("variables").await;
    let subscription = client.listen(&[&id]).await.unwrap().unwrap();
    client.until(&id, "completed").await;
    let told: Vec<_> = subscription.collect().await;
    let [last] = &told[..] else { panic!("more than the latest: {told:?}") };
    assert_eq!((&last["status"], &last["_meta"][VARIABLES]["rows"]), (&json!("completed"), &json!(99)));
}
