//! Command lines of examples. Those that serve a widget have the same one: where they serve, where their tasks are, and how fast their
//! task is.

use std::{io::Write as _, process::ExitCode, time::Duration};

use pmcp_server::{Transport, log};

/// The outcome of an example: an error is for the person who runs it.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// An example, as its help tells of it.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The name of its program.
    pub name: &'static str,
    /// The port on the loopback address where it serves unless told otherwise.
    pub port: u16,
    /// A part of its task that takes a while, so that it can be watched, such as "each round".
    pub part: &'static str,
    /// The time that such a part takes at least unless told otherwise, in milliseconds.
    pub pace: u64,
}

/// The wishes of a command line.
#[derive(Debug)]
pub struct Arguments {
    /// The way to its clients.
    pub transport: Transport,
    /// The URL of the store of its tasks.
    pub store: String,
    /// The time that each part of its task takes at least.
    pub pace: Duration,
}

/// The wish of a command line. If that is help (`None`), or nothing that the program knows, the person who wrote it is told, and the program
/// is to end with this code.
///
/// # Errors
/// It asks for help, or is wrong.
pub fn wanted<T>(arguments: Result<Option<T>, lexopt::Error>, usage: &str) -> Result<T, ExitCode> {
    match arguments {
        Ok(Some(arguments)) => Ok(arguments),
        Ok(None) => {
            let _ = write!(std::io::stderr(), "{usage}");
            Err(ExitCode::SUCCESS)
        }
        Err(error) => {
            let _ = write!(std::io::stderr(), "error: {error}\n\n{usage}");
            Err(ExitCode::from(2))
        }
    }
}

impl Example {
    /// Serves by the command line, or says what is wrong with it.
    pub async fn run(self, serve: impl AsyncFnOnce(Arguments) -> Outcome<()>) -> ExitCode {
        let arguments = match wanted(self.arguments(), &self.usage()) {
            Ok(arguments) => arguments,
            Err(code) => return code,
        };
        log::init();
        log::exit_code(serve(arguments).await)
    }

    /// Reads the command line; `None` if it asks for help.
    fn arguments(self) -> Result<Option<Arguments>, lexopt::Error> {
        use lexopt::prelude::{Long, Short, ValueExt as _};
        let mut arguments = Arguments {
            transport: Transport::Http(([127, 0, 0, 1], self.port).into()),
            store: "memory:".to_owned(),
            pace: Duration::from_millis(self.pace),
        };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Short('h') | Long("help") => return Ok(None),
                Long("stdio") => arguments.transport = Transport::Stdio,
                Long("http") => arguments.transport = Transport::Http(parser.value()?.parse()?),
                Long("store") => arguments.store = parser.value()?.string()?,
                Long("pace") => arguments.pace = Duration::from_millis(parser.value()?.parse()?),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Some(arguments))
    }

    fn usage(self) -> String {
        let Self { name, port, part, pace } = self;
        format!(
            "\
Usage: {name} [--stdio | --http ADDR] [--store URL] [--pace MS]

Without arguments: serves at http://127.0.0.1:{port}/mcp; http://127.0.0.1:{port}/ tells how to connect a host.

  --stdio      serve on standard input and output
  --http ADDR  serve at http://ADDR/mcp
  --store URL  where the tasks are: memory: (the default), sqlite:PATH, or a service this was built for, such as redis://HOST with
               `--features redis`
  --pace MS    how long {part} takes at least ({pace})
  -h, --help   print this
"
        )
    }
}
