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
    /// Whether to release; `false` ends the run, and nothing is written.
    pub(crate) approved: bool,
    /// The versions of all crates that are to be released, where they differ from those proposed; left out, those are taken.
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
    /// The notes: no title and no day, which the changelog gives them.
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
    /// Read the manifests and what the changelogs have unreleased.
    #[step]
    async fn read(&self) -> Result<Found, ToolError> {
        workspace::unreleased(&self.root).await
    }

    /// Find the next versions.
    #[step]
    async fn propose(&self, read: &Found) -> Vec<Next> {
        propose::propose(read)
    }

    /// Show the user the next versions of the crates that change, and ask whether to release them. Leave `versions` out unless the user
    /// wants other ones.
    #[step(client, output = Decision)]
    fn approve(&self, propose: &[Next]) -> Vec<Next> {
        propose.to_vec()
    }

    /// Write release notes in Markdown from these changes, for users of the crates, and show them to the user until they agree: the server
    /// then writes the versions and the notes into the files.
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
