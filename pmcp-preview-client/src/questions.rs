//! Questions of the server, until somebody at a page has answered them.

use std::{collections::BTreeMap, fmt, sync::Arc};

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::told::Told;

/// Questions that are open at a time.
const MOST: usize = 32;

/// An answer that somebody has given.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// With what was asked for.
    Accept(Value),
    /// No.
    Decline,
    /// Nothing: it was dismissed.
    Cancel,
}

/// The open questions.
pub struct Questions {
    told: Arc<dyn Told>,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    last: u64,
    /// The requests during which a server may ask.
    requests: usize,
    all: BTreeMap<u64, (Value, oneshot::Sender<Given>)>,
}

impl fmt::Debug for Questions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Questions").field("open", &self.open).finish_non_exhaustive()
    }
}

impl Questions {
    /// None yet; whoever asks is told to this one.
    pub fn new(told: Arc<dyn Told>) -> Self {
        Self { told, open: Mutex::default() }
    }

    /// Asks, and waits for the answer; `None` if too many questions are open. A question that nobody waits for any more is withdrawn.
    pub async fn ask(&self, method: &str, params: Value, task: Option<String>) -> Option<Given> {
        let mut question = json!({ "method": method, "params": params });
        if let Some(task) = task {
            question["taskId"] = task.into();
        }
        let (answer, answered) = oneshot::channel();
        let id = {
            let mut open = self.open.lock();
            if open.all.len() >= MOST {
                return None;
            }
            open.last += 1;
            let id = open.last;
            open.all.insert(id, (question.clone(), answer));
            id
        };
        let _withdrawn = Withdraw { questions: self, id };
        self.told.question(id, &question);
        answered.await.ok()
    }

    /// Takes note of a request during which a server may ask, until that is dropped.
    ///
    /// Before 2026-07-28 a question does not say which request it belongs to, and servers do not take back those of a request that was
    /// given up. So those that belong to no task are gone with the last request.
    pub fn during_request(&self) -> DuringRequest<'_> {
        self.open.lock().requests += 1;
        DuringRequest { questions: self }
    }

    /// Answers a question; false if it is not open.
    pub fn answer(&self, id: u64, given: Given) -> bool {
        let open = self.open.lock().all.remove(&id);
        open.is_some_and(|(_, answer)| answer.send(given).is_ok())
    }

    /// Does something with the questions that are open: none is asked or answered before it is done.
    pub fn with_open<T>(&self, work: impl FnOnce(&mut dyn Iterator<Item = (u64, &Value)>) -> T) -> T {
        let open = self.open.lock();
        work(&mut open.all.iter().map(|(id, (question, _))| (*id, question)))
    }
}

/// A request during which a server may ask.
#[derive(Debug)]
pub struct DuringRequest<'a> {
    questions: &'a Questions,
}

impl Drop for DuringRequest<'_> {
    fn drop(&mut self) {
        let mut open = self.questions.open.lock();
        open.requests -= 1;
        if open.requests == 0 {
            open.all.retain(|_, (question, _)| question.get("taskId").is_some());
        }
    }
}

/// Takes a question away once it is answered, or nobody waits for it.
struct Withdraw<'a> {
    questions: &'a Questions,
    id: u64,
}

impl Drop for Withdraw<'_> {
    fn drop(&mut self) {
        self.questions.open.lock().all.remove(&self.id);
        self.questions.told.answered(self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    impl Questions {
        fn open(&self) -> Vec<(u64, Value)> {
            self.with_open(|open| open.map(|(id, question)| (id, question.clone())).collect())
        }
    }

    struct Nobody;

    impl Told for Nobody {
        fn question(&self, _: u64, _: &Value) {}
        fn answered(&self, _: u64) {}
        fn notification(&self, _: &str, _: &Value) {}
    }

    #[tokio::test]
    async fn a_question_is_answered_once_and_gone_with_who_asked() {
        let questions = Arc::new(Questions::new(Arc::new(Nobody)));
        let asking = tokio::spawn({
            let questions = questions.clone();
            async move { questions.ask("elicitation/create", json!({ "message": "?" }), Some("t".into())).await }
        });
        while questions.open().is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(questions.open()[0].1["taskId"], "t");
        assert!(questions.answer(1, Given::Accept(json!({ "a": 1 }))));
        assert!(!questions.answer(1, Given::Decline));
        assert_eq!(asking.await.unwrap(), Some(Given::Accept(json!({ "a": 1 }))));

        let asking = questions.ask("roots/list", Value::Null, None);
        assert!(tokio::time::timeout(Duration::from_millis(1), asking).await.is_err());
        assert!(questions.open().is_empty() && !questions.answer(2, Given::Cancel));
    }

    #[tokio::test]
    async fn open_questions_are_bounded() {
        let questions = Arc::new(Questions::new(Arc::new(Nobody)));
        for _ in 0..MOST {
            let questions = questions.clone();
            tokio::spawn(async move { questions.ask("roots/list", Value::Null, None).await });
        }
        while questions.open().len() < MOST {
            tokio::task::yield_now().await;
        }
        assert_eq!(questions.ask("roots/list", Value::Null, None).await, None);
    }
}
