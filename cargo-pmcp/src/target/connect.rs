//! A connection to TARGET: whatever it is, it is started, asked for its version and, in the end, stopped.

use std::{
    ffi::OsString,
    path::Path,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use pmcp_client::{Client, ClientBuilder, ClientError};
use pmcp_protocol::code;
use tokio::process::Command;

use super::{
    Target, TargetArgs,
    build::find_and_build,
    child::{Child, Ear, typed},
    start::serve,
};
use crate::{
    error::{Error, Result},
    shell::Shell,
    text,
};

/// A connection to a server, and the server if we started it.
#[derive(Debug)]
pub(crate) struct Connected {
    pub(crate) client: Client,
    /// Where it is, for people.
    address: String,
    child: Option<Child>,
}

impl TargetArgs {
    /// Connects to the server, which is built and started if need be.
    ///
    /// # Errors
    /// It cannot be built, started or reached, or lets nobody in.
    pub(crate) async fn connect(&self, client: ClientBuilder, shell: &Shell) -> Result<Connected> {
        self.connect_within(Duration::ZERO, client, shell).await
    }

    /// The same; a server at an address has so long to come up.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub(crate) async fn connect_within(
        &self,
        wait: Duration,
        client: ClientBuilder,
        shell: &Shell,
    ) -> Result<Connected> {
        let (target, secrets) = self.target()?;
        let client = secrets.give(client.revision(self.protocol.name()));
        match target {
            Target::Url(url) => match come_up(client, &url, wait, shell).await {
                Ok(client) => Ok(Connected { client, address: url, child: None }),
                Err(error) => Err(lost(&error, &url)),
            },
            Target::Package(args) => {
                let (_, path) = find_and_build(&args, shell).await?;
                connect_to(&path, client).await
            }
            Target::Command(command) => over_lines(client, &command, Some(shell)).await,
        }
    }
}

/// Starts a program that is built, and connects to it.
///
/// # Errors
/// It does not start, or does not answer.
pub(crate) async fn connect_to(program: &Path, client: ClientBuilder) -> Result<Connected> {
    let (child, url) = start(program).await?;
    let mut child = Some(child);
    let connected = over_http(client, url, &mut child, None).await?;
    Ok(Connected { child, ..connected })
}

/// Starts a program that is built, and tells its address.
pub(super) async fn start(program: &Path) -> Result<(Child, String)> {
    // Its log is shown if it ends: here the answer is what counts.
    let silent: Ear = Arc::new(|_: &str| {});
    let serving = serve(program, None, &silent).await?;
    Ok((serving.child, serving.url))
}

/// The time for which a server may say nothing before people are told that it is waited for.
const SILENCE: Duration = Duration::from_secs(3);

/// The time within which a program that is meant for a host has to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// Tells whether a program answers on its standard streams when it is started without arguments, as hosts do it.
pub(crate) async fn answers_lines(program: &Path, client: ClientBuilder) -> bool {
    let mut command = Command::new(program);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let silent: Ear = Arc::new(|_: &str| {});
    let Ok(mut child) = Child::start(command, &silent) else { return false };
    let answers = match child.streams() {
        Some((reader, writer)) => tokio::time::timeout(ANSWER, client.connect_io(reader, writer)).await,
        None => return false,
    };
    child.stop().await;
    matches!(answers, Ok(Ok(_)))
}

/// Waits for a connection to this address, and tells people so if it takes its time.
async fn patiently<T>(mut connecting: impl Future<Output = T> + Unpin, address: &str, shell: Option<&Shell>) -> T {
    tokio::select! {
        connected = &mut connecting => connected,
        () = tokio::time::sleep(SILENCE) => {
            if let Some(shell) = shell {
                shell.status("Waiting", &format!("for {} to answer (Ctrl-C gives up)", text::plain(address)));
            }
            connecting.await
        }
    }
}

/// The time between two tries to reach a server that is to come up.
const PAUSE: Duration = Duration::from_millis(200);

/// Connects to an address; tries again for so long while nobody takes connections there, and tells so.
async fn come_up(
    client: ClientBuilder,
    url: &str,
    wait: Duration,
    shell: &Shell,
) -> std::result::Result<Client, ClientError> {
    let until = Instant::now() + wait;
    let mut is_told = false;
    loop {
        let connected = patiently(Box::pin(client.clone().connect_http(url)), url, Some(shell)).await;
        let Err(ClientError::Transport(_)) = connected else { return connected };
        if Instant::now() >= until {
            return connected;
        }
        if !std::mem::replace(&mut is_told, true) {
            shell.status("Waiting", &format!("for {} to come up (Ctrl-C gives up)", text::plain(url)));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Connects to an address, behind which this process of ours may be.
pub(super) async fn over_http(
    client: ClientBuilder,
    url: String,
    child: &mut Option<Child>,
    shell: Option<&Shell>,
) -> Result<Connected> {
    match patiently(Box::pin(client.connect_http(&url)), &url, shell).await {
        Ok(client) => Ok(Connected { client, address: url, child: None }),
        Err(error) => Err(explained(&error, &url, child).await),
    }
}

/// Starts a command, tells so, and connects to it.
pub(super) async fn over_lines(client: ClientBuilder, words: &[OsString], shell: Option<&Shell>) -> Result<Connected> {
    let address = typed(words.iter().map(OsString::as_os_str));
    let [program, arguments @ ..] = words else { return Err(Error::usage("the command is empty")) };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let silent: Ear = Arc::new(|_: &str| {});
    let mut child = Child::start(command, &silent).map_err(|error| error.help("the command is run without a shell"))?;
    if let Some(shell) = shell {
        shell.status("Started", &address);
    }
    let Some((reader, writer)) = child.streams() else {
        return Err(Error::failed(format!("`{address}` has no standard streams")));
    };
    let mut child = Some(child);
    match patiently(Box::pin(client.connect_io(reader, writer)), &address, shell).await {
        Ok(client) => Ok(Connected { client, address, child }),
        Err(error) => Err(not_connected(&error, &address, &mut child).await),
    }
}

/// The help for a server that takes a request, and says nothing.
const HANGS: &str = "look into its log for what it is at: it may wait for something itself, or it is no server of MCP";

/// The error of a command that does not answer as a server does when it is started.
async fn not_connected(error: &ClientError, address: &str, child: &mut Option<Child>) -> Error {
    let explained = explained(error, address, child).await;
    match error {
        ClientError::Rpc(error) if error.code == code::METHOD_NOT_FOUND => explained.help(
            "it does not know the request that each server knows; a command that sends back what it is sent, as `cat` does, is no server of MCP",
        ),
        ClientError::Timeout(_) => Error {
            help: vec!["a server on standard input answers in lines of JSON; look whether this command is one, or is told to be one by an argument".to_owned()],
            ..explained
        },
        ClientError::Closed | ClientError::Transport(_) => {
            explained.help("a server keeps running, and reads its standard input: look whether this command is one")
        }
        _ => explained,
    }
}

impl Connected {
    /// An error of the client, in words for people.
    pub(crate) async fn explain(&mut self, error: ClientError) -> Error {
        explained(&error, &self.address, &mut self.child).await
    }

    /// Set if the server was started by us, and ends with the connection.
    pub(crate) fn is_ours(&self) -> bool {
        self.child.is_some()
    }

    /// Ends the connection, and the server if we started it.
    pub(crate) async fn close(self) {
        // The server is left, or stopped, either way.
        let _ = self.client.close().await;
        if let Some(child) = self.child {
            child.stop().await;
        }
    }
}

/// An error of the client, or that its server has ended.
async fn explained(error: &ClientError, address: &str, child: &mut Option<Child>) -> Error {
    if let (ClientError::Closed | ClientError::Transport(_), Some(child)) = (error, child)
        && let Some(gone) = child.end().await
    {
        return gone;
    }
    lost(error, address)
}

/// An error of the client, in words for people.
pub(crate) fn lost(error: &ClientError, address: &str) -> Error {
    let address = text::plain(address);
    match error {
        ClientError::Rpc(error) => {
            Error::failed(format!("the server answered with an error: {} ({})", text::line(&error.message), error.code))
        }
        ClientError::Http { status: 401, authenticate, .. } => {
            let challenge = authenticate.as_ref().map(|challenge| format!(" ({})", text::line(challenge)));
            Error::failed(format!("`{address}` does not know who calls{}", challenge.unwrap_or_default()))
                .help("put a token into an environment variable, and pass `--bearer-env VAR`")
        }
        ClientError::Http { status: 403, .. } => {
            Error::failed(format!("`{address}` lets this caller not in (HTTP status 403)"))
        }
        ClientError::Http { status: 404, .. } => Error::failed(format!("there is no server at `{address}`"))
            .help("the address has a path, which often is `/mcp`"),
        ClientError::Transport(_) => {
            let unreached = Error::because(&format!("`{address}` cannot be reached"), error);
            let unreached = unreached.help("look whether the server runs, and listens there");
            match address.strip_prefix("https://") {
                Some(rest) => unreached.help(format!("if it speaks plain HTTP, it is `http://{rest}`")),
                None => unreached,
            }
        }
        ClientError::Timeout(time) => {
            Error::failed(format!("`{address}` has not answered within {} s", time.as_secs())).help(HANGS)
        }
        ClientError::Closed => Error::failed(format!("`{address}` ended the connection")),
        error => Error::failed(text::line(&crate::error::with_causes(error))),
    }
}
