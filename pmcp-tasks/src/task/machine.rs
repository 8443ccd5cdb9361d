//! The one place that decides what may happen to a task.

use std::collections::BTreeMap;

use serde_json::Value;

use super::record::{InputRequest, Outcome, TaskHead};
use crate::{task::TaskStatus, time::Millis};

/// The longest status message, in bytes.
const MAX_MESSAGE: usize = 1024;

/// Something that happens to a task.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// It asks the client.
    Ask(BTreeMap<String, InputRequest>),
    /// The client answers; keys that are not open are ignored.
    Answer(BTreeMap<String, Value>),
    /// The worker has taken the answers with these keys.
    Take(Vec<String>),
    /// It says what it does.
    Message { text: String, is_progress: bool },
    /// The call it stands for gets a new handle, or none.
    Handle(Option<String>),
    /// It ends.
    Finish(Outcome),
}

/// The task has ended: nothing happens to it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended;

impl TaskHead {
    /// The head after the changes, and the outcome if one of them ends the task.
    pub(crate) fn after(&self, changes: &[Change], now: Millis) -> Result<(Self, Option<Outcome>), Ended> {
        let mut head = self.clone();
        let mut outcome = None;
        for change in changes {
            outcome = head.apply(change)?;
        }
        if head.is_seen_differently_from(self) {
            // A clock set back does not make an update older than what it updates.
            head.updated = now.max(self.updated);
        }
        Ok((head, outcome))
    }

    fn become_status(&mut self, next: TaskStatus) -> Result<(), Ended> {
        if !self.status.may_become(next) {
            return Err(Ended);
        }
        self.status = next;
        Ok(())
    }

    fn apply(&mut self, change: &Change) -> Result<Option<Outcome>, Ended> {
        match change {
            Change::Ask(questions) => {
                self.become_status(TaskStatus::InputRequired)?;
                self.inputs.extend(questions.clone());
            }
            Change::Answer(answers) => {
                self.become_status(self.status)?;
                for (key, answer) in answers {
                    if self.inputs.remove(key).is_some() {
                        self.answers.insert(key.clone(), answer.clone());
                    }
                }
                if self.inputs.is_empty() {
                    self.become_status(TaskStatus::Working)?;
                }
            }
            Change::Take(keys) => {
                self.become_status(self.status)?;
                self.answers.retain(|key, _| !keys.contains(key));
            }
            Change::Message { text, is_progress } => {
                self.become_status(self.status)?;
                self.message = Some(shortened(text));
                self.is_progress = *is_progress;
            }
            Change::Handle(handle) => {
                self.become_status(self.status)?;
                if let Some(hidden) = &mut self.hidden {
                    hidden.handle.clone_from(handle);
                }
            }
            Change::Finish(outcome) => {
                self.finish(outcome)?;
                return Ok(Some(outcome.clone()));
            }
        }
        Ok(None)
    }

    fn finish(&mut self, outcome: &Outcome) -> Result<(), Ended> {
        match outcome {
            Outcome::Result(result) => {
                self.become_status(TaskStatus::Completed)?;
                self.is_error = result.is_error;
                if result.is_error {
                    self.message = result.first_text().map(shortened);
                } else if self.is_progress {
                    self.message = None;
                }
            }
            Outcome::Raw(_) => self.become_status(TaskStatus::Completed)?,
            Outcome::Error(error) => {
                self.become_status(TaskStatus::Failed)?;
                self.message = Some(shortened(&error.message));
            }
            Outcome::Cancelled => {
                self.become_status(TaskStatus::Cancelled)?;
                self.message = Some("The task was cancelled.".into());
            }
        }
        self.inputs.clear();
        self.answers.clear();
        Ok(())
    }

    fn is_seen_differently_from(&self, before: &Self) -> bool {
        (self.status, &self.message, &self.inputs) != (before.status, &before.message, &before.inputs)
    }
}

/// At most [`MAX_MESSAGE`] bytes of a text.
fn shortened(text: &(impl AsRef<str> + ?Sized)) -> String {
    let text = text.as_ref();
    if text.len() <= MAX_MESSAGE {
        return text.into();
    }
    let ellipsis = "…";
    let mut end = MAX_MESSAGE - ellipsis.len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ellipsis}", &text[..end])
}
