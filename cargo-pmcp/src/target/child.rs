//! A process that we started, and that does not outlive us.

use std::{
    collections::VecDeque,
    ffi::OsStr,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader},
    process::{Child as Process, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
};

use crate::{
    error::{Error, Result},
    text,
};

/// The time a process may take to end once it was asked to.
const GRACE: Duration = Duration::from_secs(2);
/// The time for which the last words of a process that has ended are waited for.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// The number of lines of standard error that are kept, and the bytes of one of them.
const KEPT: usize = 20;
const LINE: u64 = 8 << 10;

/// Hears each line that a process writes for people.
pub(crate) type Ear = Arc<dyn Fn(&str) + Send + Sync>;

/// A process, and everything it started in turn. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Child {
    /// As messages call it.
    name: String,
    process: Process,
    last: Arc<Mutex<VecDeque<String>>>,
    readers: Vec<JoinHandle<()>>,
    /// An end of its standard input that is there for as long as we are.
    held: Option<ChildStdin>,
}

impl Child {
    /// Starts a process whose standard error is heard.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn start(mut command: Command, hear: &Ear) -> Result<Self> {
        let name = command.as_std().get_program().to_string_lossy().into_owned();
        command.stderr(Stdio::piped()).kill_on_drop(true);
        // A group of its own, so that what it starts ends with it, and Ctrl-C is ours to pass on.
        #[cfg(unix)]
        command.process_group(0);
        let mut process =
            command.spawn().map_err(|error| Error::because(&format!("`{name}` cannot be started"), &error))?;
        // What it was started as is known by now.
        let name = Path::new(&name).file_name().map_or(name.clone(), |name| name.to_string_lossy().into_owned());
        let last = Arc::new(Mutex::new(VecDeque::with_capacity(KEPT)));
        let mut readers = Vec::new();
        if let Some(stderr) = process.stderr.take() {
            readers.push(tokio::spawn(read(stderr, keeping(last.clone(), hear.clone()))));
        }
        Ok(Self { name, process, last, readers, held: None })
    }

    /// The same under the name of what it becomes.
    pub(crate) fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Holds its standard input open until it is dropped, or this process ends, whichever way that is.
    pub(crate) fn holding_input(mut self) -> Self {
        // Whoever waits for a process closes what is not held.
        self.held = self.process.stdin.take();
        self
    }

    /// Its standard input and output, once, if they are pipes.
    pub(crate) fn streams(&mut self) -> Option<(ChildStdout, ChildStdin)> {
        self.process.stdout.take().zip(self.process.stdin.take())
    }

    /// Its standard output, once, if it is a pipe.
    pub(crate) fn output(&mut self) -> Option<ChildStdout> {
        self.process.stdout.take()
    }

    /// Hears its standard output, too, which is not ours.
    pub(crate) fn hear_output(&mut self, hear: &Ear) {
        if let Some(stdout) = self.process.stdout.take() {
            self.readers.push(tokio::spawn(read(stdout, keeping(self.last.clone(), hear.clone()))));
        }
    }

    /// Waits until it has ended, and all of its words are heard.
    ///
    /// # Errors
    /// The system does not tell.
    pub(crate) async fn ended(&mut self) -> Result<ExitStatus> {
        let status = self.process.wait().await;
        let status = status.map_err(|error| Error::because(&format!("`{}` is lost", self.name), &error))?;
        for reader in &mut self.readers {
            // What it started may still hold the stream.
            let _ = tokio::time::timeout(LAST_WORDS, reader).await;
        }
        self.readers.clear();
        Ok(status)
    }

    /// Tells of a process that has ended, though it was needed, or is about to; `None` if it still runs.
    pub(crate) async fn end(&mut self) -> Option<Error> {
        let status = tokio::time::timeout(LAST_WORDS, self.ended()).await.ok()?;
        Some(match status {
            Ok(status) => self.gone(status),
            Err(error) => error,
        })
    }

    /// The error of a process that has ended, though it was needed.
    pub(crate) fn gone(&self, status: ExitStatus) -> Error {
        let how = match status.code() {
            Some(code) => format!("exit code {code}"),
            // As Unix writes it: a signal.
            None => status.to_string(),
        };
        Error::failed(format!("`{}` ended with {how}", self.name)).lines(self.last_lines())
    }

    /// The last lines of its standard error, and of its standard output where that is heard.
    pub(crate) fn last_lines(&self) -> Vec<String> {
        self.last.lock().iter().cloned().collect()
    }

    /// Asks it to end, and ends it if it does not.
    pub(crate) async fn stop(mut self) {
        #[cfg(unix)]
        self.signal(rustix::process::Signal::TERM);
        #[cfg(not(unix))]
        let _ = self.process.start_kill();
        let _ = tokio::time::timeout(GRACE, self.process.wait()).await;
    }

    /// Sends a signal to it and all it started.
    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        let group = self.process.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()));
        if let Some(group) = group {
            // It may have ended meanwhile.
            let _ = rustix::process::kill_process_group(group, signal);
        }
    }
}

#[cfg(unix)]
impl Drop for Child {
    fn drop(&mut self) {
        self.signal(rustix::process::Signal::KILL);
    }
}

/// Keeps each line among the last ones, and has it heard.
fn keeping(last: Arc<Mutex<VecDeque<String>>>, hear: Ear) -> impl Fn(&str) + Send {
    move |line| {
        let mut last = last.lock();
        if last.len() == KEPT {
            last.pop_front();
        }
        last.push_back(line.to_owned());
        drop(last);
        hear(line);
    }
}

/// Hears each line, in pieces if it is too long.
async fn read(stream: impl AsyncRead + Send + Unpin, hear: impl Fn(&str) + Send) {
    let (mut reader, mut line) = (BufReader::new(stream), Vec::new());
    loop {
        line.clear();
        match (&mut reader).take(LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => hear(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r'])),
        }
    }
}

/// A command as it is typed, for people: quoted where a shell would want it.
pub(crate) fn typed<'a>(words: impl IntoIterator<Item = &'a OsStr>) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,".contains(c);
    let word = |word: &OsStr| {
        let word = text::plain(&word.to_string_lossy());
        if !word.is_empty() && word.chars().all(is_plain) { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
    };
    words.into_iter().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ear() -> (Ear, Arc<Mutex<Vec<String>>>) {
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let hear = heard.clone();
        (Arc::new(move |line: &str| hear.lock().push(line.to_owned())), heard)
    }

    #[cfg(unix)]
    fn script(body: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", body]).stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_last_lines_of_a_process_are_told_with_its_end() {
        let (hear, heard) = ear();
        let mut child = Child::start(script("for i in $(seq 30); do echo line $i >&2; done; exit 3"), &hear).unwrap();
        let error = child.end().await.unwrap();
        assert_eq!(error.message.as_deref(), Some("`sh` ended with exit code 3"));
        assert_eq!((error.lines.len(), error.lines[0].as_str()), (KEPT, "line 11"));
        assert_eq!(heard.lock().len(), 30);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_a_process_started_ends_with_it() {
        for is_dropped in [true, false] {
            let (hear, heard) = ear();
            // The one in the background does not end by itself.
            let child =
                Child::start(script("sleep 1000 & echo $! >&2; trap '' TERM; wait; sleep 1000"), &hear).unwrap();
            let pid: i32 = loop {
                if let Some(line) = heard.lock().first() {
                    break line.parse().unwrap();
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            };
            if is_dropped {
                drop(child);
            } else {
                child.stop().await;
            }
            let pid = rustix::process::Pid::from_raw(pid).unwrap();
            // It is gone, or waits for whoever takes in orphans.
            let is_there = || {
                let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
                !(state.is_empty() || state.contains(") Z "))
            };
            for _ in 0..200 {
                if !is_there() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            assert!(!is_there(), "{is_dropped}");
        }
    }

    #[test]
    fn a_command_is_shown_as_it_is_typed() {
        let words = ["npx", "-y", "a b", "it's", ""].map(OsStr::new);
        assert_eq!(typed(words), r"npx -y 'a b' 'it'\''s' ''");
    }
}
