//! Ctrl-C, and the other signals that ask a process to end.

use tokio::sync::mpsc;

use crate::error::{Error, Result};

/// Runs something to its end, or to Ctrl-C. What it started ends when it is dropped.
///
/// # Errors
/// Its own, or that it was interrupted.
pub(crate) async fn until_interrupted<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut interrupts = Interrupts::new();
    tokio::select! {
        done = work => done,
        () = interrupts.next() => Err(Error::interrupted()),
    }
}

/// Each Ctrl-C from now on, SIGTERM, and the end of the terminal.
#[derive(Debug)]
pub(crate) struct Interrupts(mpsc::Receiver<()>);

impl Interrupts {
    pub(crate) fn new() -> Self {
        let (sender, receiver) = mpsc::channel(4);
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
                // Without the signal the system ends the process, as it does by itself.
                if let Ok(mut signal) = signal(kind) {
                    let sender = sender.clone();
                    tokio::spawn(
                        async move { while signal.recv().await.is_some() && sender.send(()).await.is_ok() {} },
                    );
                }
            }
        }
        #[cfg(not(unix))]
        tokio::spawn(async move { while tokio::signal::ctrl_c().await.is_ok() && sender.send(()).await.is_ok() {} });
        Self(receiver)
    }

    /// The next one.
    pub(crate) async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            // There are none to be had.
            std::future::pending::<()>().await;
        }
    }
}
