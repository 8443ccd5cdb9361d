//! Asking a client by a request until its answer fits the question.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    call::{Peer, PeerError},
    protocol::Revision,
    schema::answer,
};

/// The number of times a client is asked one question. One that never answers what it is asked, as programs do that answer by
/// themselves, must not be asked for ever.
const TIMES: usize = 3;

/// Reason why a question by a request has no answer, not even a refusal.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// The session ended.
    Gone,
    /// Clients of the revision cannot be shown it; a sentence.
    Unshown(String),
}

/// Asks until the answer fits the question and has at most `max` bytes as JSON, if that matters: a mistake does not use the
/// question up. Whoever asked judges the last answer, which may fit no more than those before. An error of the client is an
/// answer, too: its refusal.
pub(crate) async fn ask_until_it_fits(
    peer: &Arc<dyn Peer>,
    revision: Revision,
    method: &str,
    params: Value,
    max: Option<usize>,
) -> Result<Value, Unanswered> {
    let shown = revision.question(method, &params).map_err(Unanswered::Unshown)?;
    let mut left = TIMES;
    loop {
        left -= 1;
        let given = match peer.request(method, shown.clone()).await {
            Ok(given) => given,
            Err(PeerError::Gone) => return Err(Unanswered::Gone),
            Err(PeerError::Rpc(error)) => {
                // Its text may repeat what was asked.
                tracing::debug!(method, code = error.code, "the client refused a question");
                return Ok(answer::refusal(&error));
            }
        };
        match answer::fitted(&params, &given) {
            Ok(fitted) if max.is_none_or(|max| fitted.to_string().len() <= max) => return Ok(fitted),
            Ok(fitted) if left == 0 => return Ok(fitted),
            Err(_) if left == 0 => return Ok(given),
            // Not what it is: that may be a secret.
            _ => tracing::debug!(method, "an answer does not fit its question, which is asked again"),
        }
    }
}
