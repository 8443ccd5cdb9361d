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
    /// A command, which is started for each connection, and whoever is told of the first one.
    Lines(Vec<OsString>, Option<Shell>),
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
        Ok(match target {
            Target::Url(url) => Reached { way: Way::Http(url), secrets, child: None, folder: here() },
            Target::Package(args) => {
                let (program, path) = find_and_build(&args, shell).await?;
                let (child, url) = start(&path).await?;
                let folder = program.target.join("pmcp");
                Reached { way: Way::Http(url), secrets, child: Some(child), folder }
            }
            Target::Command(words) => {
                let way = Way::Lines(words, Some(shell.clone()));
                Reached { way, secrets, child: None, folder: here() }
            }
        })
    }
}

impl Reached {
    /// Connects to it. A server on standard streams is another process each time, and ends with the connection.
    ///
    /// # Errors
    /// It cannot be reached, or lets nobody in.
    pub(crate) async fn connect(&mut self, client: ClientBuilder) -> Result<Connected> {
        match &mut self.way {
            Way::Http(url) => over_http(self.secrets.give(client), url.clone(), &mut self.child).await,
            Way::Lines(words, shell) => over_lines(client, words, shell.take().as_ref()).await,
        }
    }

    /// The same for a host. A command is started for each.
    ///
    /// # Errors
    /// A word of the command is no text.
    pub(crate) fn endpoint(&self) -> Result<Endpoint> {
        Ok(match &self.way {
            Way::Http(url) => Endpoint::Http { url: url.clone(), headers: self.secrets.headers() },
            Way::Lines(words, _) => Endpoint::Stdio(command(words)?),
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
