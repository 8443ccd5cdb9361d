//! Whoever puts questions of a server to somebody, and answers as MCP writes it.

use std::sync::{Arc, OnceLock};

use pmcp_client::{ElicitAnswer, RpcError};
use serde_json::{Value, json};

use crate::{
    questions::{Given, Questions},
    tasks::Tasks,
};

/// Whoever puts questions of the server to somebody: those of tasks are part of the task, as in 2026-07-28.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    pub(crate) questions: Arc<Questions>,
    /// They are there once it is known that the version has them.
    pub(crate) tasks: Arc<OnceLock<Arc<Tasks>>>,
}

impl Asker {
    pub(crate) async fn ask(&self, method: &str, params: Value, task: Option<String>) -> Option<Given> {
        match (self.tasks.get(), task) {
            (Some(tasks), Some(task)) => tasks.ask(&task, method, params).await.map(given),
            (_, task) => self.questions.ask(method, params, task).await,
        }
    }
}

/// The answer in a response as MCP writes it: of a form, or the result of a sample or of roots.
fn given(mut response: Value) -> Given {
    match response.get("action").and_then(Value::as_str) {
        Some("accept") => Given::Accept(response.get_mut("content").map(Value::take).unwrap_or_default()),
        Some("decline") => Given::Decline,
        Some(_) => Given::Cancel,
        None => Given::Accept(response),
    }
}

pub(crate) fn elicited(given: Option<Given>) -> ElicitAnswer {
    match given {
        Some(Given::Accept(content)) => ElicitAnswer::Accept(content),
        Some(Given::Decline) => ElicitAnswer::Decline,
        Some(Given::Cancel) | None => ElicitAnswer::Cancel,
    }
}

/// A sample typed by hand: the text of the answer, or the whole result.
pub(crate) fn sampled(given: Option<Given>) -> Result<Value, RpcError> {
    match given {
        Some(Given::Accept(Value::String(text))) => Ok(json!({
            "role": "assistant",
            "content": { "type": "text", "text": text },
            "model": "typed by hand",
            "stopReason": "endTurn",
        })),
        Some(Given::Accept(result)) => Ok(result),
        given => Err(declined(given.as_ref())),
    }
}

/// Roots: a list of them, or the whole result.
pub(crate) fn rooted(given: Option<Given>) -> Result<Vec<Value>, RpcError> {
    match given {
        Some(Given::Accept(content)) => Ok(match content {
            Value::Array(roots) => roots,
            mut content => {
                content.get_mut("roots").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default()
            }
        }),
        given => Err(declined(given.as_ref())),
    }
}

fn declined(given: Option<&Given>) -> RpcError {
    match given {
        Some(_) => RpcError::new(-1, "the user declined"),
        None => RpcError::internal("too many questions are open"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_typed_by_hand_have_the_shape_of_the_protocol() {
        let typed = sampled(Some(Given::Accept("hello".into()))).unwrap();
        assert_eq!(typed["content"], json!({ "type": "text", "text": "hello" }));
        let whole = json!({ "role": "assistant", "content": { "type": "text", "text": "x" }, "model": "m" });
        assert_eq!(sampled(Some(Given::Accept(whole.clone()))).unwrap(), whole);
        assert_eq!(sampled(Some(Given::Decline)).unwrap_err().code, -1);
        let roots = json!([{ "uri": "file:///r" }]);
        assert_eq!(Value::from(rooted(Some(Given::Accept(roots.clone()))).unwrap()), roots);
        assert_eq!(Value::from(rooted(Some(Given::Accept(json!({ "roots": roots })))).unwrap()), roots);
    }
}
