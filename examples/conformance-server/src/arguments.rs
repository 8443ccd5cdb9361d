//! The command line.

use std::{ffi::OsString, net::SocketAddr, num::NonZeroU32, time::Duration};

use lexopt::prelude::{Long, Short, ValueExt as _};
use pmcp_server::{SessionKey, Transport};

pub(crate) const USAGE: &str = "\
Usage: conformance-server [--stdio | --http ADDR] [OPTIONS]

  --stdio              serve on standard input and output (the default)
  --http ADDR          serve streamable HTTP at http://ADDR/mcp, such as 127.0.0.1:8080; port 0 takes a free one
  --allow-origin PAGE  let pages of this origin call the server, such as http://127.0.0.1:6280; repeatable, with --http
  --token NAME=SECRET  let in only callers with the bearer token SECRET, as the subject NAME; repeatable, with --http
  --issuer URL         let in only callers with tokens of this authorization server for http://ADDR/mcp, and the scope `mcp:use`; with --http
  --max-tasks N        live tasks an owner may have (default 100)
  --store URL          where tasks are kept (default memory:; or what `TaskStore::connect` takes)
  --lease MS           how long a worker is trusted without a sign of life (default 10000); no effect with memory:
  --grace MS           how long running work may go on after SIGTERM (default 10000)
  --fallback MS        long calls of clients without tasks become tasks after so long (default: they never do)
  -h, --help           print this

Environment:
  SESSION_KEYS  the keys that seal sessions, with commas between them, the same for all instances behind one address: each is what
                `openssl rand -base64 32` writes, and the first seals (default: a random one, which no other instance has)
";

/// The variable of the environment that has the keys: others on the machine see a command line.
pub(crate) const SESSION_KEYS: &str = "SESSION_KEYS";

/// A bearer token and whose it is.
#[derive(Debug, PartialEq)]
pub(crate) struct Token {
    pub(crate) name: String,
    pub(crate) secret: String,
}

/// The command line, read.
#[derive(Debug, PartialEq)]
pub(crate) struct Arguments {
    pub(crate) transport: Transport,
    pub(crate) tokens: Vec<Token>,
    pub(crate) issuer: Option<String>,
    pub(crate) max_tasks: Option<u32>,
    pub(crate) store: String,
    pub(crate) lease: Duration,
    pub(crate) grace: Duration,
    pub(crate) fallback: Option<Duration>,
}

impl Arguments {
    /// Reads them; `None` if they ask for help. The error is one sentence.
    pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Option<Self>, String> {
        let text = |error: lexopt::Error| error.to_string();
        let mut parser = lexopt::Parser::from_args(args);
        let (mut transport, mut origins) = (None, Vec::new());
        let mut parsed = Self {
            transport: Transport::Stdio,
            tokens: Vec::new(),
            issuer: None,
            max_tasks: None,
            store: "memory:".into(),
            lease: Duration::from_secs(10),
            grace: Duration::from_secs(10),
            fallback: None,
        };
        while let Some(argument) = parser.next().map_err(text)? {
            let chosen = match argument {
                Short('h') | Long("help") => return Ok(None),
                Long("stdio") => Transport::Stdio,
                Long("http") => Transport::Http(address(&parser.value().map_err(text)?.string().map_err(text)?)?),
                Long("allow-origin") => {
                    origins.push(parser.value().map_err(text)?.string().map_err(text)?);
                    continue;
                }
                Long("token") => {
                    parsed.tokens.push(token(&parser.value().map_err(text)?.string().map_err(text)?)?);
                    continue;
                }
                Long("issuer") => {
                    parsed.issuer = Some(parser.value().map_err(text)?.string().map_err(text)?);
                    continue;
                }
                Long("max-tasks") => {
                    parsed.max_tasks = Some(number("--max-tasks", &mut parser)?);
                    continue;
                }
                Long("store") => {
                    parsed.store = parser.value().map_err(text)?.string().map_err(text)?;
                    continue;
                }
                Long("lease") => {
                    parsed.lease = Duration::from_millis(number::<NonZeroU32>("--lease", &mut parser)?.get().into());
                    continue;
                }
                Long("grace") => {
                    parsed.grace = Duration::from_millis(number::<u32>("--grace", &mut parser)?.into());
                    continue;
                }
                Long("fallback") => {
                    parsed.fallback = Some(Duration::from_millis(number::<u32>("--fallback", &mut parser)?.into()));
                    continue;
                }
                other => return Err(text(other.unexpected())),
            };
            if transport.as_ref().is_some_and(|earlier| *earlier != chosen) {
                return Err("choose one of `--stdio` and `--http`".into());
            }
            transport = Some(chosen);
        }
        parsed.transport = match transport.unwrap_or(Transport::Stdio) {
            Transport::Http(address) if !origins.is_empty() => Transport::HttpForPages { address, origins },
            Transport::Stdio if !origins.is_empty() => {
                return Err("`--allow-origin` needs `--http`: no page reaches standard input".into());
            }
            transport => transport,
        };
        if parsed.transport == Transport::Stdio && !parsed.tokens.is_empty() {
            return Err("`--token` needs `--http`: nobody authenticates on standard input".into());
        }
        if parsed.issuer.is_some() && (parsed.transport == Transport::Stdio || !parsed.tokens.is_empty()) {
            return Err("`--issuer` needs `--http`, and goes without `--token`".into());
        }
        Ok(Some(parsed))
    }

    /// The issuer to believe, and the URL that its tokens are for.
    pub(crate) fn issuer(&self) -> Option<(&str, String)> {
        let (Transport::Http(address) | Transport::HttpForPages { address, .. }) = &self.transport else { return None };
        Some((self.issuer.as_deref()?, format!("http://{address}/mcp")))
    }
}

/// The keys in the value of [`SESSION_KEYS`], if it is set. They stay out of the message.
pub(crate) fn session_keys(given: Option<OsString>) -> Result<Vec<SessionKey>, String> {
    let given = given.unwrap_or_default();
    let given = given.to_str().ok_or_else(|| format!("{SESSION_KEYS}: it is no text"))?;
    let keys = given.split(',').map(str::trim).filter(|key| !key.is_empty());
    keys.map(|key| key.parse().map_err(|error| format!("{SESSION_KEYS}: {error}"))).collect()
}

fn address(given: &str) -> Result<SocketAddr, String> {
    given.parse().map_err(|_| format!("--http: `{given}` is not an address with a port, such as 127.0.0.1:8080"))
}

// The secret stays out of the message.
fn token(given: &str) -> Result<Token, String> {
    match given.split_once('=') {
        Some((name, secret)) if !name.is_empty() && !secret.is_empty() => {
            Ok(Token { name: name.into(), secret: secret.into() })
        }
        _ => Err("--token: write NAME=SECRET, neither of them empty".into()),
    }
}

fn number<T: std::str::FromStr>(option: &str, parser: &mut lexopt::Parser) -> Result<T, String> {
    let given = parser.value().map_err(|error| error.to_string())?;
    let given = given.to_string_lossy();
    given.parse().map_err(|_| format!("{option}: `{given}` is not a number it can be"))
}
