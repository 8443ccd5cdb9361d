//! A message a line: standard streams and everything like them (stdio).

use std::{process::Stdio, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::StreamExt as _;
use parking_lot::Mutex;
use pmcp_protocol::{
    bounds,
    message::{text, without_mark},
};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::mpsc,
};
use tokio_util::codec::{AnyDelimiterCodec, FramedRead};

use crate::{
    error::ClientError,
    inbox::Inbox,
    request::Reply,
    runtime::{Runtime, Task, spawn, within},
    wire::{Exchange, Wire},
};

/// The time a child may take to exit once its input has ended.
const EXIT: Duration = Duration::from_secs(5);
/// The amount of a line that is no message which the log tells, in bytes.
const MAX_TOLD: usize = 200;
/// The number of messages that wait for a server that does not read.
const QUEUE: usize = 64;

/// Two streams that carry a message a line, and the process behind them if there is one.
#[derive(Debug)]
pub(crate) struct LineWire {
    runtime: Arc<dyn Runtime>,
    inbox: Arc<Inbox>,
    sender: Mutex<Option<mpsc::Sender<String>>>,
    child: Mutex<Option<Child>>,
    _reader: Task<()>,
}

impl LineWire {
    /// A wire of these streams, whose lines have at most `max` bytes.
    pub(crate) fn new<R, W>(runtime: Arc<dyn Runtime>, inbox: Arc<Inbox>, (reader, writer): (R, W), max: usize) -> Self
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let (sender, receiver) = mpsc::channel(QUEUE);
        // It ends with its last message, not with the wire.
        runtime.spawn(Box::pin(write(writer, receiver)));
        let reader = spawn(&runtime, read(inbox.clone(), reader, max));
        Self { runtime, inbox, sender: Mutex::new(Some(sender)), child: Mutex::new(None), _reader: reader }
    }

    /// The same wire with the process behind it.
    pub(crate) fn with_child(self, child: Child) -> Self {
        *self.child.lock() = Some(child);
        self
    }

    async fn send(&self, message: &Value) -> Result<(), ClientError> {
        let Some(sender) = self.sender.lock().clone() else { return Err(ClientError::Closed) };
        sender.send(text(message)).await.map_err(|_| ClientError::Closed)
    }
}

#[async_trait]
impl Wire for LineWire {
    async fn exchange(&self, request: Exchange<'_>) -> Result<Reply, ClientError> {
        let expected = self.inbox.expect(request.id);
        self.send(request.message).await?;
        expected.answer().await
    }

    async fn post(&self, message: &Value) -> Result<(), ClientError> {
        self.send(message).await
    }

    fn cancel(&self, notification: Value) {
        if let Some(sender) = &*self.sender.lock() {
            // One that may be lost is not waited for.
            let _ = sender.try_send(text(&notification));
        }
    }

    /// Ends the server's input and waits for a child to exit; kills it if it does not (stdio, "Shutdown").
    async fn close(&self) -> Result<(), ClientError> {
        drop(self.sender.lock().take());
        let child = self.child.lock().take();
        if let Some(mut child) = child
            && within(&self.runtime, EXIT, child.wait()).await.is_err()
            && let Err(error) = child.kill().await
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "the server's process could not be killed");
        }
        Ok(())
    }
}

/// Starts a server with its standard streams piped.
pub(crate) fn start(mut command: Command) -> Result<(Child, ChildStdin, ChildStdout), ClientError> {
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

/// Gives messages to the inbox. What else a server prints on its standard output, in whatever encoding, is skipped.
async fn read<R: AsyncRead + Unpin>(inbox: Arc<Inbox>, reader: R, max: usize) {
    let codec = AnyDelimiterCodec::new_with_max_length(b"\n".into(), b"\n".into(), max);
    let mut lines = FramedRead::new(reader, codec);
    while let Some(line) = lines.next().await {
        match line {
            Ok(line) => match without_mark(&line).trim_ascii() {
                [] => {}
                line => match serde_json::from_slice(line) {
                    Ok(message) => inbox.receive(message),
                    Err(error) => {
                        let is_message = inbox.unreadable(line, &error);
                        let error = &error as &dyn std::error::Error;
                        if is_message {
                            // Its content is its user's.
                            tracing::warn!(error, "the server sent a message that cannot be read");
                        } else {
                            let line = bounds::shortened(&String::from_utf8_lossy(line), MAX_TOLD);
                            tracing::warn!(error, line, "the server sent a line that is no message; it is skipped");
                        }
                    }
                },
            },
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the server could not be read");
                break;
            }
        }
    }
    inbox.close();
}
