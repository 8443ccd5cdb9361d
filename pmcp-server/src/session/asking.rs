//! Questions to the client: over which streams they go, and how their answers come back.

use std::{collections::VecDeque, sync::atomic::Ordering};

use pmcp_protocol::{
    message::{self, RequestId},
    meta::related_task,
};
use pmcp_tasks::call::PeerError;
use serde_json::Value;
use tokio::sync::mpsc;

use super::{COUNTED, Session, streams::rank};
use crate::{
    outbox::Outbox,
    passing::{Answer, Passing, note, passed_on},
};

/// The number of ids under which a question that was sent again may still be answered.
const MAX_IDS: usize = 4;

impl Session {
    /// The client answers one of our requests; the first answer counts, others are ignored. One to another process is given back.
    pub(crate) fn answered(&self, id: &RequestId, answer: Answer) -> Result<(), Box<Passing>> {
        let Some(id) = id.number() else { return Ok(()) };
        let waiting = self.inner.lock().pending.remove(&id);
        if let Some(waiting) = waiting {
            // Whoever asked may have stopped waiting, or have an answer already.
            let _ = waiting.try_send(answer);
            return Ok(());
        }
        let (asker, here) = (id >> COUNTED, self.next_id.load(Ordering::Relaxed) >> COUNTED);
        if here == 0 || asker == 0 || asker == here {
            Ok(())
        } else {
            Err(Box::new(Passing::new(self.board.clone(), id, answer)))
        }
    }

    /// Takes the answers to what is asked here that came to other processes, without end, and one question at a time for all.
    async fn take_passed_on(&self) -> Answer {
        let Some(board) = &self.board else { return std::future::pending().await };
        let _turn = self.taking.lock().await;
        let mut watch = board.watch();
        loop {
            match board.read().await {
                Ok(notes) => {
                    for (name, note) in notes {
                        let id = name.strip_prefix(note::ANSWER).and_then(|id| id.parse().ok());
                        let Some(id) = id.filter(|id| self.inner.lock().pending.contains_key(id)) else { continue };
                        if let Err(error) = board.take([name]).await {
                            tracing::warn!(
                                error = &error as &dyn std::error::Error,
                                "an answer was taken and is still there"
                            );
                        }
                        let waiting = self.inner.lock().pending.remove(&id);
                        if let (Some(waiting), Some(answer)) = (waiting, passed_on(note)) {
                            let _ = waiting.try_send(answer);
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "answers that came to other processes are late"
                    );
                }
            }
            watch.changed().await;
        }
    }

    /// A stream that suits a message about a task better than the one it went down: nothing tells whether that one is read.
    async fn better_stream(&self, than: &Outbox, task: Option<&str>) -> Outbox {
        let order = |stream: &Outbox| (rank(stream, task), stream.id);
        let is_better =
            |stream: &Outbox| rank(stream, task) > 0 && order(stream) > order(than) && !stream.is_same(than);
        self.when_opened(|| self.best_stream(task).filter(is_better)).await
    }

    /// Asks the client over `own`, or the best stream when there is none or it closes before the answer; once more on each
    /// better stream that opens. The first answer counts.
    pub(crate) async fn ask(&self, own: Option<Outbox>, method: &str, params: Value) -> Result<Value, PeerError> {
        let task = related_task(&params);
        let (sender, mut answers) = mpsc::channel::<Answer>(1);
        let asking = async {
            // The client may have read the question on an earlier stream: the ids it was sent under before stay good.
            let mut ids = VecDeque::new();
            // One whose client has left carries it only if there is no other: that client may come back.
            let better = own.as_ref().filter(|own| own.is_closed()).and_then(|_| self.best_stream(task));
            let mut is_own = own.is_some() && better.is_none();
            let mut next = better.or(own);
            loop {
                let stream = match next.take() {
                    Some(stream) => stream,
                    None => self.some_stream(task).await,
                };
                let pending = self.expect_answer(sender.clone());
                let message = message::request(pending.id, method, &params);
                ids.truncate(MAX_IDS - 1);
                ids.push_front(pending);
                let sent = async {
                    if stream.send(&message).await {
                        stream.closed().await;
                    }
                };
                tokio::select! {
                    () = sent => {}
                    better = self.better_stream(&stream, task), if !is_own => next = Some(better),
                }
                is_own = false;
            }
        };
        tokio::select! {
            biased;
            () = self.ended.cancelled() => Err(PeerError::Gone),
            Some(answer) = answers.recv() => answer.map_err(PeerError::Rpc),
            never = asking => never,
            never = self.take_passed_on() => never.map_err(PeerError::Rpc),
        }
    }

    fn expect_answer(&self, sender: mpsc::Sender<Answer>) -> Pending<'_> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        self.inner.lock().pending.insert(id, sender);
        Pending { session: self, id }
    }
}

/// A request of ours that waits for its answer, until it is dropped.
struct Pending<'a> {
    session: &'a Session,
    id: u64,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.session.inner.lock().pending.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use pmcp_protocol::meta::relate;
    use pmcp_tasks::testing::ManualClock;
    use serde_json::json;

    use super::*;
    use crate::{
        outbox::{Budget, Kind, Outgoing},
        shares::{Sharer, Shares},
    };

    fn outbox(sender: mpsc::Sender<Outgoing>, task: Option<&str>) -> Outbox {
        let budget = Budget { bytes: Shares::new(1 << 20), sharer: Sharer::EVERYBODY };
        Outbox::new(sender, task.map(str::to_owned), budget)
    }

    fn id(message: &Outgoing) -> RequestId {
        assert_eq!(message.kind, Kind::Message);
        let message: Value = serde_json::from_str(&message.text).unwrap();
        serde_json::from_value(message["id"].clone()).unwrap()
    }

    fn asked(session: &Arc<Session>) -> tokio::task::JoinHandle<Result<Value, PeerError>> {
        let (session, mut params) = (session.clone(), json!({}));
        relate(&mut params, "task");
        tokio::spawn(async move { session.ask(None, "elicitation/create", params).await })
    }

    #[tokio::test]
    async fn a_question_does_not_stick_to_a_stream_that_is_full() {
        let session = Session::new("session".into(), Arc::new(ManualClock::new()));
        let (sender, mut unread) = mpsc::channel(1);
        let stream = outbox(sender, None);
        stream.offer(&json!("something that nobody reads"));
        let _unread = session.open(stream);
        let asked = asked(&session);
        tokio::task::yield_now().await;
        let (sender, mut read) = mpsc::channel(1);
        let _open = session.open(outbox(sender, Some("task")));
        session.answered(&id(&read.recv().await.unwrap()), Ok(json!("yes"))).unwrap();
        assert_eq!(asked.await.unwrap(), Ok(json!("yes")));
        // It never went down there, and does not any more.
        unread.recv().await.unwrap();
        assert!(unread.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_connection_that_waits_for_the_result_as_well_is_not_asked_twice() {
        let session = Session::new("session".into(), Arc::new(ManualClock::new()));
        let (sender, mut line) = mpsc::channel(9);
        let stream = outbox(sender, None);
        let waiting = stream.waiting_for("task");
        let _open = session.open(stream);
        let asked = asked(&session);
        let question = line.recv().await.unwrap();
        let _waiting = session.open(waiting);
        for _ in 0..9 {
            tokio::task::yield_now().await;
        }
        session.answered(&id(&question), Ok(json!("yes"))).unwrap();
        assert_eq!(asked.await.unwrap(), Ok(json!("yes")));
        assert!(line.try_recv().is_err());
    }
}
