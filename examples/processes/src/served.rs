//! A server of its own process, with a client that is connected to it.

use std::ffi::OsStr;

use pmcp_client::{Client, ClientBuilder};

use crate::{Child, Outcome, Role};

/// Transport between a client and a server of its own process.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    /// A port of this machine.
    Http,
    /// The server's standard streams.
    Stdio,
}

/// A server and its client. Dropping it kills the server.
#[derive(Debug)]
pub struct Served {
    /// The client.
    pub client: Client,
    child: Child,
}

impl Served {
    /// Starts a program with these arguments and those of the way, `--http` with an address or `--stdio`, and connects to it.
    ///
    /// # Errors
    ///
    /// The program cannot be started or ends at once, or does not answer the client.
    pub async fn start(
        program: impl AsRef<OsStr>,
        arguments: &[&str],
        way: Way,
        client: ClientBuilder,
    ) -> Outcome<Self> {
        match way {
            Way::Http => {
                let child = Role::of(program, &[arguments, &["--http", "127.0.0.1:0"]].concat());
                let child = child.start("listening on ").await?;
                Ok(Self { client: client.connect_http(child.told()).await?, child })
            }
            Way::Stdio => {
                // In our hands it can be killed: a client that has them lets the server end in peace.
                let (child, output, input) = Role::of(program, &[arguments, &["--stdio"]].concat()).start_piped()?;
                Ok(Self { client: client.connect_io(output, input).await?, child })
            }
        }
    }

    /// The server's process.
    #[must_use]
    pub fn process(&self) -> &Child {
        &self.child
    }

    /// Ends the server as abruptly as power fails: by SIGKILL, where there are signals.
    ///
    /// # Errors
    ///
    /// The system refuses to.
    pub async fn kill(mut self) -> Outcome<()> {
        self.child.kill().await
    }
}
