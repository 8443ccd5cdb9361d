//! The one place that decides what may happen to a task.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Ending, InputRequest, Outcome, Progress, TaskStatus, WorkflowHead, record::TaskHead, signals::SIGNALS_SCHEMA,
};
use crate::{protocol::bounds::shortened, time::Millis};

/// The longest status message, in bytes.
const MAX_MESSAGE: usize = 1024;

/// Something that happens to a task.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// It asks the client.
    Ask(BTreeMap<String, InputRequest>),
    /// The client answers; keys that are not open are ignored.
    Answer(BTreeMap<String, Value>),
    /// It no longer waits for the answers to these.
    Withdraw(Vec<String>),
    /// The worker has taken the answers with these keys.
    Take(Vec<String>),
    /// It says what it does.
    Message { text: String, is_progress: bool },
    /// It has come so far.
    Progress(Progress),
    /// It asks for a signal whose value is to fit this schema.
    AskSignal { name: String, schema: Value },
    /// A signal comes, of so many bytes; its value is recorded in the same write.
    Signal { name: String, bytes: u32 },
    /// A run of a workflow has come so far.
    Workflow(Box<WorkflowHead>),
    /// The call it stands for gets a new handle, or none.
    Handle(Option<String>),
    /// A worker that claimed it cannot run it.
    HandBack,
    /// It ends.
    Finish(Ending),
}

/// The task has ended: nothing happens to it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended;

impl TaskHead {
    /// The head after the changes, and the end if one of them ends the task.
    pub(crate) fn after(&self, changes: &[Change], now: Millis) -> Result<(Self, Option<Ending>), Ended> {
        let mut head = self.clone();
        let mut ending = None;
        for change in changes {
            ending = head.apply(change)?;
        }
        if head.is_seen_differently_from(self) {
            // A clock set back does not make an update older than what it updates.
            head.updated = now.max(self.updated);
        }
        Ok((head, ending))
    }

    fn become_status(&mut self, next: TaskStatus) -> Result<(), Ended> {
        if !self.status.may_become(next) {
            return Err(Ended);
        }
        self.status = next;
        Ok(())
    }

    fn apply(&mut self, change: &Change) -> Result<Option<Ending>, Ended> {
        match change {
            Change::Ask(questions) => {
                self.become_status(self.status)?;
                // Not those with an answer: an earlier run may have asked, and the answer has come while this one was about to.
                let open = questions.iter().filter(|(key, _)| !self.answers.contains_key(*key));
                self.inputs.extend(open.map(|(key, question)| (key.clone(), question.clone())));
                if !self.inputs.is_empty() {
                    self.become_status(TaskStatus::InputRequired)?;
                }
            }
            Change::Answer(answers) => {
                self.become_status(self.status)?;
                for (key, answer) in answers {
                    if self.inputs.remove(key).is_some() {
                        self.answers.insert(key.clone(), answer.clone());
                    }
                }
                self.work_unless_it_asks()?;
            }
            Change::Withdraw(keys) => {
                self.become_status(self.status)?;
                self.inputs.retain(|key, _| !keys.contains(key));
                self.work_unless_it_asks()?;
            }
            Change::Take(keys) => {
                self.become_status(self.status)?;
                self.answers.retain(|key, _| !keys.contains(key));
            }
            Change::Message { text, is_progress } => {
                self.become_status(self.status)?;
                self.message = Some(shortened(text, MAX_MESSAGE));
                self.is_progress = *is_progress;
            }
            Change::Progress(progress) => {
                self.become_status(self.status)?;
                self.progress = Some(*progress);
            }
            Change::AskSignal { name, schema } => {
                self.become_status(self.status)?;
                self.signals.ask(name, schema);
                self.schema = self.schema.max(SIGNALS_SCHEMA);
            }
            Change::Signal { name, bytes } => {
                self.become_status(self.status)?;
                self.signals.give(name, *bytes);
                self.schema = self.schema.max(SIGNALS_SCHEMA);
            }
            Change::Handle(handle) => {
                self.become_status(self.status)?;
                if let Some(hidden) = &mut self.hidden {
                    hidden.handle.clone_from(handle);
                }
            }
            Change::Workflow(workflow) => {
                self.become_status(self.status)?;
                self.workflow = Some((**workflow).clone());
            }
            Change::HandBack => {
                self.become_status(self.status)?;
                self.handed_back += 1;
            }
            Change::Finish(ending) => {
                self.finish(&ending.outcome)?;
                return Ok(Some(ending.clone()));
            }
        }
        Ok(None)
    }

    fn work_unless_it_asks(&mut self) -> Result<(), Ended> {
        if self.inputs.is_empty() { self.become_status(TaskStatus::Working) } else { Ok(()) }
    }

    fn finish(&mut self, outcome: &Outcome) -> Result<(), Ended> {
        match outcome {
            Outcome::Result(result) => {
                self.become_status(TaskStatus::Completed)?;
                self.is_error = result.is_error;
                if result.is_error {
                    self.message = result.first_text().map(|text| shortened(text, MAX_MESSAGE));
                } else if self.is_progress {
                    self.message = None;
                }
            }
            Outcome::Raw(_) => self.become_status(TaskStatus::Completed)?,
            Outcome::Error(error) => {
                self.become_status(TaskStatus::Failed)?;
                self.message = Some(shortened(&error.message, MAX_MESSAGE));
            }
            Outcome::Cancelled => {
                self.become_status(TaskStatus::Cancelled)?;
                self.message = Some("The task was cancelled.".into());
            }
        }
        self.inputs.clear();
        self.answers.clear();
        self.signals.end();
        Ok(())
    }

    fn is_seen_differently_from(&self, before: &Self) -> bool {
        (self.status, &self.message, &self.inputs) != (before.status, &before.message, &before.inputs)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{
        protocol::RpcError,
        task::{Hidden, Owner, SCHEMA, Signals},
        tool::ToolResult,
    };

    fn head() -> TaskHead {
        TaskHead {
            schema: SCHEMA,
            owner: Owner::local(),
            status: TaskStatus::Working,
            is_error: false,
            message: None,
            is_progress: false,
            created: Millis(100),
            updated: Millis(100),
            ttl: 1000,
            poll_interval: 500,
            inputs: BTreeMap::new(),
            answers: BTreeMap::new(),
            hidden: Some(Hidden { call: String::new(), handle: None }),
            handed_back: 0,
            progress: None,
            signals: Signals::default(),
            workflow: None,
        }
    }

    fn key() -> impl Strategy<Value = String> {
        (0..6_u8).prop_map(|n| format!("input-{n}"))
    }

    fn question() -> InputRequest {
        InputRequest { method: "elicitation/create".into(), params: json!({}) }
    }

    fn outcome() -> impl Strategy<Value = Outcome> {
        prop_oneof![
            Just(Outcome::Result(ToolResult::text("done"))),
            Just(Outcome::Result(ToolResult::error("refused"))),
            Just(Outcome::Raw(json!({}))),
            Just(Outcome::Error(RpcError::internal("broken"))),
            Just(Outcome::Cancelled),
        ]
    }

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![
            4 => prop::collection::btree_set(key(), 1..3)
                .prop_map(|keys| Change::Ask(keys.into_iter().map(|key| (key, question())).collect())),
            4 => prop::collection::btree_map(key(), Just(json!({ "action": "accept" })), 0..3).prop_map(Change::Answer),
            2 => prop::collection::vec(key(), 0..3).prop_map(Change::Withdraw),
            2 => prop::collection::vec(key(), 0..3).prop_map(Change::Take),
            2 => (any::<String>(), any::<bool>()).prop_map(|(text, is_progress)| Change::Message { text, is_progress }),
            1 => (0_u64..3).prop_map(|since| Change::Workflow(Box::new(WorkflowHead { since, ..WorkflowHead::default() }))),
            1 => (0_u8..9).prop_map(|done| Change::Progress(Progress::new(done.into(), None).unwrap())),
            2 => prop::option::of(any::<String>()).prop_map(Change::Handle),
            2 => key().prop_map(|name| Change::AskSignal { name, schema: json!({}) }),
            2 => key().prop_map(|name| Change::Signal { name, bytes: 1 }),
            1 => outcome().prop_map(|outcome| Change::Finish(outcome.into())),
        ]
    }

    /// What holds of every head, whatever happened to it.
    fn is_consistent(head: &TaskHead) {
        match head.status {
            TaskStatus::InputRequired => assert!(!head.inputs.is_empty()),
            TaskStatus::Working => assert!(head.inputs.is_empty()),
            TaskStatus::Completed | TaskStatus::Failed | TaskStatus::Cancelled => {
                assert!(head.inputs.is_empty() && head.answers.is_empty());
            }
        }
        assert!(!head.is_error || head.status == TaskStatus::Completed);
        let signals = &head.signals;
        assert!(signals.asked().keys().all(|name| !signals.given().contains(name)));
        assert!(signals.early().all(|name| signals.given().contains(name)));
        assert!(!head.status.is_terminal() || signals.asked().is_empty());
        assert!(signals.is_empty() || head.schema == SIGNALS_SCHEMA);
        assert!(head.inputs.keys().all(|key| !head.answers.contains_key(key)));
        assert!(head.message.as_ref().is_none_or(|message| message.len() <= MAX_MESSAGE));
        assert!(head.updated >= head.created);
    }

    proptest! {
        #[test]
        fn whatever_happens_a_task_is_consistent_and_ends_once(
            changes in prop::collection::vec((change(), 0..400_u64), 0..40),
        ) {
            let mut now = head();
            for (change, at) in changes {
                match now.after(std::slice::from_ref(&change), Millis(at)) {
                    Ok((next, outcome)) => {
                        prop_assert!(now.status.may_become(next.status));
                        // Outcome and end are one.
                        prop_assert_eq!(outcome.is_some(), next.status.is_terminal());
                        prop_assert_eq!(outcome.is_some(), matches!(change, Change::Finish(_)));
                        prop_assert!(next.updated >= now.updated);
                        // What came stays so.
                        prop_assert!(now.signals.given().is_subset(next.signals.given()));
                        let unchanged = (next.status, &next.message, &next.inputs) == (now.status, &now.message, &now.inputs);
                        prop_assert!(!unchanged || next.updated == now.updated);
                        is_consistent(&next);
                        now = next;
                    }
                    Err(Ended) => prop_assert!(now.status.is_terminal()),
                }
            }
            if now.status.is_terminal() {
                // Nothing follows the end, not even another end.
                for change in [Change::Finish(Outcome::Cancelled.into()), Change::Take(vec![]), Change::Answer(BTreeMap::new())] {
                    prop_assert_eq!(now.after(&[change], Millis(9999)), Err(Ended));
                }
            }
        }

        #[test]
        fn changes_in_one_write_are_the_changes_one_by_one(changes in prop::collection::vec(change(), 0..6)) {
            let together = head().after(&changes, Millis(500));
            let mut one_by_one = Ok((head(), None));
            for change in &changes {
                one_by_one = one_by_one.and_then(|(head, _): (TaskHead, Option<Ending>)| {
                    head.after(std::slice::from_ref(change), Millis(500))
                });
            }
            let seen = |after: Result<(TaskHead, Option<Ending>), Ended>| {
                after.map(|(head, outcome)| (TaskHead { updated: Millis(0), ..head }, outcome))
            };
            prop_assert_eq!(seen(together), seen(one_by_one));
        }
    }

    #[test]
    fn every_change_is_refused_once_the_task_has_ended() {
        for end in [Outcome::Cancelled, Outcome::Error(RpcError::internal("")), Outcome::Raw(json!({}))] {
            let (ended, _) = head().after(&[Change::Finish(end.into())], Millis(200)).unwrap();
            for change in [
                Change::Ask([("a".into(), question())].into()),
                Change::Answer(BTreeMap::new()),
                Change::Take(Vec::new()),
                Change::Message { text: String::new(), is_progress: false },
                Change::Progress(Progress::new(1.0, None).unwrap()),
                Change::Handle(None),
                Change::AskSignal { name: "a".into(), schema: json!({}) },
                Change::Signal { name: "a".into(), bytes: 1 },
                Change::Workflow(Box::default()),
                Change::Finish(Outcome::Cancelled.into()),
            ] {
                assert_eq!(ended.after(&[change], Millis(300)), Err(Ended));
            }
        }
    }

    #[test]
    fn an_answer_to_what_is_not_open_is_not_kept() {
        let answer = |keys: &[&str]| {
            let answers = keys.iter().map(|key| ((*key).to_owned(), json!({ "action": "accept" })));
            Change::Answer(answers.collect())
        };
        let asked = [Change::Ask([("a".into(), question()), ("b".into(), question())].into())];
        let (asked, _) = head().after(&asked, Millis(200)).unwrap();
        let (one, _) = asked.after(&[answer(&["a", "c"])], Millis(300)).unwrap();
        assert_eq!((one.status, one.inputs.len()), (TaskStatus::InputRequired, 1));
        let (both, _) = one.after(&[Change::Take(vec!["a".into()]), answer(&["a", "b"])], Millis(400)).unwrap();
        assert_eq!(both.status, TaskStatus::Working);
        assert_eq!(both.answers.keys().collect::<Vec<_>>(), ["b"]);
        let (same, _) = both.after(&[answer(&["a", "b", "c"])], Millis(500)).unwrap();
        assert_eq!((same.answers.len(), same.updated), (1, both.updated));
    }

    #[test]
    fn an_update_is_never_older_than_the_one_before() {
        let (later, _) =
            head().after(&[Change::Message { text: "a".into(), is_progress: false }], Millis(500)).unwrap();
        let (after, _) = later.after(&[Change::Message { text: "b".into(), is_progress: false }], Millis(50)).unwrap();
        assert_eq!((later.updated, after.updated), (Millis(500), Millis(500)));
    }
}
