//! Asking a client by a request until its answer fits the question.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    call::{Peer, PeerError},
    schema::answer,
};

/// The number of times a client is asked one question. One that never answers what it is asked, as programs do that answer by
/// themselves, must not be asked for ever.
const TIMES: usize = 3;

/// Asks until the answer fits the question and has at most `max` bytes as JSON, if that matters: a mistake does not use the
/// question up. Whoever asked judges the last answer, which may fit no more than those before.
pub(crate) async fn ask_until_it_fits(
    peer: &Arc<dyn Peer>,
    method: &str,
    params: Value,
    max: Option<usize>,
) -> Result<Value, PeerError> {
    for _ in 1..TIMES {
        let answer = peer.request(method, params.clone()).await?;
        if let Ok(answer) = answer::fitted(&params, &answer)
            && max.is_none_or(|max| answer.to_string().len() <= max)
        {
            return Ok(answer);
        }
        // Not what it is: that may be a secret.
        tracing::debug!(method, "an answer does not fit its question, which is asked again");
    }
    let answer = peer.request(method, params.clone()).await?;
    Ok(answer::fitted(&params, &answer).unwrap_or(answer))
}
