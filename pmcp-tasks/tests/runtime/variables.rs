//! Variables: who sees and sets what, and that concurrent writers lose nothing.

use std::sync::Arc;

use futures_util::future::join_all;
use pmcp_tasks::{
    Limits, RpcError, TaskContext, ToolResult, protocol::VARIABLES, task::VariableError, testing::block_on,
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::support::*;

/// What a client sees of a new task.
fn initial() -> Value {
    json!({ "rows": 0, "notes": [], "dry_run": false, "limit": null, "status": "new" })
}

/// A tool that ends when the test says so, with everything it can read of its variables.
fn gated(server: &Server) -> Arc<Semaphore> {
    let gate = Arc::new(Semaphore::new(0));
    let open = gate.clone();
    server.world.on("variables", move |_, cx| {
        let gate = open.clone();
        async move {
            let task: TaskContext<Shared> = cx.task();
            gate.acquire().await.unwrap().forget();
            let read = task.variables().read().await?;
            Ok(ToolResult::text(format!("{read:?}")))
        }
    });
    gate
}

fn shown(task: &Value) -> &Value {
    &task["_meta"][VARIABLES]
}

fn create(variables: &Value) -> Value {
    json!({ "name": "variables", "arguments": {}, "_meta": { VARIABLES: variables } })
}

#[tokio::test]
async fn they_are_shown_in_create_get_and_result_and_not_in_lists_or_status_notifications() {
    let server = Server::new();
    let gate = gated(&server);
    for client in [server.v2025("ann"), server.v2026("bob")] {
        let created = client.create_with(create(&json!({ "dry_run": true }))).await.unwrap();
        let mut expected = initial();
        expected["dry_run"] = true.into();
        assert_eq!(shown(&created), &expected);
        let id = id_of(&created);
        assert_eq!(shown(&client.get(&id).await), &expected);
        gate.add_permits(1);
        let ended = client.until(&id, "completed").await;
        assert_eq!(shown(&ended), &expected);
        assert!(!ended.to_string().contains("hidden") && ended["_meta"].as_object().unwrap().len() == 1);
    }
    let client = server.v2025("ann");
    let id = client.page(None).await.0[0].clone();
    let result = client.result(&id).await.unwrap();
    assert_eq!(shown(&result)["dry_run"], true);
    assert!(text_of(&result).contains("dry_run: true") && text_of(&result).contains("initial secret"));
    let listed = client.ok("tasks/list", json!({})).await;
    assert!(!listed.to_string().contains("dry_run"), "{listed}");
    let notified = Value::from(client.session.notified("notifications/tasks/status"));
    assert!(!notified.to_string().contains("dry_run"), "{notified}");
}

#[tokio::test]
async fn a_task_without_variables_shows_none() {
    let client = Server::new().v2026("ann");
    let created = client.create("optional").await.unwrap();
    assert!(created.get("_meta").is_none());
    assert!(client.until(&id_of(&created), "completed").await.get("_meta").is_none());
}

#[tokio::test]
async fn a_hidden_one_is_never_shown_whatever_it_holds() {
    let server = Server::new();
    server.world.on("variables", |_, cx| async move {
        let task: TaskContext<Shared> = cx.task();
        task.variables().secret.set("TOPSECRET".into()).await?;
        assert_eq!(task.variables().secret.get().await?, "TOPSECRET");
        Ok(ToolResult::default())
    });
    let (old, new) = (server.v2025("ann"), server.v2026("ann"));
    let id = old.start("variables").await;
    let mut everything = vec![old.result(&id).await.unwrap(), new.get(&id).await, old.get(&id).await];
    everything.push(old.ok("tasks/list", json!({})).await);
    everything.extend(old.session.notified("notifications/tasks/status"));
    for message in everything {
        assert!(!message.to_string().contains("ecret"), "{message}");
    }
}

#[tokio::test]
async fn the_client_sets_what_it_may_and_null_resets_it() {
    let server = Server::new();
    let gate = gated(&server);
    for client in [server.v2025("ann"), server.v2026("ann")] {
        let id = id_of(&client.create_with(create(&json!({ "limit": 3 }))).await.unwrap());
        client.set(&id, json!({ "dry_run": true, "limit": 7 })).await.unwrap();
        let task = client.get(&id).await;
        assert_eq!((&shown(&task)["dry_run"], &shown(&task)["limit"]), (&json!(true), &json!(7)));
        client.set(&id, json!({ "dry_run": null, "limit": null })).await.unwrap();
        assert_eq!(shown(&client.get(&id).await), &initial());
        client.set(&id, json!({})).await.unwrap();
        client.set(&id, json!({ "dry_run": true })).await.unwrap();
        gate.add_permits(1);
        let ended = client.until(&id, "completed").await;
        assert_eq!(shown(&ended)["dry_run"], true);
    }
}

fn names_are_refused_alike(errors: &[(&str, RpcError)]) {
    for (name, error) in errors {
        assert_eq!((error.code, &error.data), (-32602, &None));
        assert_eq!(error.message, format!("variable `{name}` cannot be set by the client"));
    }
}

#[tokio::test]
async fn what_the_client_may_not_set_is_refused_and_nothing_changes() {
    let server = Server::new();
    let _gate = gated(&server);
    let client = server.v2026("ann");
    let id = client.start("variables").await;
    let mut errors = Vec::new();
    // Hidden, read-only and unknown ones answer alike.
    for name in ["secret", "rows", "no such", "status", ""] {
        let variables = json!({ "dry_run": true, name: "x" });
        errors.push((name, client.set(&id, variables.clone()).await.unwrap_err()));
        errors.push((name, client.create_with(create(&variables)).await.unwrap_err()));
    }
    names_are_refused_alike(&errors);
    for variables in [
        json!({ "dry_run": "yes", "limit": 1 }),
        json!({ "dry_run": true, "limit": -1 }),
        json!({ "limit": 4_294_967_296_u64, "dry_run": true }),
        json!([]),
        json!("dry_run"),
        json!(null),
    ] {
        assert_eq!(client.set(&id, variables.clone()).await.unwrap_err().code, -32602, "{variables}");
        assert_eq!(client.create_with(create(&variables)).await.unwrap_err().code, -32602, "{variables}");
    }
    assert_eq!(shown(&client.get(&id).await), &initial());
    assert_eq!(server.v2025("ann").page(None).await.0, [id]);
}

#[tokio::test]
async fn a_bad_variable_and_a_good_answer_change_nothing_together() {
    let server = Server::new();
    server.world.on("variables", |_, cx| async move {
        let answer: Shared2 = cx.tool().elicit("?").await?;
        Ok(ToolResult::text(answer.name))
    });
    let client = server.v2026("ann");
    let id = client.start("variables").await;
    let before = client.until(&id, "input_required").await;
    let update = |variables: Value, answer: Value| json!({ "taskId": id, "inputResponses": { "input-1": answer }, "_meta": { VARIABLES: variables } });
    let good = accept(json!({ "name": "A" }));
    assert_eq!(client.err("tasks/update", update(json!({ "rows": 1 }), good.clone())).await.code, -32602);
    assert_eq!(client.err("tasks/update", update(json!({ "dry_run": true }), json!(7))).await.code, -32602);
    assert_eq!(client.get(&id).await, before);
    client.ok("tasks/update", update(json!({ "dry_run": true }), good)).await;
    let task = client.until(&id, "completed").await;
    assert_eq!((text_of(&task["result"]), &shown(&task)["dry_run"]), ("A", &json!(true)));
}

#[derive(pmcp_tasks::Form)]
struct Shared2 {
    name: String,
}

#[tokio::test]
async fn after_the_end_nothing_sets_them() {
    let server = Server::new();
    gated(&server).add_permits(1);
    let client = server.v2026("ann");
    let id = client.start("variables").await;
    let ended = client.until(&id, "completed").await;
    let error = client.set(&id, json!({ "dry_run": true })).await.unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32602, "the task has ended: its variables do not change any more")
    );
    assert_eq!(client.get(&id).await, ended);
}

#[tokio::test]
async fn the_function_reads_what_the_client_set_and_changes_several_at_once() {
    let server = Server::new();
    server.world.on("variables", |_, cx| async move {
        let task: TaskContext<Shared> = cx.task();
        let variables = task.variables();
        assert!(variables.dry_run.get().await?);
        assert_eq!(variables.limit.get().await?, Some(3));
        let after = variables
            .update(|all| {
                all.rows += 5;
                all.notes.push("first".into());
                all.limit = None;
            })
            .await?;
        assert_eq!((after.rows, after.limit, after.dry_run), (5, None, true));
        assert_eq!(variables.rows.add(2).await?, 7);
        variables.notes.push("second".into()).await?;
        assert_eq!(variables.status.update(|status| status + "er").await?, "newer");
        assert_eq!(variables.read().await?.notes, ["first", "second"]);
        let overflow = variables.rows.add(u64::MAX).await;
        assert!(matches!(overflow, Err(VariableError::Overflow { .. })));
        Ok(ToolResult::default())
    });
    for client in [server.v2026("ann"), server.v2025("ann")] {
        let id = id_of(&client.create_with(create(&json!({ "dry_run": true, "limit": 3 }))).await.unwrap());
        let task = client.until(&id, "completed").await;
        let expected =
            json!({ "rows": 7, "notes": ["first", "second"], "dry_run": true, "limit": null, "status": "newer" });
        assert_eq!(shown(&task), &expected);
    }
    // In a plain call they live in memory and are not shown.
    let mut params = create(&json!({ "dry_run": true, "limit": 3 }));
    params["_meta"]["other"] = 1.into();
    let result = server.v2026("ann").undeclared().ok("tools/call", params).await;
    assert_eq!((&result["isError"], result.get("_meta")), (&json!(false), None));
}

#[tokio::test]
async fn no_variable_overwrites_a_field_of_the_protocol() {
    let server = Server::new();
    server.world.on("variables", |_, cx| async move {
        let task: TaskContext<Shared> = cx.task();
        task.variables().status.set("failed".into()).await?;
        let mut result = ToolResult::text("done");
        result.meta.insert(VARIABLES.into(), json!("forged"));
        result.meta.insert("io.modelcontextprotocol/related-task".into(), json!("forged"));
        Ok(result)
    });
    let client = server.v2025("ann");
    let id = client.start("variables").await;
    let result = client.result(&id).await.unwrap();
    assert_eq!(shown(&result)["status"], "failed");
    assert_eq!(result["_meta"]["io.modelcontextprotocol/related-task"], json!({ "taskId": id }));
    let task = client.get(&id).await;
    assert_eq!((&task["status"], &shown(&task)["status"]), (&json!("completed"), &json!("failed")));
}

#[test]
fn sixty_four_writers_of_different_fields_all_succeed() {
    block_on(async {
        let server = Server::new();
        server.world.on("wide", |_, cx| async move {
            let task: TaskContext<Wide> = cx.task();
            let writers = (0..64_usize).map(|n| {
                let task = task.clone();
                tokio::spawn(async move { task.variables()[n].set(n as u64 + 1).await })
            });
            for written in join_all(writers).await {
                written.unwrap()?;
            }
            Ok(ToolResult::default())
        });
        let client = server.v2026("ann");
        let id = client.start("wide").await;
        let task = client.until(&id, "completed").await;
        for (n, name) in wide_names().iter().enumerate() {
            assert_eq!(shown(&task)[name], n + 1, "{name}");
        }
    });
}

#[test]
fn concurrent_additions_and_pushes_lose_nothing() {
    block_on(async {
        let server = Server::new();
        server.world.on("variables", |_, cx| async move {
            let task: TaskContext<Shared> = cx.task();
            let writers = (0..32).map(|n| {
                let task = task.clone();
                tokio::spawn(async move {
                    let variables = task.variables();
                    variables.rows.add(1).await?;
                    variables.notes.push(format!("{n:02}")).await?;
                    variables.update(|all| all.rows += 10).await.map(drop)
                })
            });
            for written in join_all(writers).await {
                written.unwrap()?;
            }
            Ok(ToolResult::default())
        });
        for client in [server.v2026("ann"), server.v2025("ann")] {
            let id = client.start("variables").await;
            // The client writes at the same time.
            for n in 0..32 {
                let _ = client.set(&id, json!({ "limit": n })).await;
            }
            let task = client.until(&id, "completed").await;
            assert_eq!(shown(&task)["rows"], 32 * 11);
            let mut notes: Vec<_> = shown(&task)["notes"].as_array().unwrap().iter().map(Value::to_string).collect();
            notes.sort();
            notes.dedup();
            assert_eq!(notes.len(), 32);
        }
    });
}

#[tokio::test]
async fn together_they_have_a_largest_size() {
    let server = Server::with(Limits { max_variables: 200, ..Limits::default() });
    server.world.on("variables", |_, cx| async move {
        let task: TaskContext<Shared> = cx.task();
        let variables = task.variables();
        variables.status.set("x".repeat(100)).await?;
        let large = variables.secret.set("y".repeat(100)).await;
        assert!(matches!(large, Err(VariableError::TooLarge { max: 200 })));
        let large = variables.update(|all| all.notes.push("z".repeat(100))).await;
        assert!(matches!(large, Err(VariableError::TooLarge { .. })));
        assert_eq!(variables.secret.get().await?, "initial secret");
        task.cancellation().cancelled().await;
        Ok(ToolResult::default())
    });
    let client = server.v2026("ann");
    let id = client.start("variables").await;
    settle().await;
    assert_eq!(shown(&client.get(&id).await)["status"], "x".repeat(100));
    assert_eq!(client.status(&id).await, "working");
}
