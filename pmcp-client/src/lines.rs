//! A message a line: standard streams and everything like them (stdio).

use std::{io, process::Stdio, sync::Arc, time::Duration};

use async_trait::async_trait;
use parking_lot::Mutex;
use pmcp_protocol::{
    bounds,
    message::{text, without_mark},
};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::mpsc,
};

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
/// The size of the memory for a line that is kept for the next one, in bytes.
const KEPT: usize = 64 << 10;
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
    let (mut reader, mut line) = (BufReader::new(reader), Vec::new());
    loop {
        line.clear();
        line.shrink_to(KEPT);
        match next_line(&mut reader, &mut line, max).await {
            Ok(0) => break,
            Ok(_) => take(&inbox, without_mark(&line).trim_ascii()),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the server could not be read");
                break;
            }
        }
    }
    inbox.close();
}

/// Reads a line with its end, the last one with or without it; the number of bytes, none at the end.
async fn next_line<R: AsyncRead + Unpin>(
    reader: &mut BufReader<R>,
    line: &mut Vec<u8>,
    max: usize,
) -> io::Result<usize> {
    let most = max as u64 + 1;
    let read = reader.take(most).read_until(b'\n', line).await?;
    if read as u64 == most && !line.ends_with(b"\n") {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a line has more than {max} bytes")));
    }
    Ok(read)
}

/// Gives what stands in a line to the inbox, if it is a message.
fn take(inbox: &Inbox, line: &[u8]) {
    if line.is_empty() {
        return;
    }
    let error = match serde_json::from_slice(line) {
        Ok(message) => return inbox.receive(message),
        Err(error) => error,
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of a text, and the reason if they end before it does.
    async fn lines(text: &[u8], max: usize) -> (Vec<String>, Option<String>) {
        let (mut reader, mut all) = (BufReader::new(text), Vec::new());
        loop {
            let mut line = Vec::new();
            match next_line(&mut reader, &mut line, max).await {
                Ok(0) => return (all, None),
                Ok(_) => all.push(String::from_utf8(line).unwrap()),
                Err(error) => return (all, Some(error.to_string())),
            }
        }
    }

    #[tokio::test]
    async fn the_last_line_needs_no_end_and_none_is_longer_than_it_may_be() {
        assert_eq!(lines(b"one\n\ntwo", 4).await, (vec!["one\n".into(), "\n".into(), "two".into()], None));
        assert_eq!(lines(b"four\nfive", 4).await, (vec!["four\n".into(), "five".into()], None));
        let told = Some("a line has more than 4 bytes".to_owned());
        assert_eq!(lines(b"four\nfives\nsix\n", 4).await, (vec!["four\n".into()], told.clone()));
        assert_eq!(lines(b"endless", 4).await, (vec![], told));
    }
}
