//! `ReleaseTrain`: decisions and words of the client, without tools that only hand them back.

use pmcp_tasks::{
    prelude::*,
    workflow::{By, plan},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::driver::{Driver, Went};

#[derive(Serialize, Deserialize, JsonSchema, Clone)]
struct Change {
    text: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Found {
    versions: Vec<String>,
    unreleased: Vec<Change>,
}

#[derive(Serialize, Deserialize, JsonSchema, Clone)]
struct Next {
    version: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Decision {
    approved: bool,
    #[serde(default)]
    versions: Vec<Next>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Notes {
    markdown: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Written {
    files: usize,
}

#[task_tool]
async fn write_release(root: String, versions: Vec<Next>, notes: String) -> Result<Written, ToolError> {
    Ok(Written { files: versions.len() + root.len() + notes.len() })
}

/// Release the crates of a Cargo workspace.
#[derive(Deserialize, JsonSchema)]
struct ReleaseTrain {
    /// The workspace's directory.
    root: String,
}

#[workflow]
impl ReleaseTrain {
    /// Read the manifests and the changelog.
    #[step]
    async fn read(&self) -> Result<Found, ToolError> {
        if self.root.is_empty() {
            return Err(ToolError::new("there is no workspace"));
        }
        Ok(Found { versions: vec!["1.0.0".into()], unreleased: vec![Change { text: "Faster.".into() }] })
    }

    #[step]
    async fn propose(&self, read: &Found) -> Result<Vec<Next>, ToolError> {
        Ok(read.versions.iter().map(|version| Next { version: format!("{version}+1") }).collect())
    }

    /// Show the user the versions and ask whether to release. Leave `versions` empty to take them as they are.
    #[step(client, output = Decision)]
    fn approve(&self, propose: &[Next]) -> Vec<Next> {
        propose.to_vec()
    }

    /// Write release notes in Markdown from these changes, for users of the crates.
    #[step(client, output = Notes)]
    fn notes(&self, read: &Found, approve: &Decision) -> Option<Vec<Change>> {
        approve.approved.then(|| read.unreleased.clone())
    }

    #[step(tool = write_release)]
    fn write(&self, propose: &[Next], approve: &Decision, notes: Option<&Notes>) -> Option<WriteReleaseArgs> {
        let versions = if approve.versions.is_empty() { propose } else { &approve.versions }.to_vec();
        Some(WriteReleaseArgs { root: self.root.clone(), versions, notes: notes?.markdown.clone() })
    }

    #[step]
    async fn verify(&self, write: Option<&Written>) -> Result<usize, ToolError> {
        write.map(|written| written.files).ok_or_else(|| ToolError::new("nothing was written"))
    }
}

async fn driver(root: &str, decision: Value) -> Driver<()> {
    let mut driver = Driver::new(plan::<ReleaseTrain, _>(), (), &json!({ "root": root })).await.expect("arguments");
    driver.given.insert("approve", decision);
    driver.given.insert("notes", json!({ "markdown": "# Faster" }));
    driver.tools.insert("write_release", json!({ "files": 3 }));
    driver
}

#[tokio::test]
async fn an_approved_release_is_written_with_the_words_of_the_client() {
    let mut run = driver("crates", json!({ "approved": true })).await;
    let went = run.finish().await;
    assert_eq!(went.last().unwrap().1, Went::Done(json!(3)));
    let calls = [
        ("approve", json!([{ "version": "1.0.0+1" }])),
        ("notes", json!([{ "text": "Faster." }])),
        ("write_release", json!({ "root": "crates", "versions": [{ "version": "1.0.0+1" }], "notes": "# Faster" })),
    ];
    assert_eq!(run.calls, calls.map(|(name, shown)| (name.to_owned(), shown)));
    let guidance = run.plan.definition().steps[3].guidance;
    assert_eq!(guidance, Some("Write release notes in Markdown from these changes, for users of the crates."));
    assert_eq!(run.plan.definition().name, "release_train");
    assert!(run.plan.definition().steps[2].by == By::ClientOutput && By::ClientOutput.is_client());
}

#[tokio::test]
async fn versions_of_the_client_take_the_place_of_those_proposed() {
    let mut run = driver("crates", json!({ "approved": true, "versions": [{ "version": "2.0.0" }] })).await;
    run.finish().await;
    assert_eq!(run.calls[2].1["versions"], json!([{ "version": "2.0.0" }]));
}

#[tokio::test]
async fn a_refused_release_is_not_written() {
    let mut run = driver("crates", json!({ "approved": false })).await;
    let went = run.finish().await;
    let names: Vec<(&str, &Went)> = went.iter().map(|(step, went)| (step.as_str(), went)).collect();
    let nothing = Went::Failed("nothing was written".into());
    assert_eq!(names[3..], [("notes", &Went::Skipped), ("write", &Went::Skipped), ("verify", &nothing)]);
}

#[tokio::test]
async fn the_error_of_a_step_is_its_own() {
    let mut run = driver("", json!({})).await;
    assert_eq!(run.step("read").await, Went::Failed("there is no workspace".into()));
    assert_eq!(run.known("propose"), (json!({}), vec!["read"]));
}
