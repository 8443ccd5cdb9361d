//! The ways to reach a server.

use std::{ffi::OsString, io::Write as _, net::SocketAddr};

use crate::error::Error;

/// The way to reach a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transport {
    /// A message a line on standard input and output; the client starts the process. Standard output
    /// [belongs to the protocol](crate#standard-output).
    Stdio,
    /// Streamable HTTP at `http://ADDR/mcp`. Port 0 takes a free one.
    Http(SocketAddr),
}

const USAGE: &str = "\
Usage: [--stdio | --http ADDR]

  --stdio      serve on standard input and output (the default)
  --http ADDR  serve streamable HTTP at http://ADDR/mcp, such as 127.0.0.1:8080
  -h, --help   print this
";

impl Transport {
    /// Reads the process's arguments: `--stdio` (the default) or `--http ADDR`.
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
    /// [`Error::Usage`]: they are not `--stdio` or `--http ADDR`.
    pub fn try_from_args(args: impl IntoIterator<Item = OsString>) -> Result<Option<Self>, Error> {
        use lexopt::prelude::{Long, Short};
        let usage = |error: lexopt::Error| Error::Usage(error.to_string());
        let mut parser = lexopt::Parser::from_args(args);
        let mut transport = None;
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
                other => return Err(usage(other.unexpected())),
            };
            if transport.replace(chosen).is_some_and(|earlier| earlier != chosen) {
                return Err(Error::Usage("choose one of `--stdio` and `--http`".into()));
            }
        }
        Ok(Some(transport.unwrap_or(Self::Stdio)))
    }
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
}
