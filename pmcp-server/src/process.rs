//! The process a server runs in: its standard input, and how it is told to end.

use std::future::Future;

use tokio::io::AsyncRead;

/// Standard input, read by a thread of its own: tokio's would keep the process alive until the next line comes.
pub(crate) fn stdin() -> impl AsyncRead + Unpin + Send {
    use std::io::Read as _;
    let (sender, mut receiver) = tokio::sync::mpsc::channel(4);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = std::io::stdin().lock().read(&mut buffer);
            let ended = matches!(read, Ok(0) | Err(_));
            let chunk = read.map(|n| bytes::Bytes::copy_from_slice(&buffer[..n]));
            if ended || sender.blocking_send(chunk).is_err() {
                return;
            }
        }
    });
    tokio_util::io::StreamReader::new(futures_util::stream::poll_fn(move |cx| receiver.poll_recv(cx)))
}

/// Ends at Ctrl-C or SIGTERM. They are watched for from this call on, not only once the future is polled: whoever reads
/// that the server listens may end it at once.
#[cfg(unix)]
pub(crate) fn terminated() -> impl Future<Output = ()> + Send {
    use tokio::signal::unix::{Signal, SignalKind, signal};
    async fn received(signal: std::io::Result<Signal>) {
        match signal {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending::<()>().await,
        }
    }
    let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    async {
        tokio::select! {
            () = received(interrupt) => {}
            () = received(terminate) => {}
        }
    }
}

/// Ends at Ctrl-C.
#[cfg(not(unix))]
pub(crate) async fn terminated() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
