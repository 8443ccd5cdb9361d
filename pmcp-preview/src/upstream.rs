//! The server that is shown: where it is, and how it is started.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use http::{HeaderName, HeaderValue};
use tokio::process::Command;

use crate::events::Events;

/// Where a server can be reached at this moment.
#[derive(Clone)]
pub enum Endpoint {
    /// Streamable HTTP.
    Http {
        /// The URL of its endpoint. It is shown, without what may be a secret in it: user, query and fragment.
        url: String,
        /// Headers of every request to it, which may be secrets: they are marked as sensitive, and shown nowhere.
        headers: Vec<(HeaderName, HeaderValue)>,
    },
    /// A process that speaks on its standard streams.
    Stdio(StdioCommand),
}

impl Endpoint {
    /// A server at this URL.
    #[must_use]
    pub fn http(url: impl Into<String>) -> Self {
        Self::Http { url: url.into(), headers: Vec::new() }
    }

    /// The way messages travel, as the page names it.
    pub(crate) const fn transport(&self) -> &'static str {
        match self {
            Self::Http { .. } => "http",
            Self::Stdio(_) => "stdio",
        }
    }

    /// The address as it may be shown.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Http { url, .. } => without_secrets(url),
            Self::Stdio(command) => command.to_string(),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Endpoint({})", self.address())
    }
}

/// A URL without its user, query and fragment.
fn without_secrets(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

/// A program with its arguments, each as it is: no shell reads them.
#[derive(Clone, PartialEq, Eq)]
pub struct StdioCommand {
    program: PathBuf,
    arguments: Vec<String>,
    directory: Option<PathBuf>,
    environment: Vec<(String, String)>,
}

impl StdioCommand {
    /// This program, which is looked for in `PATH` if it is no path.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), arguments: Vec::new(), directory: None, environment: Vec::new() }
    }

    /// Adds an argument.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Runs it in this directory.
    #[must_use]
    pub fn directory(mut self, directory: impl AsRef<Path>) -> Self {
        self.directory = Some(directory.as_ref().to_owned());
        self
    }

    /// Sets a variable of its environment, which is shown nowhere.
    #[must_use]
    pub fn environment(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// The process to start.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        command
    }
}

/// The command as a person writes it, without its environment.
impl fmt::Display for StdioCommand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.program.display())?;
        for argument in &self.arguments {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@,+%".contains(&byte);
            if !argument.is_empty() && argument.bytes().all(is_plain) {
                write!(formatter, " {argument}")?;
            } else {
                write!(formatter, " {argument:?}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for StdioCommand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "StdioCommand({self})")
    }
}

/// A server could not be started. Its text is shown on the page: it says what to do, and holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// It did not build. The diagnostics were told as an event.
    #[error("{0}")]
    Build(String),
    /// It ended before it served.
    #[error("the server ended {}", ending(*.code))]
    Exited {
        /// The code it ended with; `None` if a signal ended it.
        code: Option<i32>,
    },
    /// It could not be run at all.
    #[error("{0}")]
    Run(String),
}

/// An exit code in words.
pub(crate) fn ending(code: Option<i32>) -> String {
    code.map_or_else(|| "by a signal".to_owned(), |code| format!("with exit code {code}"))
}

/// A server that a preview starts, or is told of. An [`Endpoint`] is one that needs nothing done.
#[async_trait]
pub trait Upstream: Send + Sync + 'static {
    /// Makes sure that the server runs as its sources say, and tells where it is. Events of the build and of standard error go to
    /// `events`.
    ///
    /// It is called again after a change, and when the server was lost. A server that is alive and as its sources say may be kept, and one
    /// whose new sources do not build goes on as it is. Dropping the future gives up what it began.
    ///
    /// # Errors
    /// The server does not build, ends at once, or cannot be run.
    async fn start(&self, events: &Events) -> Result<Endpoint, StartError>;

    /// Stops what was started.
    async fn stop(&self);

    /// Waits until a server that was started has ended, and tells its exit code. It need not know: a connection that breaks is noticed, too.
    async fn ended(&self) -> Option<i32> {
        std::future::pending().await
    }
}

#[async_trait]
impl Upstream for Endpoint {
    async fn start(&self, _: &Events) -> Result<Endpoint, StartError> {
        Ok(self.clone())
    }

    async fn stop(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        let shown = |url: &str| Endpoint::http(url).address();
        assert_eq!(shown("http://127.0.0.1:80/mcp"), "http://127.0.0.1:80/mcp");
        assert_eq!(shown("https://me:pass@a.example/mcp?key=s#t"), "https://a.example/mcp");
        assert_eq!(shown("https://a.example?key=/s"), "https://a.example");
        let mut token = HeaderValue::from_static("Bearer s3cret");
        token.set_sensitive(true);
        let endpoint = Endpoint::Http { url: "http://a".into(), headers: vec![(http::header::AUTHORIZATION, token)] };
        assert_eq!(format!("{endpoint:?}"), "Endpoint(http://a)");
    }

    #[test]
    fn a_command_is_shown_as_it_is_written_and_without_its_environment() {
        let command = StdioCommand::new("./server").argument("--name").argument("a b; rm").environment("KEY", "s3cret");
        assert_eq!(command.to_string(), r#"./server --name "a b; rm""#);
        assert!(!format!("{command:?}").contains("s3cret"));
    }
}
