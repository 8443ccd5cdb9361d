//! Tools and types of the workflows in the tests.

use pmcp_tasks::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The result of a first step.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Validated {
    /// The image to build.
    pub image: String,
}

/// The result of [`build_image`](fn@build_image).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct BuildReport {
    /// The digest of the image.
    pub digest: String,
}

/// The result of [`approve_rollout`](fn@approve_rollout).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Approval {
    /// The answer of the user.
    pub approved: bool,
}

/// Builds an image.
#[task_tool]
pub async fn build_image(image: String) -> BuildReport {
    BuildReport { digest: image }
}

/// Asks whether to roll out.
#[task_tool]
pub async fn approve_rollout(digest: String) -> Approval {
    Approval { approved: digest.is_empty() }
}

/// A part of the server's state.
#[derive(Clone, Debug)]
pub struct Database;

/// Needs the database.
#[task_tool]
pub async fn stateful(image: String, State(db): State<Database>) -> String {
    format!("{image}{db:?}")
}

/// A tool's result that nobody can read.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WriteOnly {
    /// The digest.
    pub digest: String,
}

/// Returns what nobody can read.
#[task_tool]
pub async fn write_only(digest: String) -> WriteOnly {
    WriteOnly { digest }
}

/// A tool's arguments that nobody can write.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ReadOnly {
    /// The digest.
    pub digest: String,
}

/// Takes what nobody can write.
#[task_tool]
pub async fn read_only(#[args] arguments: ReadOnly) -> String {
    arguments.digest
}

/// Not a tool.
#[must_use]
pub fn plain_function() -> u8 {
    0
}

/// Variables.
#[derive(TaskVariables, Default, Debug)]
pub struct A {
    /// A number.
    pub n: u32,
}

/// Other variables.
#[derive(TaskVariables, Default, Debug)]
pub struct B {
    /// A number.
    pub n: u32,
}
