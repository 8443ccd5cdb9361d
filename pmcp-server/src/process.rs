//! The process a server runs in: its standard input and output, and how it is told to end.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::LazyLock,
    task::{Context, Poll, ready},
};

use pmcp_tasks::heard::tell;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

/// The amount that is read of standard input before it is taken, in bytes.
const AHEAD: usize = 256 << 10;

/// Standard input, read by a thread of its own: tokio's would keep the process alive until the next line comes. The token
/// fires at its end, which the thread may see before what came last is taken.
pub(crate) fn stdin() -> (impl AsyncRead + Unpin + Send, CancellationToken) {
    use io::Read as _;
    let (reader, mut taken) = tokio::io::duplex(AHEAD);
    let ended = CancellationToken::new();
    let guard = ended.clone().drop_guard();
    std::thread::spawn(move || {
        let _guard = guard;
        let mut buffer = vec![0; 64 << 10];
        // What waits for room needs nothing of the runtime that takes it.
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { return };
        loop {
            match io::stdin().lock().read(&mut buffer) {
                Ok(0) => return,
                Ok(n) if runtime.block_on(taken.write_all(&buffer[..n])).is_err() => return,
                Ok(_) => {}
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    return tell(|| tracing::warn!(error, "the client cannot be read"));
                }
            }
        }
    });
    (reader, ended)
}

/// The amount that is handed to the thread of standard output at once, in bytes.
const CHUNK: usize = 64 << 10;

/// Standard output, which belongs to the protocol from now on, written by a thread of its own: tokio's would keep the process
/// alive until the client has read.
pub(crate) fn stdout() -> impl AsyncWrite + Unpin + Send {
    use io::Write as _;
    let mut stdout = for_us_alone();
    let (sender, mut chunks) = mpsc::channel::<Vec<u8>>(1);
    let (done, written) = mpsc::channel(1);
    std::thread::spawn(move || {
        while let Some(chunk) = chunks.blocking_recv() {
            let result = stdout.write_all(&chunk).and_then(|()| stdout.flush());
            if done.blocking_send(result.map(|()| chunk)).is_err() {
                return;
            }
        }
    });
    Stdout { sender, written, idle: Some(Vec::new()) }
}

/// Standard output, in which nobody else writes where that can be had: what the process prints would stand between messages, and
/// without the end of its line in one.
fn for_us_alone() -> Box<dyn io::Write + Send> {
    #[cfg(unix)]
    match diverted() {
        Ok(stdout) => return Box::new(stdout),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tell(|| {
                tracing::warn!(error, "what this process prints on standard output comes between the messages there");
            });
        }
    }
    Box::new(io::stdout())
}

/// Standard output under a descriptor of its own. What is printed from now on goes where the log goes, so that it waits for no
/// reader.
#[cfg(unix)]
fn diverted() -> io::Result<std::fs::File> {
    use std::os::fd::AsFd as _;
    let stdout = io::stdout().as_fd().try_clone_to_owned()?;
    let (mut printed, writer) = io::pipe()?;
    let printing = std::thread::Builder::new().name("pmcp-printed".into());
    printing.spawn(move || io::copy(&mut printed, &mut crate::log::stderr()))?;
    rustix::stdio::dup2_stdout(writer)?;
    Ok(stdout.into())
}

/// One chunk at a time goes to the thread that writes, and comes back.
struct Stdout {
    sender: mpsc::Sender<Vec<u8>>,
    written: mpsc::Receiver<io::Result<Vec<u8>>>,
    /// The chunk, unless it is being written.
    idle: Option<Vec<u8>>,
}

impl AsyncWrite for Stdout {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.as_mut().poll_flush(cx))?;
        let mut chunk = self.idle.take().unwrap_or_default();
        chunk.clear();
        chunk.extend_from_slice(&bytes[..bytes.len().min(CHUNK)]);
        let n = chunk.len();
        // There is room for the one.
        self.sender.try_send(chunk).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Poll::Ready(Ok(n))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.idle.is_none() {
            let written = ready!(self.written.poll_recv(cx)).unwrap_or_else(|| Err(io::ErrorKind::BrokenPipe.into()));
            // What fails is over, too: the next write goes to the thread as ever.
            let (chunk, result) = written.map_or_else(|error| (Vec::new(), Err(error)), |chunk| (chunk, Ok(())));
            self.idle = Some(chunk);
            result?;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

/// Told when the process is to end at once: it was told to end before.
static HURRIED: LazyLock<CancellationToken> = LazyLock::new(CancellationToken::new);

/// The process is to end at once.
pub(crate) fn hurry() {
    HURRIED.cancel();
}

/// Ends once the process is told to end for the second time since [`terminated`].
pub(crate) async fn hurried() {
    HURRIED.cancelled().await;
}

/// Ends at Ctrl-C, and on Unix at SIGTERM too: for an application that [embeds](crate::Embedded) a server. They are watched for from this
/// call on, not only once the future is polled: whoever reads that it listens may end it at once. Call it inside a Tokio runtime.
///
/// A second one ends the [grace](crate::Server::shutdown_grace) of the servers in this process: whoever presses Ctrl-C again has waited enough.
/// Once that came, no server of this process has a grace.
#[cfg(unix)]
pub fn terminated() -> impl Future<Output = ()> + Send {
    use tokio::signal::unix::{Signal, SignalKind, signal};
    async fn received(signal: &mut io::Result<Signal>) {
        match signal {
            Ok(signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending::<()>().await,
        }
    }
    async fn told([interrupt, terminate]: &mut [io::Result<Signal>; 2]) {
        tokio::select! {
            () = received(interrupt) => {}
            () = received(terminate) => {}
        }
    }
    let mut signals = [signal(SignalKind::interrupt()), signal(SignalKind::terminate())];
    async move {
        told(&mut signals).await;
        tokio::spawn(async move {
            told(&mut signals).await;
            hurry();
        });
    }
}

/// Ends at Ctrl-C: for an application that [embeds](crate::Embedded) a server. A second one ends the
/// [grace](crate::Server::shutdown_grace) of the servers in this process.
#[cfg(not(unix))]
pub async fn terminated() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            hurry();
        }
    });
}
