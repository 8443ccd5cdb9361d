//! `tasks`: what an operator sees of and does to the tasks of a server that shares the store, which is this test.

use std::{
    process::Command as Process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use pmcp_tasks::{
    Limits, TaskRouter, TaskStore,
    call::{CallContext, Caller, ClientCapabilities, Revision},
    prelude::*,
    task::{Owner, OwnerKind, TaskStatus},
};
use serde_json::{Value, json};
use snapbox::{cmd::Command, str};
use tempfile::TempDir;

use crate::support::{PMCP, Running, pmcp};

#[derive(TaskVariables, Default)]
struct Parcel {
    rows: u64,
    #[variable(hidden)]
    secret: Option<String>,
}

/// Set once the disk has room.
#[derive(Clone)]
struct Disk(Arc<AtomicBool>);

/// Deliver a parcel once somebody has approved of it.
#[task_tool(support = "required", on_crash = "restart")]
async fn deliver(
    /// The street and number.
    address: String,
    task: TaskContext<Parcel>,
    State(disk): State<Disk>,
) -> Result<String, ToolError> {
    let rows: u64 = task.step("count", async || Ok::<_, ToolError>(7)).await?;
    task.variables().rows.set(rows).await?;
    task.variables().secret.set(Some("s3cret".to_owned())).await?;
    let by: String = task.signal("approved").await?;
    if !disk.0.load(Ordering::Relaxed) {
        return Err(ToolError::new("the disk is full"));
    }
    Ok(format!("{by} sent {rows} rows to {address}"))
}

#[derive(Form)]
struct Name {
    name: String,
}

/// Greet whoever is there.
#[task_tool(support = "required")]
async fn greet(task: TaskContext) -> Result<String, ToolError> {
    let Name { name } = task.elicit("Who is there?").await?;
    Ok(format!("Hello {name}"))
}

/// Send the user to a page.
#[task_tool(support = "required", on_crash = "restart")]
async fn sign_in(task: TaskContext) -> Result<String, ToolError> {
    let visit = task.elicit_url("Sign in", |id| format!("https://shop.example/{id}")).await?;
    visit.completed().await?;
    Ok("signed in".to_owned())
}

/// A server with a store, and the command line for it.
struct Shop {
    runtime: tokio::runtime::Runtime,
    router: TaskRouter,
    disk: Disk,
    url: String,
    _folder: TempDir,
}

impl Shop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("tasks.db").display());
        Self::on(url, folder)
    }

    fn on(url: String, folder: TempDir) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let disk = Disk(Arc::default());
        let store = runtime.block_on(TaskStore::connect(&url)).unwrap();
        let router = TaskRouter::builder()
            .state(disk.clone())
            .tool::<deliver>()
            .tool::<greet>()
            .tool::<sign_in>()
            .limits(Limits { tasks_per_owner: 3, ..Limits::default() })
            .lease(Duration::from_secs(1));
        let router = router.build(store).unwrap();
        runtime.block_on(async { router.keep_house() });
        Self { runtime, router, disk, url, _folder: folder }
    }

    /// Begins a task of this owner; its id.
    fn begin(&self, owner: &Owner, tool: &str) -> String {
        let caller = Caller::Known { owner: owner.clone(), principal: None, may_list: true };
        let client = ClientCapabilities {
            elicitation: true,
            elicitation_url: true,
            tasks: true,
            ..ClientCapabilities::default()
        };
        let cx = CallContext { client, ..CallContext::new(Revision::V2026, caller) };
        let arguments = if tool == "deliver" { json!({ "address": "Main Street 5" }) } else { json!({}) };
        let call = json!({ "name": tool, "arguments": arguments });
        let created = self.runtime.block_on(self.router.handle("tools/call", &call, &cx)).answer().unwrap();
        created["taskId"].as_str().unwrap_or_else(|| panic!("no task: {created}")).to_owned()
    }

    /// Waits until a task is as it is wanted.
    fn until(&self, owner: &Owner, id: &str, is_wanted: impl Fn(&pmcp_tasks::operate::Look) -> bool) {
        let (task, until) =
            (self.router.store().task(owner, id.parse().unwrap()), Instant::now() + Duration::from_secs(60));
        loop {
            let look = self.runtime.block_on(task.look()).unwrap().unwrap();
            if is_wanted(&look) {
                return;
            }
            assert!(Instant::now() < until, "it stays as {look:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn until_it_waits(&self, owner: &Owner, id: &str) {
        self.until(owner, id, |look| look.awaited_signals.contains_key("approved"));
    }

    /// `cargo pmcp tasks` on the store, whose URL the environment has.
    fn tasks<'a>(&self, line: impl IntoIterator<Item = &'a str>) -> Command {
        pmcp(["tasks"].into_iter().chain(line)).env("PMCP_STORE", &self.url)
    }

    /// What it writes.
    fn output<'a>(&self, line: impl IntoIterator<Item = &'a str>) -> String {
        let output = self.tasks(line).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn json<'a>(&self, line: impl IntoIterator<Item = &'a str>) -> Value {
        serde_json::from_str(&self.output(line)).unwrap()
    }

    /// Everything an operator does to a task that waits for a signal, and fails.
    fn operate(&self) {
        let local = Owner::local();
        let id = &*self.begin(&local, "deliver");
        self.until_it_waits(&local, id);

        let look = self.tasks(["look", id]).output().unwrap();
        let (text, told) = (String::from_utf8(look.stdout).unwrap(), String::from_utf8(look.stderr).unwrap());
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        for shown in [
            "tool deliver",
            "owner local",
            "status working",
            "on crash restart",
            "arguments address \"Main Street 5\"",
            "rows 7",
            "secret (hidden)",
            "steps count 7",
            "waits for signals approved ",
        ] {
            assert!(words(&text).contains(shown), "{shown} in {text}");
        }
        assert!(!text.contains("s3cret"), "{text}");
        assert_eq!(words(&told), format!("Next cargo pmcp tasks signal {id} approved JSON"));
        let hidden = self.json(["look", id, "--format", "json"]);
        assert_eq!(hidden["variables"]["secret"], json!({ "hidden": true }));
        assert_eq!(hidden["variables"]["rows"], json!({ "hidden": false, "value": 7 }));
        let all = self.json(["look", id, "--format", "json", "--show-hidden"]);
        assert_eq!(all["variables"]["secret"]["value"], "s3cret");
        assert!(self.output(["look", id, "--show-hidden"]).contains("s3cret"));

        self.tasks(["retry", id]).assert().code(1).stderr_eq("error: task `[..]` has not failed: it is `working`\n");
        self.tasks(["signal", id, "aproved", "\"Ann\""]).assert().code(2).stderr_eq(str![[r#"
error: the task does not wait for a signal `aproved`
help: did you mean `approved`?
help: `--early` keeps it until the task asks for it

"#]]);
        self.tasks(["signal", id, "approved", "7"])
            .assert()
            .code(2)
            .stderr_eq("error: the value does not fit the signal `approved`: [..]\n");
        self.tasks(["signal", id, "approved", "\"Ann\""]).assert().success();
        self.until(&local, id, |look| look.status == TaskStatus::Completed);
        self.tasks(["signal", id, "approved", "\"Bob\""])
            .assert()
            .code(1)
            .stderr_eq("error: signal `approved` was delivered before, and stands\n");
        self.tasks(["cancel", id]).assert().code(1).stderr_eq("error: task `[..]` is `completed` already\n");
        assert!(self.output(["look", id]).contains("failed with\nthe disk is full\n"));

        // A retry is refused as a call is.
        let others: Vec<_> = (0..3).map(|_| self.begin(&local, "greet")).collect();
        self.tasks(["retry", id]).assert().code(1).stderr_eq(str![[r#"
error: the owner has as many live tasks as may be
help: wait for one to end, or cancel one, as for another call

"#]]);
        for other in &others {
            self.tasks(["--quiet", "cancel", other]).assert().success().stderr_eq("").stdout_eq("");
        }
        self.disk.0.store(true, Ordering::Relaxed);
        let again = self.output(["retry", id]);
        let again = again.trim_end();
        assert_eq!(self.output(["retry", id]).trim_end(), again);
        self.until(&local, again, |look| look.status == TaskStatus::Completed);
        assert!(self.output(["look", again]).ends_with("result\nAnn sent 7 rows to Main Street 5\n"));
    }
}

fn ann() -> Owner {
    Owner::new(OwnerKind::Subject, "https://login", "ann")
}

#[test]
fn an_operator_sees_signals_and_retries_a_task() {
    Shop::new().operate();
}

#[test]
fn questions_are_answered_in_the_place_of_the_client() {
    let shop = Shop::new();
    let id = &*shop.begin(&ann(), "greet");
    let of_ann = ["--owner", "user:ann", "--issuer", "https://login"];
    shop.until(&ann(), id, |look| look.status == TaskStatus::InputRequired);
    shop.tasks(["answer", id, "name=Ann"]).assert().code(1).stderr_eq(str![[r#"
error: local has no task `[..]`
help: it may be another owner's, or have expired; `cargo pmcp tasks list --live` shows those that run, and whose they are

"#]]);
    let answer =
        |line: &[&'static str]| shop.tasks(["answer", id].into_iter().chain(line.iter().copied()).chain(of_ann));
    answer(&["nmae=Ann"]).assert().code(2).stderr_eq(str![[r#"
error: the question has no field `nmae`
help: did you mean `name=…`?

"#]]);
    answer(&[]).assert().code(2).stderr_eq(str![[r#"
error: pass `name=…` or `--decline`
help: `cargo pmcp tasks look [..] --owner user:ann --issuer https://login` shows it

"#]]);
    answer(&["--question", "input-7"]).assert().code(2).stderr_eq(str![[r#"
error: the task does not ask `input-7`
help: it asks `input-1`

"#]]);
    answer(&["name=Ann"]).assert().success().stderr_eq("    Answered Who is there?\n").stdout_eq("");
    shop.until(&ann(), id, |look| look.status == TaskStatus::Completed);
    let look = shop.output(["look", id].into_iter().chain(of_ann));
    assert!(look.contains("owner     user:ann of https://login\n") && look.ends_with("result\nHello Ann\n"), "{look}");
    answer(&["name=Ann"]).assert().code(1).stderr_eq("error: task `[..]` is `completed` already\n");
}

#[test]
fn a_page_is_no_signal_of_an_operator() {
    let (shop, local) = (Shop::new(), Owner::local());
    let id = shop.begin(&local, "sign_in");
    shop.until(&local, &id, |look| look.status == TaskStatus::InputRequired);
    shop.tasks(["answer", &id, "--result", r#"{"action":"accept"}"#]).assert().success();
    shop.until(&local, &id, |look| !look.awaited_signals.is_empty());

    let look = shop.tasks(["look", &id]).assert().success().stderr_eq("").get_output().stdout.clone();
    let look = String::from_utf8(look).unwrap();
    let visit = look.split("waits for pages").nth(1).unwrap().trim();
    let task = shop.router.store().task(&local, id.parse().unwrap());
    assert!(shop.runtime.block_on(task.complete_elicitation(visit)).unwrap().is_first());
    shop.until(&local, &id, |look| look.status == TaskStatus::Completed);
    let late = format!("error: task `{id}` has ended already\n");
    shop.tasks(["signal", &id, "late"]).assert().code(1).stderr_eq(late);
}

#[test]
fn lists_are_of_an_owner_or_of_what_runs() {
    let shop = Shop::new();
    let (one, two) = (shop.begin(&Owner::local(), "deliver"), shop.begin(&Owner::local(), "greet"));
    let other = shop.begin(&ann(), "greet");
    for (owner, id) in [(Owner::local(), &two), (ann(), &other)] {
        shop.until(&owner, id, |look| look.status == TaskStatus::InputRequired);
    }
    shop.until_it_waits(&Owner::local(), &one);
    let list = shop.output(["list"]);
    let rows: Vec<Vec<&str>> =
        list.lines().map(|line| line.split("  ").filter(|cell| !cell.is_empty()).map(str::trim).collect()).collect();
    assert_eq!(rows[0][..5], ["task", "status", "tool", "age", "left"], "{list}");
    assert_eq!(
        (&rows[1][..3], &rows[2][..3]),
        (&[&*two, "input_required", "greet"][..], &[&*one, "working", "deliver"][..])
    );
    assert_eq!(rows.len(), 3);
    let ids = |line: &[&str]| -> Vec<String> {
        let list = shop.json(["list", "--format", "json"].into_iter().chain(line.iter().copied()));
        list.as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&["--status", "working"]), [&*one]);
    assert_eq!(ids(&["--tool", "greet"]), [&*two]);
    assert_eq!(ids(&["--limit", "1"]), [&*two]);
    assert_eq!(ids(&["--owner", "user:ann", "--issuer", "https://login"]), [&*other]);
    assert_eq!(ids(&["--owner", "user:ann"]), [""; 0]);
    assert_eq!(ids(&["--live"]), [&*other, &*two, &*one]);
    assert_eq!(ids(&["--live", "--tool", "greet", "--status", "input_required,working"]), [&*other, &*two]);
    let live = shop.output(["list", "--live"]);
    let head = live.lines().next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(head.starts_with("task status tool owner issuer held by age left"), "{live}");
    assert!(live.contains("  user:ann  https://login  "), "{live}");
    let more = shop.tasks(["list", "--limit", "1"]).output().unwrap();
    assert_eq!(
        String::from_utf8(more.stderr).unwrap(),
        "        More there may be others; `--limit 2` lists further\n"
    );
    assert_eq!(shop.output(["list", "--owner", "client:x"]), "no tasks\n");
}

#[test]
fn a_watch_tells_each_change_where_it_draws_nothing() {
    let shop = Shop::new();
    let id = shop.begin(&Owner::local(), "greet");
    shop.until(&Owner::local(), &id, |look| look.status == TaskStatus::InputRequired);
    let watch = |line: &[&str]| {
        let mut process = Process::new(PMCP);
        process.args(["tasks", "--store", &shop.url]).args(line);
        Running::writing(&mut process)
    };
    let mut look = watch(&["look", &id, "--watch"]);
    let live = watch(&["list", "--live", "--watch"]);
    look.line("input_required  asks input-1: Who is there? (name: text)");
    live.line(&format!("{id}  input_required  greet  local  "));
    shop.tasks(["answer", &id, "name=Ann"]).assert().success();
    look.line("completed");
    assert_eq!(look.code(), Some(0));
    live.line(&format!("{id}  completed  greet  local"));
    let other = shop.begin(&Owner::local(), "deliver");
    live.line(&format!("{other}  working  deliver  local"));
}

#[test]
fn a_store_has_to_be_there_and_its_password_stays_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let tasks = |line: &[&'static str]| {
        pmcp(["tasks"].into_iter().chain(line.iter().copied())).current_dir(folder.path()).env_remove("PMCP_STORE")
    };
    tasks(&["list"]).assert().code(2).stderr_eq(str![[r#"
error: there is no store
help: pass `--store URL`, such as `--store tasks.db`, or put the URL into the variable `PMCP_STORE`

"#]]);
    tasks(&["list", "--store", "tasks.db"]).assert().code(1).stderr_eq(str![[r#"
error: the store cannot be opened: sqlite: refused: there is no file `tasks.db`; a server makes it when it starts with this store

"#]]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    tasks(&["list", "--store", "memory:"]).assert().code(2).stderr_eq(str![[r#"
error: what a server keeps in memory (`memory:`) nobody else can open

"#]]);
    let told = |command: Command| {
        let output = command.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    for url in ["mysql://root:s3cret@host/db", "redis://:s3cret@127.0.0.1:1", "postgres://me:s3cret@127.0.0.1:1/db"] {
        for told in [told(tasks(&["list", "--store", url])), told(tasks(&["list"]).env("PMCP_STORE", url))] {
            assert!(!told.contains("s3cret"), "{told}");
        }
        let warned = told(tasks(&["list", "--store", url]));
        assert!(warned.contains("put a URL with a password into `PMCP_STORE`"), "{warned}");
    }
    tasks(&["look", "7", "--store", "tasks.db"]).assert().code(2).stderr_eq(str![[r#"
error: `7` is no value of `<ID>`: an id is written whole, such as `3b6b5e68-1fb5-41f9-a982-a78091bf7071`
help: with `--help` the command tells what it takes

"#]]);
    tasks(&["list", "--owner", "ann", "--store", "tasks.db"]).assert().code(2).stderr_eq(str![[r#"
error: `ann` is no value of `--owner <OWNER>`: there are `local`, `user:NAME`, `client:ID`, `anonymous` and `session:ID`
help: with `--help` the command tells what it takes

"#]]);
}

#[cfg(feature = "redis")]
#[test]
#[ignore = "needs redis-server: `cargo xtask services`"]
fn an_operator_does_the_same_on_redis() {
    let server = std::env::var("PMCP_TEST_REDIS_URL").expect("PMCP_TEST_REDIS_URL is not set: `cargo xtask services`");
    let url = format!("{server}?prefix=operator-{}", std::process::id());
    let none = pmcp(["tasks", "list"]).env("PMCP_STORE", &url).output().unwrap();
    let told = String::from_utf8(none.stderr).unwrap();
    assert!(told.contains("there is no store with the prefix `operator-"), "{told}");
    Shop::on(url, tempfile::tempdir().unwrap()).operate();
}
