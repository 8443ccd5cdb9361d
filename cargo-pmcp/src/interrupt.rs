//! Ctrl-C, and the other signals that ask a process to end.

use crate::error::{Error, Result};

/// Runs something to its end, or to Ctrl-C. What it started ends when it is dropped.
///
/// # Errors
/// Its own, or that it was interrupted.
pub(crate) async fn until_interrupted<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        done = work => done,
        () = interrupted() => Err(Error::interrupted()),
    }
}

/// Waits for Ctrl-C, SIGTERM or the end of the terminal.
pub(crate) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
        if let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = signals {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        // Without the signal nobody interrupts: the system ends the process.
        std::future::pending::<()>().await;
    }
}
