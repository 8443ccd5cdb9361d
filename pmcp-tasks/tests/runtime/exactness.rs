//! Values that do not come back as themselves: an error at once that names them, whichever way they go.

use std::sync::{Arc, Mutex};

use pmcp_tasks::{
    LogLevel, ResultExt as _, TaskContext, TaskRouter, TaskStore, ToolError, ToolResult, prelude::*, router::BuildError,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tracing::Level;

use crate::support::*;

#[derive(Debug, Deserialize, PartialEq, Serialize, schemars::JsonSchema)]
struct Report {
    rows: Vec<Row>,
}

#[derive(Debug, Deserialize, PartialEq, Serialize, schemars::JsonSchema)]
struct Row {
    ratio: f64,
}

fn report(ratio: f64) -> Report {
    Report { rows: vec![Row { ratio: 0.5 }, Row { ratio }] }
}

#[derive(TaskVariables, Default)]
struct Ratios {
    mean: f64,
    all: Vec<f64>,
}

/// Sets or returns something that is no number.
#[task_tool(support = "optional", inline = "0")]
async fn divide(what: String, task: TaskContext<Ratios>) -> Result<Report, ToolError> {
    let variables = task.variables();
    match what.as_str() {
        "set" => variables.mean.set(f64::NAN).await?,
        "push" => variables.all.push(f64::INFINITY).await?,
        "several" => drop(variables.update(|all| all.all = vec![1.0, f64::NAN]).await?),
        "step" => drop(task.step("divide", async || Ok::<_, ToolError>(report(f64::NAN))).await?),
        _ => return Ok(report(f64::NAN)),
    }
    Ok(report(1.0))
}

#[tokio::test]
async fn a_number_that_json_does_not_have_is_named_whichever_way_it_goes() {
    let router = TaskRouter::builder().tool::<divide>().build(TaskStore::memory()).unwrap();
    let server = Server { router, ..Server::new() };
    for client in [server.v2025("ann"), server.v2026("ann"), server.v2026("ann").undeclared()] {
        // The place inside of a value may have been named by data, and is for the log.
        for (what, said, logged) in [
            ("set", "variable `mean` cannot have this value: it is NaN, which JSON does not have", "it is NaN"),
            ("push", "variable `all` cannot have this value: it is inf, which JSON does not have", "its `[0]` is inf"),
            (
                "several",
                "variable `all` cannot have this value: it is NaN, which JSON does not have",
                "its `[1]` is NaN",
            ),
            ("step", "the result of step `divide`: it is NaN, which JSON does not have", "its `rows[1].ratio` is NaN"),
            ("result", "the result: it is NaN, which JSON does not have", "its `rows[1].ratio` is NaN"),
        ] {
            let log = Logged::begin();
            let mut call = json!({ "name": "divide", "arguments": { "what": what } });
            let result = if client.cx.client.tasks {
                let id = id_of(&client.create_with(call).await.unwrap());
                let task = client.until(&id, "completed").await;
                let meta = &task["_meta"]["run.pmcp/variables"];
                assert_eq!((&meta["mean"], &meta["all"]), (&json!(0.0), &json!([])), "nothing was changed: {task}");
                task["result"].clone()
            } else if client.cx.session.is_some() {
                call["task"] = json!({});
                client.result(&id_of(&client.create_with(call).await.unwrap())).await.unwrap()
            } else {
                client.request("tools/call", call).await.unwrap()
            };
            assert_eq!((text_of(&result), &result["isError"]), (said, &json!(true)));
            let told = log.only("the tool failed");
            assert_eq!(told.level, Level::ERROR);
            assert!(told.field("error").contains(logged), "{told:?}");
        }
    }
}

#[tokio::test]
async fn a_step_gives_what_a_later_run_would_read() {
    #[derive(Debug, Deserialize, PartialEq, Serialize)]
    struct Page {
        text: String,
        #[serde(skip)]
        cached: Option<u32>,
    }
    let server = Server::new();
    let seen = Arc::new(Mutex::new(None));
    let saw = seen.clone();
    server.world.on("required", move |_, cx| {
        let saw = saw.clone();
        async move {
            let task: TaskContext = cx.task();
            let page = async || Ok::<_, ToolError>(Page { text: "a".into(), cached: Some(1) });
            *saw.lock().unwrap() = Some(task.step("page", page).await?);
            Ok(ToolResult::default())
        }
    });
    let client = server.v2026("ann");
    let id = client.start("required").await;
    client.until(&id, "completed").await;
    assert_eq!(*seen.lock().unwrap(), Some(Page { text: "a".into(), cached: None }));
}

#[tokio::test]
async fn a_mistake_behind_an_error_of_the_tool_tells_nothing_of_that_error() {
    #[derive(Debug)]
    struct Wrapped(pmcp_tasks::task::VariableError);
    impl std::fmt::Display for Wrapped {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("db.internal")
        }
    }
    impl std::error::Error for Wrapped {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    #[task_tool]
    async fn wrap(task: TaskContext<Ratios>) -> Result<(), ToolError> {
        task.variables().mean.set(f64::NAN).await.map_err(Wrapped).context("no mean")
    }
    let router = TaskRouter::builder().tool::<wrap>().build(TaskStore::memory()).unwrap();
    let client = Server { router, ..Server::new() }.v2026("ann");
    let result = client.call("wrap", json!({})).await.unwrap();
    let said = "no mean: variable `mean` cannot have this value: it is NaN, which JSON does not have";
    assert_eq!(text_of(&result), said);
}

#[test]
fn a_default_that_cannot_be_stored_is_an_error_of_the_build() {
    #[derive(TaskVariables)]
    struct Worst {
        ratio: f64,
    }
    impl Default for Worst {
        fn default() -> Self {
            Self { ratio: f64::NAN }
        }
    }
    #[task_tool]
    async fn rate(task: TaskContext<Worst>) -> Result<f64, ToolError> {
        Ok(task.variables().ratio.get().await?)
    }
    let error = TaskRouter::builder().tool::<rate>().build(TaskStore::memory()).unwrap_err();
    assert!(matches!(error, BuildError::Variable { variable: "ratio", .. }), "{error}");
}

#[tokio::test]
async fn a_log_message_that_json_cannot_hold_is_told_here_and_not_sent() {
    let server = Server::new();
    server.world.on("plain", |_, cx| async move {
        cx.tool().log(LogLevel::Warning, json!({ "rows": 3 }));
        cx.tool().log(LogLevel::Error, report(f64::NAN));
        cx.tool().log(LogLevel::Info, "done");
        Ok(ToolResult::default())
    });
    for client in [server.v2025("ann"), server.v2026("ann")] {
        client.stream.wants_the_log();
        let log = Logged::begin();
        client.call("plain", json!({})).await.unwrap();
        let sent: Vec<_> =
            client.stream.notified("notifications/message").into_iter().map(|sent| sent["data"].clone()).collect();
        assert_eq!(sent, [json!({ "rows": 3 }), json!("done")]);
        let line = log.only("a log message is not sent");
        assert_eq!((line.level, line.field("tool"), line.field("level")), (Level::WARN, "plain", "Error"));
        assert_eq!(line.field("error"), "its `rows[1].ratio` is NaN, which JSON does not have");
    }
}
