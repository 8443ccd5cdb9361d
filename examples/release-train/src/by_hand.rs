//! The twin of the workflow, written by hand on `task.step` and `task.elicit`: all that a function has to do itself for its client to
//! know the plan and how it stands, to be shown what a decision is about, to have a failed step tried again, and to begin it by a prompt.

use std::{collections::BTreeMap, future::Future, path::PathBuf};

use pmcp_server::{Prompt, PromptArgument, PromptArguments, PromptResult};
use pmcp_tasks::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use crate::{
    propose::{Next, propose},
    train::{Decision, Notes},
    verify::verify,
    workspace::{self, Change, Found},
    write::{WriteReleaseArgs, Written, write_release},
};

const STEPS: [(&str, &str); 6] = [
    ("read", "Read the manifests and what the changelogs have unreleased."),
    ("propose", "Find the next versions."),
    ("approve", "Show the user the next versions of the crates that change, and ask whether to release them."),
    (
        "notes",
        "Write release notes in Markdown from these changes, for users of the crates, and show them to the user until they agree.",
    ),
    ("write", "Write the versions and the notes."),
    ("verify", "Read again, and compare."),
];

/// How each step stands.
#[derive(TaskVariables, Default)]
pub(crate) struct Standing {
    steps: BTreeMap<String, String>,
}

/// What every step gave.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Released {
    steps: BTreeMap<String, Value>,
    pub(crate) result: String,
}

/// What came of an attempt.
#[derive(Serialize, Deserialize)]
enum Tried<T> {
    Done(T),
    Failed(String),
}

/// A run that tells how it stands.
struct Course {
    task: TaskContext<Standing>,
    states: BTreeMap<String, String>,
    results: BTreeMap<String, Value>,
}

/// Release the crates of a Cargo workspace.
#[task_tool(fallback = "handle", ttl = "24h", on_crash = "restart")]
pub(crate) async fn release_by_hand(
    /// The workspace's directory.
    root: PathBuf,
    task: TaskContext<Standing>,
) -> Result<Released, ToolError> {
    let mut course = Course::begin(task.clone()).await?;
    let found: Found = course.run("read", |_| workspace::unreleased(&root)).await?;
    let next: Vec<Next> = course.run("propose", |_| async { Ok(propose(&found)) }).await?;
    let decision = course.approve(&next).await?;
    let versions = decision.or(&next);
    let written: Option<Written> = if decision.approved {
        let notes = course.notes(&found.unreleased).await?;
        let call = |attempt| {
            let arguments = WriteReleaseArgs {
                root: root.clone(),
                versions: versions.to_vec(),
                notes: notes.markdown.clone(),
                day: found.day.clone(),
            };
            task.call::<write_release>(format!("write_release {attempt}"), arguments)
        };
        Some(course.run("write", call).await?)
    } else {
        course.tell("notes", "skipped").await?;
        course.tell("write", "skipped").await?;
        None
    };
    let result = course.run("verify", |_| verify(&root, versions, written.as_ref())).await?;
    Ok(Released { steps: course.results, result })
}

impl Course {
    async fn begin(task: TaskContext<Standing>) -> Result<Self, ToolError> {
        let states = STEPS.iter().map(|(name, _)| ((*name).to_owned(), "waiting".to_owned())).collect();
        let course = Self { task, states, results: BTreeMap::new() };
        course.task.variables().steps.set(course.states.clone()).await?;
        Ok(course)
    }

    /// Tells how a step stands.
    async fn tell(&mut self, name: &str, state: &str) -> Result<(), ToolError> {
        self.states.insert(name.to_owned(), state.to_owned());
        self.task.variables().steps.set(self.states.clone()).await?;
        let number = STEPS.iter().position(|(step, _)| *step == name).unwrap_or_default() + 1;
        self.task.status_message(format!("Step {number} of {}, `{name}`: {state}.", STEPS.len())).await?;
        Ok(())
    }

    async fn done<T: Serialize + Sync>(&mut self, name: &str, value: &T) -> Result<(), ToolError> {
        self.results.insert(name.to_owned(), serde_json::to_value(value)?);
        self.tell(name, "done").await
    }

    /// Does a step until it succeeds or the user gives up. Failures are recorded, too: a run after a crash asks the same questions in
    /// the same order, and so gets the answers that were given to them.
    async fn run<T, F, W>(&mut self, name: &str, work: F) -> Result<T, ToolError>
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
        F: Fn(u32) -> W + Send + Sync,
        W: Future<Output = Result<T, ToolError>> + Send,
    {
        let mut attempt = 1;
        loop {
            self.tell(name, "running").await?;
            let tried = self.task.step(format!("{name} {attempt}"), async || match work(attempt).await {
                Ok(value) => Ok(Tried::Done(value)),
                Err(error) if error.is_cancelled() => Err(error),
                Err(error) => Ok(Tried::Failed(error.to_string())),
            });
            match tried.await? {
                Tried::Done(value) => {
                    self.done(name, &value).await?;
                    return Ok(value);
                }
                Tried::Failed(reason) => {
                    self.tell(name, "failed").await?;
                    let again: bool =
                        self.task.elicit(format!("Step `{name}` has failed: {reason}. Try it again?")).await?;
                    if !again {
                        return Err(ToolError::new(reason));
                    }
                    attempt += 1;
                }
            }
        }
    }

    /// Asks whether to release, and lets each version be another one: a form has fields and no lists.
    async fn approve(&mut self, next: &[Next]) -> Result<Decision, ToolError> {
        self.tell("approve", "open").await?;
        let mut fields = Map::new();
        fields.insert("approved".to_owned(), json!({ "type": "boolean" }));
        for of in next {
            fields.insert(of.name.clone(), json!({ "type": "string", "default": of.to }));
        }
        let form = json!({ "type": "object", "properties": fields, "required": ["approved"] });
        let mut text = question("approve", next)?;
        let decision = loop {
            let answer = match self.task.elicit_schema(&text, form.clone()).await {
                Ok(answer) => answer,
                Err(AskError::Declined) => Map::new(),
                Err(error) => return Err(error.into()),
            };
            let chosen = next.iter().map(|of| {
                let given = answer.get(&of.name).and_then(Value::as_str);
                let to = given.map_or(Ok(of.to.clone()), str::parse)?;
                Ok(Next { to, ..of.clone() })
            });
            match chosen.collect::<Result<Vec<_>, semver::Error>>() {
                Ok(chosen) => {
                    let approved = answer.get("approved") == Some(&true.into());
                    break Decision { approved, versions: if chosen == next { Vec::new() } else { chosen } };
                }
                Err(error) => text = format!("That is no version: {error}. {}", question("approve", next)?),
            }
        };
        self.done("approve", &decision).await?;
        Ok(decision)
    }

    async fn notes(&mut self, changes: &[Change]) -> Result<Notes, ToolError> {
        self.tell("notes", "open").await?;
        let notes = Notes { markdown: self.task.elicit(question("notes", changes)?).await? };
        self.done("notes", &notes).await?;
        Ok(notes)
    }
}

/// The guidance of a step, and what it is about.
fn question<T: Serialize + ?Sized>(name: &str, shown: &T) -> Result<String, ToolError> {
    let guidance = STEPS.iter().find(|(step, _)| *step == name).map_or("", |(_, guidance)| guidance);
    Ok(format!("{guidance}\n\n{}", serde_json::to_string_pretty(shown)?))
}

/// The prompt that begins it.
pub(crate) fn prompt() -> Prompt {
    Prompt::new("release_by_hand")
        .title("Release train, by hand")
        .description("Release the crates of a Cargo workspace.")
        .argument(PromptArgument::required("root").description("The workspace's directory."))
}

/// What the prompt tells the model.
pub(crate) fn words(arguments: &PromptArguments) -> PromptResult {
    let steps = STEPS.iter().enumerate().map(|(n, (name, guidance))| format!("{}. {name}: {guidance}\n", n + 1));
    let root = Value::from(arguments.text("root"));
    PromptResult::user(format!(
        "Call `release_by_hand` with {{\"root\":{root}}}. It is a task, and does these steps:\n{}Follow it to its end. Where it asks, \
         show the user what it shows, and answer as it says. If a step has failed, tell the user and ask whether to try it again.",
        steps.collect::<String>()
    ))
}
