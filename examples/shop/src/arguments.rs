//! The command line.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use lexopt::prelude::{Long, Short, Value, ValueExt as _};

pub(crate) const USAGE: &str = "\
Usage: shop [--http ADDR] [--url URL] [--dir DIR] [--store URL] [--issuer URL] [--remind S] [--patience S] [--grace S]
       shop token --subject NAME [--scope SCOPES] [--audience URL] [--url URL] [--dir DIR]

Serves the shop, or prints a token for it that is good for an hour.

  --http ADDR     listen here (127.0.0.1:8080)
  --url URL       where others reach the shop, such as https://shop.example.com (http://ADDR)
  --dir DIR       where shop.db, tasks.db and issuer.key are, or will be (the current directory)
  --store URL     where the tasks are (tasks.db), such as redis://HOST where this was built with `--features redis`
  --issuer URL    take tokens of this authorization server (those of `shop token`)
  --remind S      seconds until whoever ordered is reminded of the payment (3600)
  --patience S    seconds until an order that is not paid is given up (72000)
  --grace S       seconds that work may go on after SIGTERM (2)
  --subject NAME  whose token it is
  --scope SCOPES  its scopes (orders:read)
  --audience URL  what it is for (the shop's MCP endpoint)
  -h, --help      print this

Environment: SHOP_PAYMENT_SECRET, with which payments are signed, and SHOP_OPERATOR_TOKEN turn on the routes that need them.
SHOP_SESSION_KEY lets sessions of 2025-11-25 outlive the process: `openssl rand -base64 32`.
";

/// The wish of a command line.
pub(crate) enum Command {
    Serve(Serving),
    Token(Wanted),
    Help,
}

/// The shop that is to be served.
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    /// The URL that others have of it; that of its address if nothing is said.
    pub(crate) url: Option<String>,
    pub(crate) directory: PathBuf,
    /// The URL of the store of its tasks; a file in the directory if nothing is said.
    pub(crate) store: Option<String>,
    /// The authorization server; its own keys if nothing is said.
    pub(crate) issuer: Option<String>,
    pub(crate) remind: Duration,
    pub(crate) patience: Duration,
    pub(crate) grace: Duration,
}

/// The token that is to be made.
pub(crate) struct Wanted {
    pub(crate) directory: PathBuf,
    /// The URL that others have of the shop.
    pub(crate) url: String,
    pub(crate) subject: String,
    pub(crate) scope: String,
    pub(crate) audience: Option<String>,
}

impl Command {
    /// Reads the command line.
    pub(crate) fn read() -> Result<Self, lexopt::Error> {
        let mut serving = Serving {
            address: ([127, 0, 0, 1], 8080).into(),
            url: None,
            directory: PathBuf::from("."),
            store: None,
            issuer: None,
            remind: Duration::from_secs(60 * 60),
            patience: Duration::from_secs(20 * 60 * 60),
            grace: Duration::from_secs(2),
        };
        let (mut is_token, mut subject, mut scope, mut audience) = (false, None, "orders:read".to_owned(), None);
        let mut parser = lexopt::Parser::from_env();
        let seconds = |parser: &mut lexopt::Parser| parser.value()?.parse().map(Duration::from_secs);
        while let Some(argument) = parser.next()? {
            match argument {
                Short('h') | Long("help") => return Ok(Self::Help),
                Value(command) if command == "token" && !is_token => is_token = true,
                Long("http") if !is_token => serving.address = parser.value()?.parse()?,
                Long("url") => serving.url = Some(parser.value()?.string()?.trim_end_matches('/').to_owned()),
                Long("dir") => serving.directory = parser.value()?.into(),
                Long("store") if !is_token => serving.store = Some(parser.value()?.string()?),
                Long("issuer") if !is_token => serving.issuer = Some(parser.value()?.string()?),
                Long("remind") if !is_token => serving.remind = seconds(&mut parser)?,
                Long("patience") if !is_token => serving.patience = seconds(&mut parser)?,
                Long("grace") if !is_token => serving.grace = seconds(&mut parser)?,
                Long("subject") if is_token => subject = Some(parser.value()?.string()?),
                Long("scope") if is_token => scope = parser.value()?.string()?,
                Long("audience") if is_token => audience = Some(parser.value()?.string()?),
                other => return Err(other.unexpected()),
            }
        }
        if !is_token {
            return Ok(Self::Serve(serving));
        }
        let Serving { address, url, directory, .. } = serving;
        let subject = subject.ok_or("say whose token it is, with `--subject`")?;
        let url = url.unwrap_or_else(|| format!("http://{address}"));
        Ok(Self::Token(Wanted { directory, url, subject, scope, audience }))
    }
}
