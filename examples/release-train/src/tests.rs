//! The workflow and its twin, side by side: what they write and find is the same.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use pmcp_client::{Client, ElicitAnswer};
use pmcp_server::testing::TestServer;
use serde_json::{Value, json};

use crate::{
    propose::propose,
    sample, server,
    workspace::{self, Bump},
    write::Pace,
};

const STANDING: &str = "run.pmcp/workflow";
const NOTES: &str = "# Nearer tides\n\nBy your place.";

/// All files of a directory, and what is in them.
fn files(directory: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            files.extend(self::files(&path).into_iter().map(|(of, text)| (format!("{name}/{of}"), text)));
        } else {
            files.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
    files
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        sample::copy_to(directory.path()).unwrap();
        Self(directory)
    }

    fn root(&self) -> &Path {
        self.0.path()
    }
}

/// Each way's end: the results of its steps by name, and its own.
type End = (BTreeMap<String, Value>, Value);

async fn by_workflow(root: &Path, decision: Value) -> End {
    let server = TestServer::start(server(Pace(Duration::ZERO))).unwrap();
    let client = server.client(Client::builder("test", "1")).await.unwrap();
    let begun = client.get_prompt("release_train", json!({ "root": root })).await.unwrap();
    let mut standing = begun["_meta"][STANDING].clone();
    while let Some(step) = standing["pause"]["step"].as_str() {
        assert_eq!(standing["pause"]["reason"], "client", "{standing}");
        let result = if step == "approve" { decision.clone() } else { json!({ "markdown": NOTES }) };
        let arguments = json!({ "_task_id": standing["taskId"], "step": step, "result": result });
        let result = client.call_tool("workflow_continue", arguments).await.unwrap().into_result().unwrap();
        standing = result.meta[STANDING].clone();
    }
    assert_eq!(standing["state"], "completed", "{standing}");
    let done = standing["steps"].as_array().unwrap().iter().filter(|step| step["state"] == "done");
    let results: BTreeMap<_, _> =
        done.map(|step| (step["name"].as_str().unwrap().to_owned(), step["result"].clone())).collect();
    let last = results["verify"].clone();
    (results, last)
}

async fn by_twin(root: &Path, form: Value) -> End {
    let server = TestServer::start(server(Pace(Duration::ZERO))).unwrap();
    let builder = Client::builder("test", "1").on_elicit(move |asked| {
        let is_notes = asked.message.starts_with("Write release notes");
        let answer = if is_notes { json!({ "answer": NOTES }) } else { form.clone() };
        async { ElicitAnswer::Accept(answer) }
    });
    let client = server.client(builder).await.unwrap();
    let result = client.call_and_wait("release_by_hand", json!({ "root": root })).await.unwrap();
    assert!(!result.is_error, "{result:?}");
    let released: Value = result.structured.unwrap();
    (serde_json::from_value(released["steps"].clone()).unwrap(), released["result"].clone())
}

/// Both ways, each on a copy of its own: they come to the same, which is returned.
async fn both(decision: Value, form: Value) -> (BTreeMap<String, String>, Value) {
    let (one, other) = (Place::new(), Place::new());
    let (mut declared, end) = by_workflow(one.root(), decision).await;
    let (mut by_hand, end_by_hand) = by_twin(other.root(), form).await;
    // The day may change between them.
    for results in [&mut declared, &mut by_hand] {
        results.get_mut("read").unwrap()["day"].take();
    }
    assert_eq!(declared, by_hand);
    assert_eq!(end, end_by_hand);
    let written = files(one.root());
    assert_eq!(written, files(other.root()));
    (written, end)
}

#[tokio::test]
async fn the_workflow_and_its_twin_write_the_same() {
    let (written, end) = both(json!({ "approved": true }), json!({ "approved": true })).await;
    assert_eq!(end, "tides 1.5.0, tides-cli 2.0.1, tides-format 0.4.0 in 4 files");
    let cli = &written["tides-cli/Cargo.toml"];
    assert!(cli.contains("version = \"2.0.1\"\n") && cli.contains(r#"path = "../tides-format", version = "0.4.0""#));
    assert!(written["tides-format/Cargo.toml"].contains("# Their numbers go together"), "comments stay");
    let changelog = &written["CHANGELOG.md"];
    let (before, after) = changelog.split_once("> # Nearer tides\n>\n> By your place.\n").unwrap();
    assert!(before.contains("## [Unreleased]\n\n## [20"), "{before}");
    assert!(after.starts_with("\n- `tides` 1.5.0 (was 1.4.2)\n"), "{after}");
    assert!(after.contains("### Added\n\n- `tides`: `Station::nearest`"), "the changes are in the release");
}

#[tokio::test]
async fn other_versions_of_the_user_are_written_by_both() {
    let other = json!([
        { "name": "tides", "from": "1.4.2", "to": "2.0.0" },
        { "name": "tides-cli", "from": "2.0.0", "to": "2.0.1" },
        { "name": "tides-format", "from": "0.3.1", "to": "0.4.0" },
    ]);
    let form = json!({ "approved": true, "tides": "2.0.0", "tides-format": "0.4.0" });
    let (written, _) = both(json!({ "approved": true, "versions": other }), form).await;
    assert!(written["tides/Cargo.toml"].contains("version = \"2.0.0\""));
}

#[tokio::test]
async fn without_approval_neither_writes() {
    let place = Place::new();
    let (written, end) = both(json!({ "approved": false }), json!({ "approved": false })).await;
    assert_eq!((written, end), (files(place.root()), json!("nothing was released")));
}

#[tokio::test]
async fn a_second_release_of_a_day_is_given_another_by_the_client() {
    let place = Place::new();
    by_workflow(place.root(), json!({ "approved": true })).await;
    let changelog = fs::read_to_string(place.root().join("CHANGELOG.md")).unwrap();
    let more = changelog.replacen("## [Unreleased]\n", "## [Unreleased]\n\n### Fixed\n\n- `tides`: ebb and flow.\n", 1);
    fs::write(place.root().join("CHANGELOG.md"), more).unwrap();

    let server = TestServer::start(server(Pace(Duration::ZERO))).unwrap();
    let client = server.client(Client::builder("test", "1")).await.unwrap();
    let begun = client.get_prompt("release_train", json!({ "root": place.root() })).await.unwrap();
    let run = begun["_meta"][STANDING]["taskId"].clone();
    let mut standing = Value::Null;
    for (step, result) in [("approve", json!({ "approved": true })), ("notes", json!({ "markdown": "More." }))] {
        let arguments = json!({ "_task_id": run, "step": step, "result": result });
        let result = client.call_tool("workflow_continue", arguments).await.unwrap().into_result().unwrap();
        standing = result.meta[STANDING].clone();
    }
    let message = standing["pause"]["message"].as_str().unwrap();
    assert!(message.starts_with("there is a release of 20") && message.ends_with("already: give it another day"));
    // What it leaves out comes from the plan.
    let arguments = json!({ "_task_id": run, "day": "2099-01-01" });
    let result = client.call_tool("write_release", arguments).await.unwrap().into_result().unwrap();
    assert_eq!(result.meta[STANDING]["state"], "completed", "{result:?}");
    let written = files(place.root());
    assert!(written["tides/Cargo.toml"].contains("version = \"1.5.1\""));
    assert!(written["CHANGELOG.md"].contains("## [Unreleased]\n\n## [2099-01-01]\n\n> More.\n"));
}

#[test]
fn what_needs_a_crate_that_changes_is_released_too() {
    let place = Place::new();
    let mut found = workspace::found(place.root()).unwrap();
    found.unreleased.retain(|change| change.bump == Bump::Major);
    let next: Vec<_> = propose(&found).into_iter().map(|next| format!("{} {}", next.name, next.to)).collect();
    assert_eq!(next, ["tides-cli 2.0.1", "tides-format 0.4.0"]);
}

#[test]
fn this_repository_is_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let found = workspace::found(&root).unwrap();
    assert!(found.crates.iter().any(|of| of.name == "pmcp-tasks" && of.needs.contains("pmcp-protocol")));
    let next = propose(&found);
    assert!(next.iter().all(|of| of.to > of.from), "{next:?}");
    // Those that share the version of the workspace are raised by what changed most.
    let shares =
        |name: &str| found.crates.iter().any(|of| of.name == name && of.versioned_by == Path::new("Cargo.toml"));
    let raised: Vec<_> = next.iter().filter(|of| shares(&of.name)).map(|of| &of.to).collect();
    assert!(raised.len() > 1 && raised.iter().all(|to| *to == raised[0]), "{next:?}");
}
