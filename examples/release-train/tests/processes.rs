//! Servers of their own processes, over HTTP in both revisions and over stdio, killed between any two steps and in the middle of writing.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use pmcp_client::Client;
use processes::{Served, Way};
use serde_json::{Value, json};

const STANDING: &str = "run.pmcp/workflow";

/// Time a test waits on a machine that does much else; only a failing one waits that long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A copy of the workspace, and the store of the server's runs.
struct Place(processes::Place);

impl Place {
    fn new() -> Self {
        let place = processes::Place::sqlite().unwrap();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("data"), &place.path().join("workspace"));
        Self(place)
    }

    fn root(&self) -> PathBuf {
        self.0.path().join("workspace")
    }

    /// Versions of the crates, and how often the notes are in the changelog.
    fn written(&self) -> (BTreeMap<String, String>, usize) {
        let mut versions = BTreeMap::new();
        for name in ["tides", "tides-cli", "tides-format"] {
            let manifest = fs::read_to_string(self.root().join(name).join("Cargo.toml")).unwrap();
            let version = manifest.lines().find_map(|line| line.strip_prefix("version = ")).unwrap();
            versions.insert(name.to_owned(), version.trim_matches('"').to_owned());
        }
        let changelog = fs::read_to_string(self.root().join("CHANGELOG.md")).unwrap();
        (versions, changelog.matches("> Nearer tides.").count())
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A server, and the client of a host that knows no tasks.
struct Connected(Served);

/// A client's transport and revision.
type Host = (Way, &'static str);

impl Connected {
    async fn new(place: &Place, (way, revision): Host, wait: u32) -> Self {
        let wait = wait.to_string();
        let arguments = ["--lease", "500", "--pace", &wait, "--store", place.0.store()];
        let client = Client::builder("host", "1").revision(revision).declare_tasks(false);
        Self(Served::start(env!("CARGO_BIN_EXE_release-train"), &arguments, way, client).await.unwrap())
    }

    async fn kill(self) {
        self.0.kill().await.unwrap();
    }

    async fn begin(&self, root: &Path) -> Value {
        let begun = self.0.client.get_prompt("release_train", json!({ "root": root })).await.unwrap();
        let text = begun["messages"][0]["content"]["text"].as_str().unwrap();
        assert!(text.starts_with("You are to finish a workflow that has begun on the server"), "{text}");
        begun["_meta"][STANDING].clone()
    }

    async fn go_on(&self, run: &str, mut arguments: Value) -> Value {
        arguments["_task_id"] = run.into();
        let result = self.0.client.call_tool("workflow_continue", arguments).await.unwrap().into_result().unwrap();
        assert!(!result.is_error, "{result:?}");
        result.meta[STANDING].clone()
    }

    /// Waits for what the server does, which another one may have to take over.
    async fn settled(&self, run: &str) -> Value {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let standing = self.go_on(run, json!({ "wait_seconds": 5 })).await;
            if standing["state"] != "running" {
                return standing;
            }
            assert!(Instant::now() < give_up, "{standing}");
        }
    }
}

fn given(step: &str) -> Value {
    let result = if step == "approve" { json!({ "approved": true }) } else { json!({ "markdown": "Nearer tides." }) };
    json!({ "step": step, "result": result })
}

fn assert_released(place: &Place, standing: &Value) {
    assert_eq!(standing["state"], "completed", "{standing}");
    let steps = standing["steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["state"] == "done"), "{standing}");
    assert_eq!(steps[5]["result"], "tides 1.5.0, tides-cli 2.0.1, tides-format 0.4.0 in 4 files");
    let versions = [("tides", "1.5.0"), ("tides-cli", "2.0.1"), ("tides-format", "0.4.0")];
    let versions = versions.map(|(name, version)| (name.to_owned(), version.to_owned()));
    assert_eq!(place.written(), (versions.into(), 1));
}

/// The whole way, with a kill before each call of the client.
async fn killed_between_steps(host: Host) {
    let place = Place::new();
    let first = Connected::new(&place, host, 0).await;
    let standing = first.begin(&place.root()).await;
    let run = standing["taskId"].as_str().unwrap().to_owned();
    first.kill().await;
    for step in ["approve", "notes"] {
        let next = Connected::new(&place, host, 0).await;
        let standing = next.settled(&run).await;
        assert_eq!(standing["pause"], json!({ "reason": "client", "step": step }));
        next.go_on(&run, given(step)).await;
        next.kill().await;
    }
    let last = Connected::new(&place, host, 0).await;
    assert_released(&place, &last.settled(&run).await);
}

#[tokio::test]
async fn a_run_outlives_servers_of_2026_07_28() {
    killed_between_steps((Way::Http, "2026-07-28")).await;
}

#[tokio::test]
async fn a_run_outlives_servers_of_2025_11_25() {
    killed_between_steps((Way::Http, "2025-11-25")).await;
}

#[tokio::test]
async fn a_run_outlives_servers_on_stdio_of_a_host_without_tasks() {
    killed_between_steps((Way::Stdio, "2025-06-18")).await;
}

/// The versions and the changelog as they are at any moment of the writing, and the server killed there.
#[tokio::test]
async fn a_release_is_whole_wherever_its_writing_is_cut() {
    for files in 0..=4 {
        let place = Place::new();
        let host = (Way::Http, "2026-07-28");
        let server = Connected::new(&place, host, 150).await;
        let run = server.begin(&place.root()).await["taskId"].as_str().unwrap().to_owned();
        server.go_on(&run, given("approve")).await;
        let before = place.written();
        let client = server.0.client.clone();
        let mut arguments = given("notes");
        arguments["_task_id"] = run.as_str().into();
        let writing = tokio::spawn(async move { client.call_tool("workflow_continue", arguments).await });
        let give_up = Instant::now() + PATIENCE;
        let done = || {
            let (versions, notes) = place.written();
            versions.iter().filter(|(name, version)| before.0[*name] != **version).count() + notes
        };
        // Where nothing is to be written yet, at least the notes are recorded.
        while done() < files
            || (files == 0 && server.go_on(&run, json!({ "wait_seconds": 0 })).await["pause"].is_object())
        {
            assert!(Instant::now() < give_up, "{} files", done());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.kill().await;
        writing.abort();
        let next = Connected::new(&place, host, 0).await;
        assert_released(&place, &next.settled(&run).await);
    }
}

/// A host that has no prompts begins by the tool; a user who says no ends it with nothing written.
#[tokio::test]
async fn the_tool_begins_it_and_a_refusal_writes_nothing() {
    let place = Place::new();
    let before = place.written();
    let server = Connected::new(&place, (Way::Http, "2025-06-18"), 0).await;
    let begun = server.0.client.call_tool("release_train", json!({ "root": place.root() })).await.unwrap();
    let begun = begun.into_result().unwrap();
    let text = begun.first_text().unwrap();
    assert!(text.contains("3. approve: yours, now."), "{text}");
    let run = begun.meta[STANDING]["taskId"].as_str().unwrap().to_owned();
    let standing = server.go_on(&run, json!({ "step": "approve", "result": { "approved": false } })).await;
    let states: Vec<_> =
        standing["steps"].as_array().unwrap().iter().map(|step| step["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["done", "done", "done", "skipped", "skipped", "done"]);
    assert_eq!(standing["steps"][5]["result"], "nothing was released");
    assert_eq!(place.written(), before);
}

/// A changelog that is not ready is mended, and the step tried again.
#[tokio::test]
async fn a_step_that_fails_is_tried_again() {
    let place = Place::new();
    let changelog = place.root().join("CHANGELOG.md");
    let ready = fs::read_to_string(&changelog).unwrap();
    fs::write(&changelog, ready.replacen("### Added", "### Nice", 1)).unwrap();
    let server = Connected::new(&place, (Way::Http, "2026-07-28"), 0).await;
    let begun = server.0.client.get_prompt("release_train", json!({ "root": place.root() })).await.unwrap();
    let pause = &begun["_meta"][STANDING]["pause"];
    let told = json!({ "reason": "failed", "step": "read", "message": "a changelog has the heading `Nice`" });
    assert_eq!(*pause, told);
    fs::write(&changelog, ready).unwrap();
    let run = begun["_meta"][STANDING]["taskId"].as_str().unwrap();
    let standing = server.go_on(run, json!({ "action": "retry" })).await;
    assert_eq!(standing["pause"]["step"], "approve");
}
