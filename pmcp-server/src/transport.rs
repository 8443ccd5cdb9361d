//! The ways to reach a server.

use std::{ffi::OsString, io::Write as _, net::SocketAddr};

use axum::http::Uri;

use crate::error::Error;

/// The way to reach a server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transport {
    /// A message a line on standard input and output; the client starts the process. Standard output
    /// [belongs to the protocol](crate#standard-output).
    Stdio,
    /// Streamable HTTP at `http://ADDR/mcp`. Port 0 takes a free one.
    Http(SocketAddr),
    /// The same for pages, too: those of these origins, such as `http://127.0.0.1:6280`, and those of
    /// [`Server::allowed_origins`](crate::Server::allowed_origins) may call the server from a browser.
    HttpForPages {
        /// The address to listen on.
        address: SocketAddr,
        /// The origins of the pages.
        origins: Vec<String>,
    },
}

const USAGE: &str = "\
Usage: [--stdio | --http ADDR [--allow-origin PAGE]]

  --stdio      serve on standard input and output (the default)
  --http ADDR  serve streamable HTTP at http://ADDR/mcp, such as 127.0.0.1:8080
  --allow-origin PAGE
               let pages of this origin call the server from a browser, such as https://app.example.com; repeatable
  -h, --help   print this
";

impl Transport {
    /// Reads the process's arguments: `--stdio` (the default) or `--http ADDR`, the latter with any number of
    /// `--allow-origin PAGE`.
    ///
    /// `--help` prints the usage and ends the process with 0, as `clap`'s `parse` does; wrong arguments print what is wrong
    /// and end it with 2. A program with arguments of its own makes its `Transport` itself.
    ///
    /// # Errors
    /// It returns none: wrong arguments end the process.
    pub fn from_args() -> Result<Self, Error> {
        match Self::try_from_args(std::env::args_os().skip(1)) {
            Ok(Some(transport)) => Ok(transport),
            Ok(None) => {
                // A reader that has gone wanted no more help.
                let _ = write!(std::io::stderr(), "{USAGE}");
                std::process::exit(0)
            }
            Err(error) => {
                let _ = write!(std::io::stderr(), "error: {error}\n\n{USAGE}");
                std::process::exit(2)
            }
        }
    }

    /// Reads these arguments; `None` if they ask for help.
    ///
    /// # Errors
    /// [`Error::Usage`]: they are none of those of [`from_args`](Self::from_args).
    pub fn try_from_args(args: impl IntoIterator<Item = OsString>) -> Result<Option<Self>, Error> {
        use lexopt::prelude::{Long, Short};
        let usage = |error: lexopt::Error| Error::Usage(error.to_string());
        let mut parser = lexopt::Parser::from_args(args);
        let (mut transport, mut origins) = (None, Vec::new());
        while let Some(argument) = parser.next().map_err(usage)? {
            let chosen = match argument {
                Short('h') | Long("help") => return Ok(None),
                Long("stdio") => Self::Stdio,
                Long("http") => {
                    let address = parser.value().map_err(usage)?;
                    let address = address.to_string_lossy();
                    Self::Http(address.parse().map_err(|_| {
                        Error::Usage(format!("`{address}` is not an address with a port, such as 127.0.0.1:8080"))
                    })?)
                }
                Long("allow-origin") => {
                    let origin = parser.value().map_err(usage)?;
                    origins.push(page(&origin.to_string_lossy())?);
                    continue;
                }
                other => return Err(usage(other.unexpected())),
            };
            if transport.as_ref().is_some_and(|earlier| *earlier != chosen) {
                return Err(Error::Usage("choose one of `--stdio` and `--http`".into()));
            }
            transport = Some(chosen);
        }
        match transport.unwrap_or(Self::Stdio) {
            Self::Http(address) if !origins.is_empty() => Ok(Some(Self::HttpForPages { address, origins })),
            Self::Stdio if !origins.is_empty() => {
                Err(Error::Usage("`--allow-origin` needs `--http`: no page reaches standard input".into()))
            }
            transport => Ok(Some(transport)),
        }
    }
}

/// The origin of a page, as a browser writes it: no user, no path.
fn page(given: &str) -> Result<String, Error> {
    let is_origin = given.split_once("://").is_some_and(|(scheme, authority)| {
        matches!(scheme, "http" | "https")
            && !authority.contains(['@', '/', '?', '#', '*'])
            && given.parse::<Uri>().is_ok_and(|uri| uri.host().is_some_and(|host| !host.is_empty()))
    });
    if is_origin {
        return Ok(given.to_owned());
    }
    Err(Error::Usage(format!("`{given}` is not the origin of a page, such as https://app.example.com")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Option<Transport>, Error> {
        Transport::try_from_args(args.iter().map(OsString::from))
    }

    #[test]
    fn arguments_choose_one_transport() {
        assert_eq!(parse(&[]).unwrap(), Some(Transport::Stdio));
        assert_eq!(parse(&["--http", "127.0.0.1:0"]).unwrap(), Some(Transport::Http(([127, 0, 0, 1], 0).into())));
        assert_eq!(parse(&["--help"]).unwrap(), None);
        for wrong in [&["--http"][..], &["--http", "8080"], &["--port"], &["x"], &["--stdio", "--http", "[::1]:1"]] {
            assert!(matches!(parse(wrong), Err(Error::Usage(_))), "{wrong:?}");
        }
    }

    #[test]
    fn pages_are_let_in_by_their_origin() {
        let origins = ["http://127.0.0.1:6280", "https://app.example.com"].map(String::from).to_vec();
        let line = ["--allow-origin", &origins[0], "--http", "127.0.0.1:0", "--allow-origin", &origins[1]];
        let address = ([127, 0, 0, 1], 0).into();
        assert_eq!(parse(&line).unwrap(), Some(Transport::HttpForPages { address, origins }));
        for wrong in [
            "*",
            "null",
            "app.example.com",
            "file://x",
            "https://",
            "https://a.example.com/",
            "https://a@b.example.com",
        ] {
            let parsed = parse(&["--http", "127.0.0.1:0", "--allow-origin", wrong]);
            assert!(matches!(parsed, Err(Error::Usage(text)) if text.contains(wrong)), "{wrong}");
        }
        let on_lines = parse(&["--allow-origin", "http://127.0.0.1:6280"]);
        assert!(matches!(on_lines, Err(Error::Usage(text)) if text.contains("--http")));
    }
}
