//! Commands of a Redis server: those that clients send, apart from those that scripts call. `INFO commandstats` adds them up;
//! `MONITOR` tells each with where it came from.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    thread::JoinHandle,
    time::Duration,
};

use anyhow::{Context as _, anyhow, ensure};

/// Time the server may be silent.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// Commands that were seen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Commands {
    /// Sent by clients.
    pub(crate) sent: u32,
    /// Called by the scripts among them.
    pub(crate) in_scripts: u32,
}

/// A look at a server's commands.
#[derive(Debug)]
pub(crate) struct Monitor {
    address: String,
    reading: JoinHandle<anyhow::Result<Commands>>,
}

/// The word that ends a look.
const END: &str = "bench-has-seen-enough";

impl Monitor {
    /// Begins to count the commands that have this word in a key, a channel or another argument.
    pub(crate) fn start(url: &str, word: &str) -> anyhow::Result<Self> {
        let address = address(url)?.to_owned();
        let mut connection = connect(&address)?;
        connection.write_all(b"MONITOR\r\n")?;
        let mut lines = BufReader::new(connection);
        ensure!(next(&mut lines)?.starts_with(b"+OK"), "the server lets nobody look at its commands");
        let word = word.as_bytes().to_owned();
        let reading = std::thread::spawn(move || count(lines, &word));
        Ok(Self { address, reading })
    }

    /// Ends the look: whatever was answered before is counted.
    pub(crate) fn end(self) -> anyhow::Result<Commands> {
        connect(&self.address)?.write_all(format!("ECHO {END}\r\n").as_bytes())?;
        self.reading.join().map_err(|_| anyhow!("the reader of commands panicked"))?
    }
}

fn address(url: &str) -> anyhow::Result<&str> {
    let rest = url.strip_prefix("redis://").context("the URL of a Redis server without TLS is needed")?;
    rest.split(['/', '?']).next().context("the URL names no server")
}

fn connect(address: &str) -> anyhow::Result<TcpStream> {
    let connection = TcpStream::connect(address)?;
    connection.set_read_timeout(Some(ANSWERS_WITHIN))?;
    Ok(connection)
}

fn next(lines: &mut BufReader<TcpStream>) -> anyhow::Result<Vec<u8>> {
    let mut line = Vec::new();
    lines.read_until(b'\n', &mut line)?;
    ensure!(!line.is_empty(), "the server closed the connection");
    Ok(line)
}

fn count(mut lines: BufReader<TcpStream>, word: &[u8]) -> anyhow::Result<Commands> {
    let has = |line: &[u8], wanted: &[u8]| line.windows(wanted.len()).any(|part| part == wanted);
    let mut seen = Commands::default();
    loop {
        let line = next(&mut lines)?;
        if has(&line, END.as_bytes()) {
            return Ok(seen);
        }
        if !has(&line, word) {
            continue;
        }
        // A time, `[database source]`, and the words in quotes.
        let head = line.split(|byte| *byte == b']').next().unwrap_or_default();
        if head.ends_with(b" lua") {
            seen.in_scripts += 1;
        } else {
            seen.sent += 1;
        }
    }
}
