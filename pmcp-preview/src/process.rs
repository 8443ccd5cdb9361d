//! The process of a server, and everything it starts: they end together, and not later than the host.

use std::{
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

/// The time a process may take to end once its input has ended, and again once it was asked to.
const FAREWELL: Duration = Duration::from_secs(2);
const LAST: Duration = Duration::from_millis(500);

/// A process. It is killed when it is dropped, and so is what it has started, as far as that has not left its group (Unix).
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
}

impl Process {
    /// Starts a process with all of its standard streams piped.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn start(mut command: Command) -> io::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        // Ctrl-C at the terminal is for the host, which takes leave of the server first.
        #[cfg(unix)]
        command.process_group(0);
        let child = command.spawn()?;
        Ok(Self {
            #[cfg(unix)]
            group: child.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())),
            child,
        })
    }

    /// Its standard streams, once.
    pub(crate) fn streams(&mut self) -> Option<(ChildStdin, ChildStdout, ChildStderr)> {
        let Child { stdin, stdout, stderr, .. } = &mut self.child;
        Some((stdin.take()?, stdout.take()?, stderr.take()?))
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// The system does not tell.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Ends a process whose input has ended, or is about to: it is given time, asked, and killed. Its status, if it ended by itself or
    /// when it was asked.
    pub(crate) async fn stop(mut self) -> Option<ExitStatus> {
        if let Ok(status) = tokio::time::timeout(FAREWELL, self.ended()).await {
            return status.ok();
        }
        #[cfg(unix)]
        self.signal(rustix::process::Signal::TERM);
        tokio::time::timeout(LAST, self.ended()).await.ok()?.ok()
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        if let Some(group) = self.group {
            // All of it may have ended.
            let _ = rustix::process::kill_process_group(group, signal);
        }
    }
}

#[cfg(unix)]
impl Drop for Process {
    fn drop(&mut self) {
        self.signal(rustix::process::Signal::KILL);
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use tokio::io::{AsyncBufReadExt as _, BufReader};

    use super::*;

    /// A process that has another one in the background, whose id it tells.
    async fn with_another(then: &str) -> (Process, ChildStdin, i32) {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("exec 2> /dev/null; sleep 1000 & echo $!; {then}")]);
        let mut process = Process::start(command).unwrap();
        let (stdin, stdout, _) = process.streams().unwrap();
        let line = BufReader::new(stdout).lines().next_line().await.unwrap().unwrap();
        (process, stdin, line.parse().unwrap())
    }

    async fn is_gone(id: i32) {
        // It is gone, or waits for whoever takes in orphans.
        let is_there = || {
            let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            !(state.is_empty() || state.contains(") Z "))
        };
        for _ in 0..500 {
            if !is_there() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("process {id} is there yet");
    }

    #[tokio::test]
    async fn what_a_process_has_started_ends_with_it() {
        let (process, _stdin, other) = with_another("sleep 1000").await;
        drop(process);
        is_gone(other).await;

        // It ends with its input, and leaves the other one behind.
        let (process, stdin, other) = with_another("cat > /dev/null; exit 3").await;
        drop(stdin);
        assert_eq!(process.stop().await.unwrap().code(), Some(3));
        is_gone(other).await;
    }

    #[tokio::test]
    async fn one_that_does_not_end_with_its_input_is_asked_and_then_killed() {
        let (process, stdin, _) = with_another("trap 'exit 4' TERM; while :; do sleep 0.05; done").await;
        drop(stdin);
        assert_eq!(process.stop().await.unwrap().code(), Some(4));
        let (process, stdin, other) = with_another("trap '' TERM; while :; do sleep 0.05; done").await;
        drop(stdin);
        assert_eq!(process.stop().await, None);
        is_gone(other).await;
    }
}
