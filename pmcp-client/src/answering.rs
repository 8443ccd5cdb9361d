//! Answers to the requests of a server (2025-11-25 and earlier), worked on in the background.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::Duration,
};

use pmcp_protocol::{RpcError, meta};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{
    answers::Callbacks,
    error::ClientError,
    inbox::Asked,
    runtime::{Runtime, Task, spawn, within},
    wire::Wire,
};

/// The number of times an answer is sent that may not have arrived.
const SENDS: u32 = 6;
/// The wait before it is sent again; twice as long each time.
const PAUSE: Duration = Duration::from_millis(100);

/// The one who answers a connection's server.
#[derive(Debug)]
pub(crate) struct Answering {
    pub(crate) wire: Weak<dyn Wire>,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) callbacks: Callbacks,
    /// Set if the server may ask at all.
    pub(crate) is_allowed: bool,
    /// The time sending an answer may take.
    pub(crate) timeout: Duration,
}

impl Answering {
    /// Answers everything that is asked, each question on its own, until nothing can be asked any more.
    pub(crate) async fn run(self, mut asked: mpsc::UnboundedReceiver<Asked>) {
        let (done, mut finished) = mpsc::unbounded_channel();
        let mut at_work: HashMap<u64, (Value, Task<()>)> = HashMap::new();
        let mut next = 0;
        loop {
            let asked = tokio::select! {
                Some(number) = finished.recv() => {
                    at_work.remove(&number);
                    continue;
                }
                asked = asked.recv() => asked,
            };
            match asked {
                Some(Asked::Question { method, .. }) if !self.is_allowed => {
                    tracing::warn!(method, "the server sent a request, which this protocol version does not allow");
                }
                Some(Asked::Question { id, method, params }) => {
                    next += 1;
                    let (number, done) = (next, done.clone());
                    let answering = self.answer(id.clone(), method, params);
                    let work = spawn(&self.runtime, async move {
                        answering.await;
                        // Whoever counts may be gone.
                        let _ = done.send(number);
                    });
                    at_work.insert(number, (id, work));
                }
                Some(Asked::Withdrawn { id }) => at_work.retain(|_, (asked, _)| *asked != id),
                None => return,
            }
        }
    }

    fn answer(
        &self,
        id: Value,
        method: String,
        params: Result<Value, RpcError>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (wire, runtime, timeout) = (self.wire.clone(), self.runtime.clone(), self.timeout);
        let callbacks = self.callbacks.clone();
        async move {
            let task = params.as_ref().ok().and_then(meta::related_task).map(str::to_owned);
            let asked = method.clone();
            let answer = spawn(&runtime, async move { callbacks.answer(&asked, params?, None).await });
            // The server is told of a callback that panicked too: it waits for an answer.
            let answer = answer.await.unwrap_or_else(|_| Err(RpcError::internal("the client failed to answer")));
            let response = response(&id, answer, task);
            if let Err(error) = send(&wire, &runtime, timeout, &response).await {
                tracing::warn!(error = &error as &dyn std::error::Error, method, "an answer could not be sent");
            }
        }
    }
}

/// Sends an answer for as long as there is a connection: the server goes by the first that arrives, and nobody else would send it again.
async fn send(
    wire: &Weak<dyn Wire>,
    runtime: &Arc<dyn Runtime>,
    timeout: Duration,
    response: &Value,
) -> Result<(), ClientError> {
    let mut sends = 0;
    loop {
        let Some(wire) = wire.upgrade() else { return Ok(()) };
        let sent = within(runtime, timeout, wire.post(response)).await.flatten();
        drop(wire);
        sends += 1;
        match sent {
            Err(error) if may_be_lost(&error) && sends < SENDS => runtime.sleep(PAUSE * 2_u32.pow(sends - 1)).await,
            sent => return sent,
        }
    }
}

/// Tells whether the server may not have what was sent, but would take it the next time: who took it died, is another instance than the one
/// that waits for it (421), or has no room now.
fn may_be_lost(error: &ClientError) -> bool {
    matches!(error, ClientError::Transport(_) | ClientError::Http { status: 421 | 502..=504, .. })
}

fn response(id: &Value, answer: Result<Value, RpcError>, task: Option<String>) -> Value {
    match answer {
        Ok(mut result) => {
            if let Some(task) = task {
                meta::relate(&mut result, &task);
            }
            json!({ "jsonrpc": "2.0", "id": id, "result": result })
        }
        Err(error) => json!({ "jsonrpc": "2.0", "id": id, "error": error }),
    }
}
