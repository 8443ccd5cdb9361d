//! A message a line: standard streams and everything like them (stdio).

use std::{
    process::Stdio,
    sync::{Mutex, Weak},
    time::Duration,
};

use futures_util::StreamExt as _;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    sync::mpsc,
};
use tokio_util::{
    codec::{FramedRead, LinesCodec},
    task::AbortOnDropHandle,
};

use super::{
    ClientError,
    connection::{Connection, lock},
};

/// How long a child may take to exit once its input has ended.
const EXIT: Duration = Duration::from_secs(5);

/// The sending half, and what keeps the connection alive.
#[derive(Debug)]
pub(super) struct LineWire {
    sender: Mutex<Option<mpsc::Sender<String>>>,
    child: Mutex<Option<Child>>,
    reader: Mutex<Option<AbortOnDropHandle<()>>>,
}

impl LineWire {
    pub(super) fn new<W>(writer: W, child: Option<Child>) -> Self
    where
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let (sender, receiver) = mpsc::channel(64);
        tokio::spawn(write(writer, receiver));
        Self { sender: Mutex::new(Some(sender)), child: Mutex::new(child), reader: Mutex::new(None) }
    }

    pub(super) fn read<R>(&self, connection: Weak<Connection>, reader: R, max: usize)
    where
        R: AsyncRead + Send + Unpin + 'static,
    {
        let task = AbortOnDropHandle::new(tokio::spawn(read(connection, reader, max)));
        *lock(&self.reader) = Some(task);
    }

    /// Sends a message.
    pub(super) async fn send(&self, message: String) -> Result<(), ClientError> {
        let Some(sender) = lock(&self.sender).clone() else { return Err(ClientError::Closed) };
        sender.send(message).await.map_err(|_| ClientError::Closed)
    }

    /// Sends a message unless too many wait already.
    pub(super) fn try_send(&self, message: String) {
        if let Some(sender) = &*lock(&self.sender) {
            // A message that may be lost is all this is for.
            let _ = sender.try_send(message);
        }
    }

    pub(super) fn take_stderr(&self) -> Option<ChildStderr> {
        lock(&self.child).as_mut().and_then(|child| child.stderr.take())
    }

    /// Ends the server's input and waits for a child to exit; kills it if it does not (stdio, "Shutdown").
    pub(super) async fn close(&self) {
        drop(lock(&self.sender).take());
        let child = lock(&self.child).take();
        if let Some(mut child) = child
            && tokio::time::timeout(EXIT, child.wait()).await.is_err()
            && let Err(error) = child.kill().await
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "the server's process could not be killed");
        }
    }
}

/// Starts a server with its standard streams piped.
pub(super) fn spawn(mut command: Command) -> Result<(Child, ChildStdin, ChildStdout), ClientError> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(ClientError::transport)?;
    match (child.stdin.take(), child.stdout.take()) {
        (Some(stdin), Some(stdout)) => Ok((child, stdin, stdout)),
        _ => Err(ClientError::transport("the server's process has no standard streams")),
    }
}

async fn write<W: AsyncWrite + Unpin>(mut writer: W, mut receiver: mpsc::Receiver<String>) {
    while let Some(mut message) = receiver.recv().await {
        message.push('\n');
        if writer.write_all(message.as_bytes()).await.is_err() || writer.flush().await.is_err() {
            return;
        }
    }
    // The other side sees the end even where a half of a pair outlives this one; it may be gone already.
    let _ = writer.shutdown().await;
}

async fn read<R: AsyncRead + Unpin>(connection: Weak<Connection>, reader: R, max: usize) {
    let mut lines = FramedRead::new(reader, LinesCodec::new_with_max_length(max));
    while let Some(line) = lines.next().await {
        let Some(connection) = connection.upgrade() else { return };
        match line {
            Ok(line) if line.trim().is_empty() => {}
            Ok(line) => match serde_json::from_str(&line) {
                Ok(message) => connection.receive(message),
                Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "the server sent a bad line"),
            },
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the server could not be read");
                break;
            }
        }
    }
    if let Some(connection) = connection.upgrade() {
        connection.lost();
    }
}
