//! Connecting to a server as the client of a profile.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use pmcp_client::{
    Client, ClientBuilder, ClientError, ClientRevision, RequestOptions, Side, Version, pmcp_protocol::meta::SERVER_INFO,
};
use pmcp_preview_client::{Questions, Tasks};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader},
    sync::mpsc,
};

use crate::{
    connection::Protocol,
    events::Events,
    process::Process,
    profile::Profile,
    upstream::{Endpoint, ending},
};

/// The time a server may take to tell what it is.
const HANDSHAKE: Duration = Duration::from_secs(15);
/// The time a process may take to end, after which its silence has another reason.
const EXIT: Duration = Duration::from_millis(500);
/// The requests whose times are kept.
const TIMED: usize = 1024;
/// The longest line of standard error that is read in one.
const LINE: u64 = 8 << 10;

/// A server that answers.
#[derive(Debug)]
pub(crate) struct Dialled {
    pub(crate) client: Client,
    pub(crate) version: Version,
    /// `name`, `version`, `capabilities`, and `instructions` where there are any.
    pub(crate) server: Value,
    /// The tasks of a connection before 2026-07-28, where calls may become tasks, and the ids of those that change.
    pub(crate) tasks: Option<(Arc<Tasks>, mpsc::Receiver<String>)>,
    /// The process behind it.
    pub(crate) process: Option<Process>,
}

/// The reason that a server does not answer.
#[derive(Debug)]
pub(crate) enum Silent {
    /// It is not there; it may come back.
    Lost(String),
    /// It wants to know who asks, and how.
    Refused(String),
    /// Asking again would change nothing.
    Failed(String),
}

/// What a connection is made with.
#[derive(Clone, Debug)]
pub(crate) struct Dial {
    pub(crate) profile: &'static Profile,
    pub(crate) protocol: Protocol,
    /// Calls may become tasks.
    pub(crate) tasks: bool,
    pub(crate) events: Events,
    pub(crate) questions: Arc<Questions>,
}

/// The reason that there is no connection.
#[derive(Debug)]
enum Failure {
    Client(ClientError),
    /// The process has ended, with this exit code; `None` if a signal ended it.
    Ended(Option<i32>),
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

impl Dial {
    /// Connects, with the newest version that both speak.
    pub(crate) async fn connect(&self, endpoint: &Endpoint) -> Result<Dialled, Silent> {
        let revision = self.revision().ok_or_else(|| {
            Silent::Failed("the profile speaks no version of the protocol that is known here".to_owned())
        })?;
        let connected = match self.connect_with(endpoint, &revision).await {
            // Some end at the first question that is no greeting.
            Err(Failure::Ended(_)) if revision == ClientRevision::Auto => {
                self.events.forget_lines();
                self.connect_with(endpoint, &Version::NEWEST_WITH_HANDSHAKE.into()).await
            }
            connected => connected,
        };
        connected.map_err(silent)
    }

    /// The version to ask for; `None` if the profile has none that is known here.
    fn revision(&self) -> Option<ClientRevision> {
        let mut versions = self.profile.client.versions();
        let mut of = |has_handshake| versions.find(|version| version.has_handshake() == has_handshake);
        match self.protocol {
            Protocol::Auto => match (versions.next()?, versions.next()) {
                (one, None) => Some(one.into()),
                _ => Some(ClientRevision::Auto),
            },
            // Whoever wishes for a version gets it, though the host would not speak it.
            Protocol::V2026 => Some(of(false).unwrap_or(NEWEST).into()),
            Protocol::V2025 => Some(of(true).unwrap_or(Version::NEWEST_WITH_HANDSHAKE).into()),
        }
    }

    async fn connect_with(&self, endpoint: &Endpoint, revision: &ClientRevision) -> Result<Dialled, Failure> {
        let tasks = Arc::default();
        let mut builder = self.builder(revision.clone(), &tasks);
        let (connected, process) = match endpoint {
            Endpoint::Http { url, headers } => {
                for (name, value) in headers {
                    builder = builder.header(name.clone(), value.clone());
                }
                (within(builder.connect_http(url)).await, None)
            }
            Endpoint::Stdio(command) => {
                let mut process = Process::start(command.command())
                    .map_err(|error| ClientError::Input(format!("`{command}` cannot be run: {error}")))?;
                let Some((stdin, stdout, stderr)) = process.streams() else {
                    return Err(ClientError::transport("the process has no standard streams").into());
                };
                let heard = tokio::spawn(tell_lines(stderr, self.events.clone()));
                (within(builder.connect_io(stdout, stdin)).await, Some((process, heard)))
            }
        };
        let described = match connected {
            Ok(client) => describe(&client).await.map(|(version, server)| (client, version, server)),
            Err(error) => Err(error),
        };
        match (described, process) {
            (Ok((client, version, server)), process) => {
                let process = process.map(|(process, _)| process);
                // Before 2026-07-28 tasks are told in another way, and only what a task asks has one.
                let is_told = version.has_handshake() && self.tasks && self.profile.client.tasks;
                let changes = is_told.then(|| {
                    let (translated, changes) = Tasks::new();
                    (tasks.get_or_init(|| Arc::new(translated)).clone(), changes)
                });
                Ok(Dialled { client, version, server, tasks: changes, process })
            }
            (Err(error), Some((mut process, heard))) => {
                let Ok(Ok(status)) = tokio::time::timeout(EXIT, process.ended()).await else {
                    return Err(error.into());
                };
                // Its last words say why. What it has started may hold the stream yet.
                let _ = tokio::time::timeout(EXIT, heard).await;
                Err(Failure::Ended(status.code()))
            }
            (Err(error), None) => Err(error.into()),
        }
    }

    /// The client of the profile.
    fn builder(&self, revision: ClientRevision, tasks: &Arc<OnceLock<Arc<Tasks>>>) -> ClientBuilder {
        let emulated = &self.profile.client;
        let builder = emulated.builder(revision, self.tasks, self.questions.clone(), tasks.clone());
        builder.observe(timed(self.events.clone()))
    }
}

/// The newest version.
const NEWEST: Version = Version::ALL[0];

/// Shows every message with the time its answer took.
fn timed(events: Events) -> impl Fn(Side, &Value) + Send + Sync + 'static {
    let sent: Mutex<BTreeMap<u64, Instant>> = Mutex::default();
    move |from, message| {
        let id = message.get("id").and_then(Value::as_u64);
        let is_request = message.get("method").is_some();
        let took = match (from, is_request, id) {
            (Side::Client, true, Some(id)) => {
                let mut sent = sent.lock();
                sent.insert(id, Instant::now());
                if sent.len() > TIMED {
                    sent.pop_first();
                }
                None
            }
            (Side::Server, false, Some(id)) => sent.lock().remove(&id).map(|since| since.elapsed()),
            _ => None,
        };
        events.wire(from, message, took);
    }
}

async fn within<T>(connecting: impl Future<Output = Result<T, ClientError>>) -> Result<T, ClientError> {
    tokio::time::timeout(HANDSHAKE, connecting).await.unwrap_or(Err(ClientError::Timeout(HANDSHAKE)))
}

/// The version that is spoken, and what the server says of itself.
async fn describe(client: &Client) -> Result<(Version, Value), ClientError> {
    let version = Version::parse(&client.protocol_version()).unwrap_or(Version::NEWEST_WITH_HANDSHAKE);
    let (said, info) = if let Some(said) = client.server() {
        let info = said["serverInfo"].clone();
        (said, info)
    } else {
        let options = RequestOptions::new().timeout(HANDSHAKE);
        let said = client.request_with("server/discover", json!({}), options).await?.admitted()?;
        let speaks = |all: &Vec<Value>| all.iter().any(|other| other == version.as_str());
        if said["supportedVersions"].as_array().is_some_and(|all| !speaks(all)) {
            return Err(ClientError::protocol(format!("the server does not speak {}", version.as_str())));
        }
        let info = said["_meta"][SERVER_INFO].clone();
        (said, info)
    };
    let mut server = json!({ "name": "", "version": "", "capabilities": said["capabilities"] });
    for name in ["name", "title", "version", "icons", "websiteUrl"] {
        if let Some(value) = info.get(name) {
            server[name] = value.clone();
        }
    }
    if let Some(instructions) = said.get("instructions") {
        server["instructions"] = instructions.clone();
    }
    Ok((version, server))
}

fn silent(failure: Failure) -> Silent {
    let error = match failure {
        Failure::Ended(code) => return Silent::Failed(format!("the server ended {}", ending(code))),
        Failure::Client(error) => error,
    };
    match error {
        ClientError::Http { status: 401, authenticate, .. } => Silent::Refused(match authenticate {
            Some(challenge) => {
                format!("the server asks for authorization (`{challenge}`); start the preview with a token")
            }
            None => "the server asks for authorization; start the preview with a token".into(),
        }),
        ClientError::Http { status: 403, .. } => {
            Silent::Refused("the server does not let this client in (HTTP status 403)".into())
        }
        ClientError::Http { status: 404, .. } => {
            Silent::Failed("nothing is at this address (HTTP status 404); is the path of the URL right?".into())
        }
        ClientError::Http { status, .. } if status >= 500 => {
            Silent::Lost(format!("the server answered with HTTP status {status}"))
        }
        error @ (ClientError::Transport(_) | ClientError::Closed | ClientError::Timeout(_)) => {
            Silent::Lost(format!("the server does not answer: {}", with_causes(&error)))
        }
        error => Silent::Failed(error.to_string()),
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = String::new();
    for cause in std::iter::successors(Some(error), |error| error.source()) {
        let cause = cause.to_string();
        // Many repeat the text of their cause.
        if !text.contains(&cause) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause);
        }
    }
    text
}

/// Tells what a process writes to its standard error, line by line.
async fn tell_lines(stderr: impl AsyncRead + Send + Unpin, events: Events) {
    let (mut reader, mut line) = (BufReader::new(stderr), Vec::new());
    loop {
        line.clear();
        match (&mut reader).take(LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => events.stderr(&String::from_utf8_lossy(&line)),
        }
        // What is in the buffer already is read without a pause.
        tokio::task::consume_budget().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_endless_line_of_standard_error_is_told_in_pieces() {
        let events = Events::new();
        let endless = vec![b'x'; 100_000];
        tell_lines(&*endless, events.clone()).await;
        assert!(events.lines().iter().all(|line| line.len() <= 8 << 10));
    }
}
