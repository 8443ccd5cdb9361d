//! Tasks of a connection before 2026-07-28, as far as a page that knows them as in 2026-07-28 needs more than the server tells at a look:
//! what they ask, how far they are, and how they ended.

use std::collections::{BTreeMap, VecDeque};

use parking_lot::Mutex;
use pmcp_client::{
    RpcError,
    pmcp_protocol::{RELATED_TASK, bounds::shortened},
};
use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::work::Work;

/// Tasks that are known at a time; of more the oldest are forgotten.
const MOST: usize = 256;
/// Questions of tasks that are open at a time.
const QUESTIONS: usize = 32;
/// Bytes of a text about progress.
const TEXT: usize = 512;
/// Changes that wait to be told.
const CHANGES: usize = 256;

/// The way a task ended: the result of its call, or the error.
pub(crate) type Outcome = Result<Value, RpcError>;

/// The tasks of a connection before 2026-07-28.
#[derive(Debug)]
pub struct Tasks {
    all: Mutex<All>,
    changed: mpsc::Sender<String>,
}

#[derive(Debug, Default)]
struct All {
    known: BTreeMap<String, Known>,
    /// The oldest first.
    order: VecDeque<String>,
    questions: BTreeMap<u64, Question>,
    last: u64,
}

#[derive(Debug, Default)]
struct Known {
    /// The token that its call tells progress under.
    token: Option<String>,
    progress: Option<String>,
    outcome: Option<Outcome>,
    /// Waits for its end, and lends the stream over which it may ask.
    waiting: Option<Work>,
}

#[derive(Debug)]
struct Question {
    task: String,
    request: Value,
    answer: oneshot::Sender<Value>,
}

impl Tasks {
    /// None yet, and where ids of those arrive that have changed.
    #[must_use]
    pub fn new() -> (Self, mpsc::Receiver<String>) {
        let (changed, told) = mpsc::channel(CHANGES);
        (Self { all: Mutex::default(), changed }, told)
    }

    /// Takes note of a task, and of the token of its call.
    pub(crate) fn know(&self, id: &str, token: Option<String>) {
        let mut all = self.all.lock();
        if !all.known.contains_key(id) {
            if all.order.len() >= MOST
                && let Some(oldest) = all.order.pop_front()
            {
                all.known.remove(&oldest);
            }
            all.order.push_back(id.to_owned());
        }
        let known = all.known.entry(id.to_owned()).or_default();
        known.token = token.or(known.token.take());
    }

    /// Has somebody wait for the end of a known task, unless somebody does or it is known.
    pub(crate) fn wait(&self, id: &str, begin: impl FnOnce() -> Work) {
        if let Some(known) = self.all.lock().known.get_mut(id)
            && known.outcome.is_none()
            && known.waiting.as_ref().is_none_or(Work::is_finished)
        {
            known.waiting = Some(begin());
        }
    }

    /// Takes note of how a task ended.
    pub(crate) fn ended(&self, id: &str, outcome: Outcome) {
        if let Some(known) = self.all.lock().known.get_mut(id) {
            known.outcome = Some(outcome);
        }
        self.change(id);
    }

    pub(crate) fn outcome(&self, id: &str) -> Option<Outcome> {
        self.all.lock().known.get(id)?.outcome.clone()
    }

    /// Takes note of progress, and tells whether it is that of a task.
    pub(crate) fn progress(&self, params: &Value) -> bool {
        let mut all = self.all.lock();
        let token = params["progressToken"].as_str();
        let known = all.known.iter_mut().find(|(_, known)| token.is_some() && known.token.as_deref() == token);
        let Some((id, known)) = known else { return false };
        known.progress = Some(progress_text(params));
        let id = id.clone();
        drop(all);
        self.change(&id);
        true
    }

    /// A text about how far a task is.
    pub(crate) fn progress_of(&self, id: &str) -> Option<String> {
        self.all.lock().known.get(id)?.progress.clone()
    }

    /// Asks what a task asks, and waits for the answer, as MCP writes it; `None` if too many questions are open. A question that nobody waits
    /// for any more is withdrawn.
    pub(crate) async fn ask(&self, task: &str, method: &str, mut params: Value) -> Option<Value> {
        unrelate(&mut params);
        let (answer, answered) = oneshot::channel();
        let key = {
            let mut all = self.all.lock();
            if all.questions.len() >= QUESTIONS {
                return None;
            }
            all.last += 1;
            let key = all.last;
            let request = json!({ "method": method, "params": params });
            all.questions.insert(key, Question { task: task.to_owned(), request, answer });
            key
        };
        let _withdrawn = Withdraw { tasks: self, task, key };
        self.change(task);
        answered.await.ok()
    }

    /// The open questions of a task, by key.
    pub(crate) fn questions(&self, id: &str) -> Map<String, Value> {
        let all = self.all.lock();
        let of_task = all.questions.iter().filter(|(_, question)| question.task == id);
        of_task.map(|(key, question)| (key.to_string(), question.request.clone())).collect()
    }

    /// Answers a question of a task; false if it has none under this key.
    pub(crate) fn answer(&self, id: &str, key: &str, response: Value) -> bool {
        let mut all = self.all.lock();
        let key = key.parse().ok().filter(|key| all.questions.get(key).is_some_and(|question| question.task == id));
        let question = key.and_then(|key| all.questions.remove(&key));
        question.is_some_and(|question| question.answer.send(response).is_ok())
    }

    /// Forgets all tasks, and stops to wait for them.
    pub(crate) fn clear(&self) {
        let forgotten = std::mem::take(&mut *self.all.lock());
        drop(forgotten);
    }

    /// Has a task that has changed be told.
    pub(crate) fn change(&self, id: &str) {
        // Whoever follows looks at the task later.
        let _ = self.changed.try_send(id.to_owned());
    }
}

/// Takes a question away once it is answered, or nobody waits for it.
struct Withdraw<'a> {
    tasks: &'a Tasks,
    task: &'a str,
    key: u64,
}

impl Drop for Withdraw<'_> {
    fn drop(&mut self) {
        self.tasks.all.lock().questions.remove(&self.key);
        self.tasks.change(self.task);
    }
}

/// Takes away what 2026-07-28 does not have: the task that a message belongs to.
pub(crate) fn unrelate(value: &mut Value) {
    let Some(fields) = value.as_object_mut() else { return };
    if let Some(meta) = fields.get_mut("_meta").and_then(Value::as_object_mut) {
        meta.remove(RELATED_TASK);
        if meta.is_empty() {
            fields.remove("_meta");
        }
    }
}

/// Progress as a text: `3 of 10: a message`.
fn progress_text(params: &Value) -> String {
    let number = |name: &str| params[name].as_f64().map(|number| number.to_string());
    let part = match (number("progress"), number("total")) {
        (Some(progress), Some(total)) => Some(format!("{progress} of {total}")),
        (progress, _) => progress,
    };
    let text = [part.as_deref(), params["message"].as_str()].into_iter().flatten().collect::<Vec<_>>().join(": ");
    shortened(&text, TEXT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_a_text() {
        assert_eq!(progress_text(&json!({ "progress": 3, "total": 10, "message": "rows" })), "3 of 10: rows");
        assert_eq!(progress_text(&json!({ "progress": 0.5 })), "0.5");
        assert_eq!(progress_text(&json!({})), "");
    }

    #[tokio::test]
    async fn a_question_is_answered_by_its_task_only() {
        let (tasks, mut changes) = Tasks::new();
        let answer = async {
            assert_eq!(changes.recv().await.unwrap(), "a");
            assert_eq!(tasks.questions("a")["1"]["method"], "roots/list");
            assert!(tasks.questions("b").is_empty());
            assert!(!tasks.answer("b", "1", Value::Null) && !tasks.answer("a", "2", Value::Null));
            assert!(tasks.answer("a", "1", json!({ "roots": [] })));
            assert!(!tasks.answer("a", "1", Value::Null));
        };
        let (asked, ()) = tokio::join!(tasks.ask("a", "roots/list", Value::Null), answer);
        assert_eq!(asked, Some(json!({ "roots": [] })));
        assert!(tasks.questions("a").is_empty());
    }

    #[test]
    fn of_very_many_tasks_the_oldest_are_forgotten() {
        let (tasks, _changes) = Tasks::new();
        for number in 0..=MOST {
            tasks.know(&number.to_string(), Some(format!("token-{number}")));
            tasks.ended(&number.to_string(), Ok(json!(number)));
        }
        assert_eq!(tasks.outcome("0"), None);
        assert_eq!(tasks.outcome("1"), Some(Ok(json!(1))));
        assert!(!tasks.progress(&json!({ "progressToken": "token-0", "progress": 1 })));
    }
}
