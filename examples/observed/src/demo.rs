//! Starts the server as a child, kills it in the middle of a task, starts it again, and shows the trace of that task.

use std::path::Path;

use pmcp_client::{Client, ElicitAnswer, RequestOptions};
use processes::{Child, Outcome, Role, say};
use serde_json::json;

use crate::{collector::Collector, health, tree::tree};

/// The trace of whoever calls, and the span in it that the call is made from.
const TRACE: u128 = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c;
const CALLER: u64 = 0x00f0_67aa_0ba9_02b7;

/// The tree that is to come.
const EXPECTED: &str = "\
the caller's span
  SERVER tools/call bake [first]
    CONSUMER take_over bake [second]
      INTERNAL execute_tool bake [second] 2 completed
        INTERNAL step [second] oven
        CLIENT elicitation/create [second]
a span that was lost with its process
  INTERNAL step [first] knead
";

/// What the caller tells the tool, and what nobody else is to read.
const FLOUR: &str = "secret rye";

async fn start(name: &str, directory: &Path, collector: &str) -> Outcome<(Child, Client)> {
    let directory = directory.to_str().ok_or("the path of the directory is not UTF-8")?;
    let addresses = ["--serve", "--http", "127.0.0.1:0", "--health", "127.0.0.1:0"];
    let arguments = [&addresses[..], &["--dir", directory, "--otlp", collector, "--name", name]].concat();
    let child = Role::of_this_program(&arguments)?.start("listening on ").await?;
    say(format_args!("process {} is the {name} server", child.id()));
    let client = Client::builder("observed", env!("CARGO_PKG_VERSION"))
        .on_elicit(|_| async { ElicitAnswer::Accept(json!({ "answer": true })) })
        .connect_http(child.told())
        .await?;
    Ok((child, client))
}

pub(crate) async fn run() -> Outcome<()> {
    let directory = tempfile::tempdir()?;
    let (collector, address) = Collector::start().await?;
    let url = format!("http://{address}");

    let (mut first, client) = start("first", directory.path(), &url).await?;
    let parent = format!("00-{TRACE:032x}-{CALLER:016x}-01");
    let traced = RequestOptions::new().meta("traceparent", parent);
    let task = client.call_tool_with("bake", json!({ "flour": FLOUR }), traced).await?;
    let task = task.into_task().ok_or("the call did not become a task")?;
    let id = task.id().to_owned();
    collector.until("the first step", |one| one.span.name == "step").await?;
    first.kill().await?;
    say(format_args!("killed process {} after the first step of task {id}", first.id()));

    let (second, client) = start("second", directory.path(), &url).await?;
    let result = client.task(&id).wait().await?;
    assert_eq!(result.first_text(), Some(&*format!("sliced {}", FLOUR.replace("rye", "rye bread"))));
    let log = second.log();
    let health = log.iter().find_map(|line| line.strip_prefix("health at ")).ok_or("no address for health")?;
    let answer = health::ask(health).await?;
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && answer.contains(r#""backend":"sqlite","reachable":true"#),
        "{answer}"
    );
    collector.until("the second run", |one| one.span.name == "execute_tool bake").await?;

    let spans = collector.received();
    let tree = tree(&spans, (&TRACE.to_be_bytes(), &CALLER.to_be_bytes()));
    say(format_args!("\n{tree}"));
    assert_eq!(tree, EXPECTED, "the life of the task is one trace");
    assert!(!format!("{spans:?}").contains(FLOUR), "no span tells what the task is about");
    Ok(())
}
