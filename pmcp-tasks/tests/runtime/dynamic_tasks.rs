//! Tools that are made while the server runs, as tasks: whose they are, what they keep, and what becomes of them when their process dies.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use parking_lot::Mutex;
use pmcp_tasks::{
    TaskContext, ToolError, ToolResult,
    call::{Caller, Revision},
    gate::Target,
    protocol::VARIABLES,
    router::{Execution, TaskFallback, TaskRouterBuilder},
    security::Principal,
    store::MemoryBackend,
    testing::ManualClock,
    tool::{DynamicTool, DynamicTools, OnCrash, TaskSupport, ToolDefinition, ToolSet, ToolUi, Visibility},
};
use serde_json::{Map, Value, json};

use crate::support::*;

fn definition(name: &str) -> ToolDefinition {
    ToolDefinition {
        name: name.into(),
        input_schema: json!({ "type": "object", "properties": { "rows": { "type": "integer" } } }),
        support: TaskSupport::Optional,
        inline: Some(seconds(0)),
        on_crash: OnCrash::Restart,
        ..ToolDefinition::default()
    }
}

#[derive(pmcp_tasks::Form)]
struct Keep {
    keep: bool,
}

/// A tool that fetches, asks and stores; one in a process that is called `stops` never ends.
fn copy(definition: ToolDefinition, process: &'static str, log: &Log) -> DynamicTool {
    let log = log.clone();
    let run = move |arguments: Map<String, Value>, task: TaskContext<Shared>| {
        let log = log.clone();
        async move {
            log.add(format!("{process} has {} in attempt {}", Value::Object(arguments), task.attempt()));
            task.step("fetch", async || log.effect(format!("{process} fetches"))).await?;
            task.variables().rows.set(7).await?;
            let Keep { keep } = task.elicit("Keep?").await?;
            if process == "stops" {
                task.step("store", std::future::pending::<Result<(), ToolError>>).await?;
            }
            Ok(ToolResult::text(format!("{process} kept: {keep}")))
        }
    };
    DynamicTool::try_task(definition, run).unwrap()
}

fn set_of(tools: impl IntoIterator<Item = DynamicTool>) -> ToolSet {
    let set = ToolSet::new();
    tools.into_iter().for_each(|tool| assert!(set.add(tool)));
    set
}

fn offering(tools: impl DynamicTools) -> Server {
    Server::on_clock(ManualClock::new(), MemoryBackend::new(), |router| router.dynamic_tools(tools))
}

fn both(server: &Server, user: &str) -> [Client; 2] {
    [server.v2025(user), server.v2026(user)]
}

fn call(rows: u64) -> Value {
    json!({ "name": "copy", "arguments": { "rows": rows } })
}

async fn answer(client: &Client, id: &str) {
    let task = client.until(id, "input_required").await;
    let name = task["inputRequests"].as_object().and_then(|asked| asked.keys().next().cloned());
    let name = name.unwrap_or_else(|| "input-1".to_owned());
    client.update(id, json!({ name: accept(json!({ "keep": true })) })).await.unwrap();
}

/// The result, or the error, of a task that has ended.
async fn end(client: &Client, id: &str) -> Value {
    if client.cx.revision == Revision::V2025 {
        return match client.result(id).await {
            Ok(result) => result,
            Err(error) => json!({ "code": error.code, "message": error.message }),
        };
    }
    let task = client.get(id).await;
    task.get("result").or_else(|| task.get("error")).cloned().unwrap_or_else(|| panic!("it has not ended: {task}"))
}

#[tokio::test]
async fn a_call_becomes_a_task_with_owner_steps_questions_variables_and_cancellation() {
    let server = offering(set_of([copy(definition("copy"), "one", &Log::default())]));
    assert!(server.router.has_tasks());
    for client in both(&server, "ann") {
        let params = json!({ "name": "copy", "arguments": { "rows": 7.0 }, "_meta": { VARIABLES: { "limit": 3 } } });
        let id = id_of(&client.create_with(params).await.unwrap());
        let task = client.until(&id, "input_required").await;
        let rest = json!({ "rows": 7, "notes": [], "dry_run": false, "limit": 3, "status": "new" });
        assert_eq!(task["_meta"][VARIABLES], rest);
        client.set(&id, json!({ "dry_run": true, "limit": null })).await.unwrap();
        for (wrong, said) in [(json!({ "rows": 1 }), "rows"), (json!({ "dry_run": 1 }), "dry_run")] {
            let error = client.set(&id, wrong).await.unwrap_err();
            assert!(error.code == -32602 && error.message.contains(said), "{error:?}");
        }
        let task = client.get(&id).await;
        assert_eq!(task["_meta"][VARIABLES]["dry_run"], true);
        assert_eq!(task["_meta"][VARIABLES]["limit"], Value::Null);
        for stranger in both(&server, "bob") {
            let error = stranger.err("tasks/get", json!({ "taskId": id })).await;
            assert_eq!(error.code, -32602);
        }
        answer(&client, &id).await;
        client.until(&id, "completed").await;
        assert_eq!(text_of(&end(&client, &id).await), "one kept: true");

        let id = id_of(&client.create_with(call(1)).await.unwrap());
        client.until(&id, "input_required").await;
        client.cancel(&id).await.unwrap();
        assert_eq!(client.status(&id).await, "cancelled");
        // Arguments are refused before there is a task.
        let wrong = json!({ "name": "copy", "arguments": { "rows": "seven" } });
        match client.create_with(wrong).await {
            Ok(refused) => assert_eq!(refused["isError"], true),
            Err(refused) => assert!(refused.message.contains("rows"), "{refused:?}"),
        }
    }
}

#[tokio::test]
async fn a_plain_function_runs_as_a_task_too_and_support_is_what_it_says() {
    let plain = |support| {
        let definition = ToolDefinition { support, ..definition("copy") };
        DynamicTool::try_new(definition, |_, _| async { Ok(ToolResult::text("done")) }).unwrap()
    };
    let tools = set_of([plain(TaskSupport::Required)]);
    let server = offering(tools.clone());
    for client in both(&server, "ann") {
        let id = client.start("copy").await;
        client.until(&id, "completed").await;
        assert_eq!(text_of(&end(&client, &id).await), "done");
    }
    assert_eq!(server.v2025("ann").call("copy", json!({})).await.unwrap_err().code, -32601);
    let list = server.v2025("ann").ok("tools/list", json!({})).await;
    let listed = list["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == "copy").unwrap();
    assert_eq!(listed["execution"]["taskSupport"], "required");
    assert!(tools.add(plain(TaskSupport::Forbidden)));
    assert_eq!(server.v2025("ann").create("copy").await.unwrap_err().code, -32601);
    assert_eq!(text_of(&server.v2026("ann").call("copy", json!({})).await.unwrap()), "done");
}

#[tokio::test]
async fn a_client_without_tasks_goes_on_by_companions_where_the_server_has_them() {
    let log = Log::default();
    let server = Server::on_clock(ManualClock::new(), MemoryBackend::new(), |router| {
        let tools = set_of([copy(definition("copy"), "one", &log)]);
        router.dynamic_tools(tools).task_fallback(TaskFallback::default())
    });
    let client = server.client(Revision::Plain, user_owner("ann")).without_elicitation();
    let told = client.call("copy", json!({ "rows": 1 })).await.unwrap();
    assert_eq!(told["_meta"]["run.pmcp/task"]["status"], "input_required", "{told}");
}

/// A process of a cluster, which is dead unless it keeps its house, with these tools.
fn process(cluster: &Cluster, tools: impl DynamicTools) -> Server {
    cluster.over(&Connection::to(&cluster.store), |router| router.dynamic_tools(tools))
}

#[tokio::test]
async fn a_task_goes_on_in_a_process_whose_source_has_its_tool() {
    let cluster = Cluster::new();
    let one = process(&cluster, set_of([copy(definition("copy"), "stops", &cluster.log)]));
    let other = process(&cluster, set_of([copy(definition("copy"), "other", &cluster.log)]));
    other.router.keep_house();
    for client in both(&other, "ann") {
        let begun = if client.cx.revision == Revision::V2025 { one.v2025("ann") } else { one.v2026("ann") };
        let id = id_of(&begun.create_with(call(1)).await.unwrap());
        answer(&begun, &id).await;
        settle().await;
        cluster.two_periods().await;
        let task = client.until(&id, "completed").await;
        assert_eq!(text_of(&end(&client, &id).await), "other kept: true");
        assert!(client.cx.revision == Revision::V2025 || task["_meta"][VARIABLES]["rows"] == 7);
    }
    let each = [r#"stops has {"rows":1} in attempt 1"#, "stops fetches", r#"other has {"rows":1} in attempt 2"#];
    assert_eq!(cluster.log.lines(), [each, each].concat());
}

/// A source that fails until it is told what it has.
#[derive(Clone, Debug, Default)]
struct Late(Arc<Mutex<Option<ToolSet>>>);

#[async_trait]
impl DynamicTools for Late {
    async fn list(&self, caller: &Caller) -> Result<Vec<DynamicTool>, ToolError> {
        let known = self.0.lock().clone();
        known.ok_or_else(|| ToolError::new("the database is away"))?.list(caller).await
    }
}

#[tokio::test]
async fn a_task_whose_tool_has_gone_fails_and_waits_while_that_is_not_known() {
    let cluster = Cluster::new();
    // What looking takes is no time of the function.
    let short = ToolDefinition { timeout: Some(seconds(20)), ..definition("copy") };
    let one = process(&cluster, set_of([copy(short, "stops", &cluster.log)]));
    let late = Late::default();
    let other = process(&cluster, late.clone());
    other.router.keep_house();
    let client = other.v2026("ann");
    let mut ids = Vec::new();
    for _ in 0..2 {
        let id = id_of(&one.v2026("ann").create_with(call(1)).await.unwrap());
        answer(&one.v2026("ann"), &id).await;
        ids.push(id);
    }
    settle().await;
    cluster.two_periods().await;
    // The source fails: its tools are not known to be gone, for however long.
    for _ in 0..40 {
        other.advance(seconds(2)).await;
    }
    for id in &ids {
        let task = client.get(id).await;
        assert_eq!(task["status"], "working");
        assert_eq!(task["statusMessage"], "The server started again and looks for the tool of this task.");
        // What it has, it shows, though nobody has the tool.
        assert_eq!(task["_meta"][VARIABLES]["rows"], 7);
        assert_eq!(task["_meta"][VARIABLES].get("secret"), None);
    }
    client.cancel(&ids[1]).await.unwrap();
    assert_eq!(client.status(&ids[1]).await, "cancelled");
    // It answers, and has not got it: whoever fills a set while the server starts has half a minute.
    *late.0.lock() = Some(ToolSet::new());
    for _ in 0..14 {
        other.advance(seconds(2)).await;
    }
    assert_eq!(client.status(&ids[0]).await, "working");
    for _ in 0..30 {
        other.advance(seconds(2)).await;
    }
    assert_eq!(client.status(&ids[0]).await, "failed");
    let error = end(&client, &ids[0]).await;
    assert_eq!(error, json!({ "code": -32603, "message": "the tool of this task is not there any more" }));
    assert_eq!(client.get(&ids[0]).await["_meta"][VARIABLES]["rows"], 7);
}

#[tokio::test]
async fn a_set_that_is_filled_after_the_start_is_in_time_and_its_arguments_are_judged() {
    let cluster = Cluster::new();
    let one = process(&cluster, set_of([copy(definition("copy"), "stops", &cluster.log)]));
    let set = ToolSet::new();
    let other = process(&cluster, set.clone());
    other.router.keep_house();
    let client = other.v2026("ann");
    for changes in [false, true] {
        let id = id_of(&one.v2026("ann").create_with(call(1)).await.unwrap());
        answer(&one.v2026("ann"), &id).await;
        settle().await;
        cluster.two_periods().await;
        other.advance(seconds(5)).await;
        let schema = json!({ "type": "object", "properties": { "rows": { "type": "string" } } });
        let changed = ToolDefinition { input_schema: schema, ..definition("copy") };
        assert!(set.add(copy(if changes { changed } else { definition("copy") }, "other", &cluster.log)));
        for _ in 0..3 {
            other.advance(seconds(2)).await;
        }
        if changes {
            client.until(&id, "failed").await;
            let error = end(&client, &id).await;
            assert!(error["message"].as_str().unwrap().contains("has changed since"), "{error}");
        } else {
            client.until(&id, "completed").await;
        }
        set.remove("copy");
    }
}

#[tokio::test]
async fn a_source_that_fails_keeps_back_no_tool_of_another() {
    let cluster = Cluster::new();
    let late = Late::default();
    let tools = set_of([copy(definition("copy"), "one", &cluster.log)]);
    let server = cluster.with(|router| router.dynamic_tools(late).dynamic_tools(tools));
    let client = server.v2026("ann");
    let id = id_of(&client.create_with(call(1)).await.unwrap());
    client.until(&id, "input_required").await;
}

#[tokio::test]
async fn a_tool_that_took_the_name_since_runs_for_those_who_have_its_scopes_alone() {
    let cluster = Cluster::new();
    let one = process(&cluster, set_of([copy(definition("copy"), "stops", &cluster.log)]));
    let scoped = ToolDefinition { scopes: vec!["admin".into()], ..definition("copy") };
    let other = process(&cluster, set_of([copy(scoped, "other", &cluster.log)]));
    other.router.keep_house();
    let client = with_scopes(one.v2026("ann"), &["copy:run"]);
    let id = id_of(&client.create_with(call(1)).await.unwrap());
    answer(&client, &id).await;
    settle().await;
    cluster.two_periods().await;
    for _ in 0..40 {
        other.advance(seconds(2)).await;
    }
    let client = with_scopes(other.v2026("ann"), &["copy:run"]);
    assert_eq!(client.status(&id).await, "failed");
    assert!(cluster.log.lines().iter().all(|line| line.starts_with("stops")), "{:?}", cluster.log.lines());
}

#[tokio::test]
async fn lifetimes_are_bounded_as_those_of_other_tools() {
    let cluster = Cluster::new();
    let max = pmcp_tasks::Limits::default().max_ttl;
    for endless in [seconds(60 * 60 * 24 * 30), std::time::Duration::MAX] {
        let long = ToolDefinition { timeout: Some(endless), ..definition("copy") };
        let server = cluster.with(|router| router.dynamic_tools(set_of([copy(long, "one", &cluster.log)])));
        let created = server.v2026("ann").create_with(call(1)).await.unwrap();
        assert_eq!(created["ttlMs"], u64::try_from(max.as_millis()).unwrap());
    }
}

#[tokio::test]
async fn a_task_that_does_not_restart_is_lost_and_a_queued_one_is_begun() {
    let cluster = Cluster::new();
    let fails = ToolDefinition { on_crash: OnCrash::Fail, ..definition("copy") };
    let one = process(&cluster, set_of([copy(fails.clone(), "stops", &cluster.log)]));
    let id = id_of(&one.v2026("ann").create_with(call(1)).await.unwrap());
    let tools = set_of([copy(fails, "other", &cluster.log)]);
    let worker = |router: TaskRouterBuilder<World>| router.dynamic_tools(tools.clone()).worker(2);
    let other = cluster.with(worker);
    settle().await;
    cluster.two_periods().await;
    let client = other.v2026("ann");
    client.until(&id, "failed").await;
    assert_eq!(end(&client, &id).await["message"], "the server that ran this task stopped before the task had ended");

    let queueing = |router: TaskRouterBuilder<World>| router.dynamic_tools(tools.clone()).execution(Execution::Queued);
    let front = cluster.with(queueing);
    let id = id_of(&front.v2026("ann").create_with(call(2)).await.unwrap());
    settle().await;
    other.advance(seconds(1)).await;
    answer(&client, &id).await;
    client.until(&id, "completed").await;
    assert_eq!(text_of(&end(&client, &id).await), "other kept: true");
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_task_goes_on_after_a_restart_on_sqlite() {
    use std::time::{Duration, Instant};

    let directory = tempfile::tempdir().unwrap();
    let log = Log::default();
    let open = async |name| {
        let backend = pmcp_tasks::store::SqliteBackend::open(directory.path().join("tasks.db")).await.unwrap();
        let tools = set_of([copy(definition("copy"), name, &log)]);
        let router = pmcp_tasks::TaskRouter::builder().dynamic_tools(tools).lease(Duration::from_millis(300));
        let router = router.build(pmcp_tasks::TaskStore::new(backend)).unwrap();
        router.keep_house();
        Server { router, clock: ManualClock::new(), world: World::default() }
    };
    for revision in [Revision::V2025, Revision::V2026] {
        let first = open("stops").await;
        let client = first.client(revision, user_owner("ann"));
        let id = id_of(&client.create_with(call(1)).await.unwrap());
        answer(&client, &id).await;
        first.router.shut_down(Duration::ZERO).await;

        let second = open("other").await;
        let client = second.client(revision, user_owner("ann"));
        let give_up = Instant::now() + Duration::from_secs(20);
        while client.status(&id).await != "completed" {
            assert!(Instant::now() < give_up);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(text_of(&end(&client, &id).await), "other kept: true");
        second.router.shut_down(Duration::ZERO).await;
    }
    assert_eq!(log.lines().iter().filter(|line| line.ends_with("fetches")).count(), 2);
}

fn with_scopes(mut client: Client, scopes: &[&str]) -> Client {
    let Caller::Known { owner, .. } = client.cx.caller else { panic!("nobody") };
    let scopes: BTreeSet<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
    let principal = Principal { scopes, ..Principal::subject(owner.subject.clone()) };
    client.cx.caller = Caller::Known { owner, principal: Some(principal), may_list: true };
    client
}

#[tokio::test]
async fn its_tasks_are_seen_by_those_who_have_its_scopes_and_pass_the_rules() {
    let cluster = Cluster::new();
    let scoped = ToolDefinition { scopes: vec!["copy:run".into()], ..definition("copy") };
    let tools = set_of([copy(scoped, "one", &cluster.log), copy(definition("held"), "one", &cluster.log)]);
    let server = cluster.with(|router| {
        let rule = |caller: &Caller, target: &Target<'_>| target.name != "held" || caller.has_scope("held");
        router.dynamic_tools(tools.clone()).authorize(rule).step_up(true)
    });
    for client in both(&server, "ann") {
        let (all, none) = (with_scopes(client.clone(), &["copy:run", "held"]), with_scopes(client, &[]));
        let ids = [all.start("copy").await, all.start("held").await];
        for id in &ids {
            all.until(id, "input_required").await;
            assert_eq!(none.err("tasks/get", json!({ "taskId": id })).await.code, -32602);
            assert_eq!(none.cancel(id).await.unwrap_err().code, -32602);
        }
        if all.cx.revision == Revision::V2025 {
            assert_eq!((all.page(None).await.0.len(), none.page(None).await.0.len()), (2, 0));
        }
        // Where scopes can be got, their tool is listed; what a rule holds back is not.
        let list = none.ok("tools/list", json!({})).await;
        let has = |name: &str| list["tools"].as_array().unwrap().iter().any(|tool| tool["name"] == name);
        assert!(has("copy") && !has("held"));
        assert_eq!(none.call("copy", json!({})).await.unwrap_err().code, -32602);
        for (name, lacking) in [("copy", Some(vec!["copy:run".to_owned()])), ("held", None), ("plain", None)] {
            let params = json!({ "name": name });
            let lacks = server.router.lacking_scopes_of_dynamic("tools/call", &params, &none.cx.caller).await;
            assert_eq!(lacks, lacking, "{name}");
        }
        let lacks = server.router.lacking_scopes_of_dynamic("tools/call", &call(1), &all.cx.caller).await;
        assert_eq!(lacks, None);
    }
}

#[tokio::test]
async fn a_widget_is_listed_for_hosts_and_its_results_name_their_view() {
    let board = ToolDefinition { ui: ToolUi::opening::<Board>(Visibility::Both), ..definition("copy") };
    let tool = |definition| DynamicTool::try_new(definition, |_, _| async { Ok(ToolResult::text("e4")) }).unwrap();
    let tools = set_of([tool(board), tool(definition("moves"))]);
    let server = Server::on_clock(ManualClock::new(), MemoryBackend::new(), |router| {
        router.dynamic_tools(tools).called_by_views(["moves"])
    });
    let mut host = server.client(Revision::Plain, user_owner("ann"));
    let uri_of = async |client: &Client, name: &str| {
        let list = client.ok("tools/list", json!({})).await;
        list["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == name).unwrap()["_meta"].clone()
    };
    assert_eq!(uri_of(&host, "copy").await, Value::Null);
    host.cx.client.ui = true;
    assert_eq!(uri_of(&host, "copy").await["ui"]["resourceUri"], "ui://chess/board/1.html");
    assert_eq!(uri_of(&host, "moves").await["openai/widgetAccessible"], true);
    let shown = host.call("copy", json!({})).await.unwrap();
    assert!(shown["_meta"]["run.pmcp/view"].is_string(), "{shown}");
}
