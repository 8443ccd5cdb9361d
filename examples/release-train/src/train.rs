//! The workflow: what the server does by itself, what its client decides and writes, and what follows from it.

use std::path::PathBuf;

use pmcp_tasks::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    propose::{self, Next},
    verify,
    workspace::{self, Change, Found},
    write::{WriteReleaseArgs, Written, write_release},
};

/// What the user decides.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Decision {
    /// Whether to release.
    pub(crate) approved: bool,
    /// Other versions than those proposed; empty takes them as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) versions: Vec<Next>,
}

impl Decision {
    /// The versions that are to be written.
    pub(crate) fn or<'a>(&'a self, proposed: &'a [Next]) -> &'a [Next] {
        if self.versions.is_empty() { proposed } else { &self.versions }
    }
}

/// What the client writes.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Notes {
    pub(crate) markdown: String,
}

/// Release the crates of a Cargo workspace.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ReleaseTrain {
    /// The workspace's directory.
    root: PathBuf,
}

#[workflow(title = "Release train", ttl = "2d")]
impl ReleaseTrain {
    /// Read the manifests and the changelog.
    #[step]
    async fn read(&self) -> Result<Found, ToolError> {
        workspace::read(&self.root).await
    }

    /// Find the next versions.
    #[step]
    async fn propose(&self, read: &Found) -> Result<Vec<Next>, ToolError> {
        propose::propose(read)
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

    /// Write the versions and the notes.
    #[step(tool = write_release)]
    fn write(
        &self,
        read: &Found,
        propose: &[Next],
        approve: &Decision,
        notes: Option<&Notes>,
    ) -> Option<WriteReleaseArgs> {
        Some(WriteReleaseArgs {
            root: self.root.clone(),
            versions: approve.or(propose).to_vec(),
            notes: notes?.markdown.clone(),
            day: read.day.clone(),
        })
    }

    /// Read again, and compare.
    #[step]
    async fn verify(&self, propose: &[Next], approve: &Decision, write: Option<&Written>) -> Result<String, ToolError> {
        verify::verify(&self.root, approve.or(propose), write).await
    }
}
