//! Begins the workflow on a server of its own process, and plays its client: kills the server where it waits and in the middle of
//! writing, decides, writes the notes, and looks at what came of it.

use std::{
    fs,
    time::{Duration, Instant},
};

use pmcp_client::Client;
use processes::{Place, Served, Way, say};
use serde_json::{Value, json};

use crate::{Outcome, sample};

/// The key under which a reply tells how the run stands.
const STANDING: &str = "run.pmcp/workflow";

/// Time a run may take to go on after a kill, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server of its own process, and its client.
struct Server(Served);

impl Server {
    async fn start(place: &Place) -> Outcome<Self> {
        let arguments = ["--lease", "1000", "--pace", "400", "--store", place.store()];
        let client = Client::builder("release-train", env!("CARGO_PKG_VERSION"));
        let served = Served::start(std::env::current_exe()?, &arguments, Way::Http, client).await?;
        say(format_args!("-- process {} serves on {}", served.process().id(), served.process().told()));
        Ok(Self(served))
    }

    async fn kill(self) -> Outcome<()> {
        let process = self.0.process().id();
        self.0.kill().await?;
        say(format_args!("-- killed process {process}"));
        Ok(())
    }

    /// Calls `workflow_continue`, and gives how the run stands.
    async fn go_on(&self, run: &str, mut arguments: Value) -> Outcome<Value> {
        arguments["_task_id"] = run.into();
        let result = self.0.client.call_tool("workflow_continue", arguments).await?;
        let mut result = result.into_result().ok_or("the call became a task")?;
        if result.is_error {
            return Err(result.first_text().unwrap_or("the call failed").to_owned().into());
        }
        result.meta.remove(STANDING).ok_or_else(|| "the reply does not tell how the run stands".into())
    }
}

pub(crate) async fn run() -> Outcome<()> {
    let place = Place::sqlite()?;
    let root = place.path().join("workspace");
    sample::copy_to(&root)?;

    let server = Server::start(&place).await?;
    let begun = server.0.client.get_prompt("release_train", json!({ "root": root })).await?;
    let standing = &begun["_meta"][STANDING];
    let run = standing["taskId"].as_str().ok_or("nothing was begun")?.to_owned();
    say(format_args!("begun: run {run}"));
    show(standing);
    server.kill().await?;

    let server = Server::start(&place).await?;
    let standing = server.go_on(&run, json!({})).await?;
    for next in of(&standing, "approve")["arguments"].as_array().ok_or("no versions are shown")? {
        let [name, from, to] = ["name", "from", "to"].map(|key| text(&next[key]));
        say(format_args!("   {name} {from} becomes {to}"));
    }
    say(format_args!("the user approves"));
    let standing = server.go_on(&run, json!({ "step": "approve", "result": { "approved": true } })).await?;
    show(&standing);

    let mut notes = String::from("Tides at the place nearest to you.\n\n");
    for change in of(&standing, "notes")["arguments"].as_array().ok_or("no changes are shown")? {
        notes = notes + "- " + text(&change["text"]) + "\n";
    }
    say(format_args!("the model writes {} lines of notes", notes.lines().count()));
    let before = fs::read_to_string(root.join("tides/Cargo.toml"))?;
    let given = json!({ "step": "notes", "result": { "markdown": notes } });
    let gone_on = server.go_on(&run, given);
    tokio::select! {
        standing = gone_on => return Err(format!("the run was too fast to be stopped: {}", standing?).into()),
        changed = until(|| Ok(fs::read_to_string(root.join("tides/Cargo.toml"))? != before)) => changed?,
    }
    say(format_args!("one manifest is written, others are not"));
    server.kill().await?;

    let server = Server::start(&place).await?;
    let give_up = Instant::now() + PATIENCE;
    let standing = loop {
        let standing = server.go_on(&run, json!({ "wait_seconds": 20 })).await?;
        if standing["state"] != "running" || Instant::now() > give_up {
            break standing;
        }
    };
    show(&standing);
    assert_eq!(standing["state"], "completed");
    say(format_args!("released: {}", text(&of(&standing, "verify")["result"])));
    for file in ["tides/Cargo.toml", "tides-format/Cargo.toml", "tides-cli/Cargo.toml"] {
        let text = fs::read_to_string(root.join(file))?;
        let version = text.lines().find(|line| line.starts_with("version")).unwrap_or_default();
        say(format_args!("   {file}: {version}"));
    }
    let changelog = fs::read_to_string(root.join("CHANGELOG.md"))?;
    assert_eq!(changelog.matches("Tides at the place nearest to you.").count(), 1, "the notes are there, once");
    for line in
        changelog.lines().skip_while(|line| !line.starts_with("## ")).take_while(|line| !line.starts_with("###"))
    {
        say(format_args!("   {line}"));
    }
    Ok(())
}

/// The steps of a run, with how each stands.
fn show(standing: &Value) {
    let steps = standing["steps"].as_array().into_iter().flatten();
    let steps: Vec<_> = steps.map(|step| format!("{} {}", text(&step["name"]), text(&step["state"]))).collect();
    say(format_args!("{}: {}", text(&standing["state"]), steps.join(", ")));
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A step of a run.
fn of<'a>(standing: &'a Value, name: &str) -> &'a Value {
    let mut steps = standing["steps"].as_array().into_iter().flatten();
    steps.find(|step| step["name"] == name).unwrap_or(&Value::Null)
}

/// Waits until something holds.
async fn until(mut holds: impl FnMut() -> Outcome<bool>) -> Outcome<()> {
    let give_up = Instant::now() + PATIENCE;
    while !holds()? {
        if Instant::now() > give_up {
            return Err("what was waited for did not come".into());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}
