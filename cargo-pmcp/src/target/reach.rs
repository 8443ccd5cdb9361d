//! TARGET for those who connect to it more than once, each time as somebody else.

use std::ffi::OsString;

use pmcp_client::ClientBuilder;

use super::{
    Connected, Secrets, Target, TargetArgs,
    build::find_and_build,
    child::Child,
    connect::{over_http, over_lines, start},
};
use crate::{error::Result, shell::Shell};

/// A server that can be connected to again and again.
#[derive(Debug)]
pub(crate) struct Reached {
    way: Way,
    secrets: Secrets,
    /// The server, if it is one process for all connections and we started it.
    child: Option<Child>,
}

/// The way to a server.
#[derive(Debug)]
enum Way {
    Http(String),
    /// A command, which is started for each connection, and whoever is told of the first one.
    Lines(Vec<OsString>, Option<Shell>),
}

impl TargetArgs {
    /// Makes the server ready, which is built and started if need be.
    ///
    /// # Errors
    /// It cannot be built or started.
    pub(crate) async fn reach(&self, shell: &Shell) -> Result<Reached> {
        let (target, secrets) = self.target()?;
        Ok(match target {
            Target::Url(url) => Reached { way: Way::Http(url), secrets, child: None },
            Target::Package(args) => {
                let (_, path) = find_and_build(&args, shell).await?;
                let (child, url) = start(&path).await?;
                Reached { way: Way::Http(url), secrets, child: Some(child) }
            }
            Target::Command(words) => Reached { way: Way::Lines(words, Some(shell.clone())), secrets, child: None },
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

    /// Ends the server, if it is ours.
    pub(crate) async fn stop(self) {
        if let Some(child) = self.child {
            child.stop().await;
        }
    }
}
