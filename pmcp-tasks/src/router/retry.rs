//! Calls that were answered `input_required` and come back with answers (2026-07-28, multi round-trip requests).
//!
//! The function keeps running in a hidden task; what the client holds is a handle to it: the task's id and a random
//! nonce, used once. Owner, method and arguments have to be those of the first call.

use std::{collections::BTreeMap, fmt::Write as _};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::{TaskRouter, owner, store_failed, tasks};
use crate::{
    call::CallContext,
    execution::shutting_down,
    protocol::{RpcError, v2026},
    store::{
        NotChanged,
        backend::{Parts, TaskKey},
    },
    task::{Change, Task, TaskId, TaskStatus, canonical},
};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a `String` does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What a retry has to have in common with the call it repeats.
pub(super) fn digest(method: &str, name: &str, arguments: &Map<String, Value>) -> String {
    hex(&digest_of([method.as_bytes(), name.as_bytes(), &canonical(arguments).unwrap_or_default()]))
}

/// The digest of several parts: no choice of them makes two lists one.
pub(super) fn digest_of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn handle_digest(nonce: &[u8]) -> String {
    hex(&Sha256::digest(nonce))
}

/// Every handle that is not good answers alike.
pub(super) fn wrong_state() -> RpcError {
    RpcError::invalid_params(
        "`requestState` is not one this server gave for this request, or it was used or has expired",
    )
}

impl TaskRouter {
    /// A call with `requestState`: answers the questions of the hidden task and waits on.
    pub(super) async fn retry(
        &self,
        state: &Value,
        responses: Option<&Value>,
        digest: &str,
        cx: &CallContext,
    ) -> Result<Value, RpcError> {
        let owner = owner(cx)?;
        let bytes =
            state.as_str().and_then(|state| BASE64_URL_SAFE_NO_PAD.decode(state).ok()).ok_or_else(wrong_state)?;
        let (id, nonce) = bytes.split_at_checked(16).ok_or_else(wrong_state)?;
        let id = TaskId::from_bytes(id.try_into().map_err(|_| wrong_state())?);
        let key = TaskKey { owner: owner.key(), id };
        let nonce = handle_digest(nonce);
        let good = |task: &Task| {
            let hidden = task.head.hidden.as_ref();
            hidden.is_some_and(|hidden| hidden.call == digest && hidden.handle.as_ref() == Some(&nonce))
        };
        loop {
            let task = self.runtime.store.read(&key, Parts::empty()).await.map_err(|error| store_failed(&error))?;
            let task = task.filter(|task| task.head.owner == *owner && good(task)).ok_or_else(wrong_state)?;
            let answers = tasks::input_responses(responses, &task, self.runtime.limits.max_answer)?;
            // Answers and the end of the handle are one write made from the version just read: of two calls with one handle,
            // the second conflicts, finds another handle and is refused. After a write of the function the handle is good.
            let changes = vec![Change::Answer(answers), Change::Handle(None)];
            match self.runtime.change_once(task, changes).await {
                Ok(false) => {}
                Ok(true) => break,
                // The function went on without the answers, and ended: its result is what the caller comes back for.
                Err(NotChanged::Ended(ended)) if good(&ended) => break,
                Err(NotChanged::Store(error)) => return Err(store_failed(&error)),
                Err(NotChanged::Ended(_) | NotChanged::Missing | NotChanged::Lost) => return Err(wrong_state()),
            }
        }
        self.hidden_reply(&key, cx).await
    }

    /// Waits until the hidden task asks or ends, and answers the call with that.
    pub(super) async fn hidden_reply(&self, key: &TaskKey, cx: &CallContext) -> Result<Value, RpcError> {
        let mut watch = self.runtime.store.watch(key);
        loop {
            let task = self.runtime.store.read(key, Parts::OUTCOME).await.map_err(|error| store_failed(&error))?;
            let Some(task) = task else {
                return Err(RpcError::internal("the call waited too long for its answers"));
            };
            if let Some(outcome) = &task.outcome {
                let outcome = outcome.clone();
                // The answer goes out now; there is nobody else to keep it for.
                if let Err(error) = self.runtime.store.delete(key).await {
                    tracing::warn!(task = %key.id, error = &error as &dyn std::error::Error, "an answered call was not removed");
                }
                return tasks::outcome(outcome, cx.revision);
            }
            if task.status() == TaskStatus::InputRequired {
                match self.hand_out(task).await {
                    Ok(Some(reply)) => return Ok(reply),
                    Ok(None) => continue,
                    Err(error) => {
                        // Without a handle nobody can come back to it.
                        self.cancel_with_call(key).await;
                        return Err(error);
                    }
                }
            }
            tokio::select! {
                // The end of a task may be what the server waited for to stop: it is told first.
                biased;
                () = watch.changed() => {}
                () = self.runtime.expired(&task) => {}
                () = cx.cancellation.cancelled() => return Err(self.cancel_with_call(key).await),
                () = self.runtime.stopped() => return Err(shutting_down()),
            }
        }
    }

    /// The questions with a new handle; `None` if the call ended meanwhile, or asks no more.
    async fn hand_out(&self, mut task: Task) -> Result<Option<Value>, RpcError> {
        let nonce = self.runtime.store.random().map_err(|error| store_failed(&error))?;
        let change = [Change::Handle(Some(handle_digest(&nonce)))];
        match self.runtime.store.change(&mut task, None, &change).await {
            Ok(()) => self.runtime.tell(&task),
            Err(NotChanged::Store(error)) => return Err(store_failed(&error)),
            Err(NotChanged::Ended(_) | NotChanged::Missing | NotChanged::Lost) => return Ok(None),
        }
        if task.inputs().is_empty() {
            return Ok(None);
        }
        let mut state = task.id().as_bytes().to_vec();
        state.extend(nonce);
        let inputs: &BTreeMap<_, _> = task.inputs();
        Ok(Some(v2026::input_required(inputs, Some(&BASE64_URL_SAFE_NO_PAD.encode(state)))))
    }
}
