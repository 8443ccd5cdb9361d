//! TARGET for those who connect to it more than once, each time as somebody else.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use pmcp_client::ClientBuilder;
use pmcp_preview::Endpoint;

use super::{
    Connected, Secrets, Target, TargetArgs,
    build::find_and_build,
    child::Child,
    connect::{over_http, over_lines, start},
    upstream::command,
};
use crate::{error::Result, shell::Shell};

/// A server that can be connected to again and again.
#[derive(Debug)]
pub(crate) struct Reached {
    way: Way,
    /// Whoever is told of the first connection.
    shell: Option<Shell>,
    secrets: Secrets,
    /// The server, if it is one process for all connections and we started it.
    child: Option<Child>,
    /// The folder in which what is made of it is put.
    folder: PathBuf,
}

/// The way to a server.
#[derive(Debug)]
enum Way {
    Http(String),
    /// A command, which is started for each connection.
    Lines(Vec<OsString>),
}

fn here() -> PathBuf {
    PathBuf::from("target/pmcp")
}

impl TargetArgs {
    /// Makes the server ready, which is built and started if need be.
    ///
    /// # Errors
    /// It cannot be built or started.
    pub(crate) async fn reach(&self, shell: &Shell) -> Result<Reached> {
        let (target, secrets) = self.target()?;
        let shell_of_first = Some(shell.clone());
        let reached = |way, child, folder| Reached { way, shell: shell_of_first, secrets, child, folder };
        Ok(match target {
            Target::Url(url) => reached(Way::Http(url), None, here()),
            Target::Package(args) => {
                let (program, path) = find_and_build(&args, shell).await?;
                let (child, url) = start(&path).await?;
                reached(Way::Http(url), Some(child), program.target.join("pmcp"))
            }
            Target::Command(words) => reached(Way::Lines(words), None, here()),
        })
    }
}

impl Reached {
    /// Connects to it. A server on standard streams is another process each time, and ends with the connection.
    ///
    /// # Errors
    /// It cannot be reached, or lets nobody in.
    pub(crate) async fn connect(&mut self, client: ClientBuilder) -> Result<Connected> {
        let shell = self.shell.take();
        match &self.way {
            Way::Http(url) => over_http(self.secrets.give(client), url.clone(), &mut self.child, shell.as_ref()).await,
            Way::Lines(words) => over_lines(client, words, shell.as_ref()).await,
        }
    }

    /// The same for a host. A command is started for each.
    ///
    /// # Errors
    /// A word of the command is no text.
    pub(crate) fn endpoint(&self) -> Result<Endpoint> {
        Ok(match &self.way {
            Way::Http(url) => Endpoint::Http { url: url.clone(), headers: self.secrets.headers() },
            Way::Lines(words) => Endpoint::Stdio(command(words)?),
        })
    }

    /// The folder in which what is made of it is put: of a package in its `target`, else here.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends the server, if it is ours.
    pub(crate) async fn stop(self) {
        if let Some(child) = self.child {
            child.stop().await;
        }
    }
}
