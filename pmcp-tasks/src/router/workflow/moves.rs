//! Moves of a run by a client's call: a step it did, another try, an end.

use std::sync::Arc;

use serde_json::Value;

use super::{
    Flows,
    standing::{Standing, Trouble},
};
use crate::{
    engine::{Engine, Move},
    protocol::RpcError,
    router::reply::unknown_task,
    run::Origin,
    task::{Change, NotChanged, Outcome, Reason},
    tool::{Arguments, ToolResult},
    workflow::{Next, Party, RecordedStep, Room, Subject, View, completed},
};

/// Number of times a move is made again because somebody else moved in between.
const TRIES: usize = 16;

/// A move that a client makes.
#[derive(Clone, Debug)]
pub(super) enum Wish {
    /// It did the open step with these arguments, and this came of it.
    Did { step: String, arguments: Value, result: Value },
    /// It wants another try of this step, which has failed, and was tried again so often before.
    Retry { step: String, retries: u32 },
    /// It wants no more of its own steps.
    Finish,
}

/// Who moves a run.
#[derive(Clone, Copy)]
pub(super) struct Mover<'a> {
    pub(super) engine: &'a Arc<Engine>,
    pub(super) origin: &'a Origin,
}

/// Reason why a move is not made: what to tell the client.
pub(super) struct NotMoved(pub(super) String);

impl Flows {
    /// Makes a move, unless the run has meanwhile come to where it makes no sense. The run as it stands then.
    pub(super) async fn make(
        &self,
        by: Mover<'_>,
        mut standing: Standing,
        wish: &Wish,
    ) -> Result<(Standing, Result<(), NotMoved>), Trouble> {
        for _ in 0..TRIES {
            let made = Self::plan(by, &mut standing, wish);
            let (what, made) = match made {
                Ok(planned) => planned,
                Err(not) => return Ok((self.standing_of(by.engine, standing.task)?, Err(not))),
            };
            let body = standing.task.body.clone().ok_or_else(unknown_task)?;
            let flow = self.find(&body.tool).ok_or_else(unknown_task)?;
            let arguments = Arguments { given: body.arguments, answers: body.answers };
            let prepared = crate::engine::prepare(&flow.work, arguments);
            let prepared = prepared.map_err(|error| RpcError::internal(error.to_string()))?;
            let moved = by.engine.move_on(&mut standing.task, what, &flow.work, prepared, by.origin.clone()).await;
            match moved {
                // As it was written: nobody need read it again.
                Ok(true) => return Ok((self.standing_of(by.engine, standing.task)?, made)),
                Ok(false) | Err(NotChanged::Ended(_)) => {
                    standing = self.standing_at(by.engine, &standing.task.key).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(RpcError::internal("the run is being moved too often").into())
    }

    /// What is to be written, and why it is not what was wished if it is not.
    fn plan(by: Mover<'_>, standing: &mut Standing, wish: &Wish) -> Result<(Move, Result<(), NotMoved>), NotMoved> {
        let Standing { task, course, subject, .. } = standing;
        if let Wish::Did { step, result, .. } = wish
            && course.outputs.get(step) == Some(Some(result))
        {
            return Err(NotMoved(format!(
                "Step `{step}` was recorded with this result before: nothing was done again."
            )));
        }
        if task.status().is_terminal() {
            return Err(NotMoved("The run has ended; nothing was recorded.".to_owned()));
        }
        let Some(pause) = course.head.pause.clone() else {
            return Err(NotMoved("The server is still at work; nothing was recorded.".to_owned()));
        };
        let room = Room::of(by.engine.limits(), by.engine.store().capabilities());
        course.head.continued = true;
        let mut recorded = None;
        match wish {
            Wish::Did { step, arguments, result } => {
                if pause.step != *step {
                    let text = format!("Step `{step}` is not the one that comes next; nothing was recorded.");
                    return Err(NotMoved(text));
                }
                let record = RecordedStep {
                    arguments: arguments.clone(),
                    at: by.engine.host.now(),
                    by: Party::Client,
                    result: result.clone(),
                };
                let (name, bytes) = record.record(step).map_err(|error| NotMoved(error.to_string()))?;
                if let Err(text) = room.takes(bytes.len(), course.bytes) {
                    let not = NotMoved(format!("Step `{step}` was not recorded: {text}."));
                    // Whoever looks at the run is to know why it waits.
                    course.wait(step, Reason::Limit, Some(text));
                    let (workflow, message) = (course.head.clone(), course.message());
                    return Ok((Move { workflow, message, end: None, step: None }, Err(not)));
                }
                course.done(step, result.clone(), bytes.len() as u64);
                recorded = Some((name, bytes));
            }
            Wish::Retry { step, retries } => {
                if pause.step != *step || course.head.retries != *retries {
                    return Err(NotMoved("The run has moved on meanwhile: nothing was tried again.".to_owned()));
                }
                course.head.retries += 1;
            }
            Wish::Finish => {
                let left = course.flow.definition().steps.iter().filter(|step| !course.outputs.has(step.name));
                let left: Vec<_> = left.map(|step| (step.name, step.by.is_client())).collect();
                if let Some((name, _)) = left.iter().find(|(_, is_client)| !is_client) {
                    return Err(NotMoved(format!("It cannot be finished: step `{name}` of the server is left.")));
                }
                for (name, _) in left {
                    course.skip(name);
                }
            }
        }
        let name = course.flow.definition().name.clone();
        let (id, revision) = (task.id(), by.origin.revision);
        let told = |error| by.engine.told(error, (&name, Some(id), revision));
        let end = match course.next(&subject.variables, &told) {
            Next::Begin { .. } | Next::Wait => None,
            Next::Complete => {
                let subject = Subject { has_ended: true, ..subject.clone() };
                Some(completed(&View { course, subject: &subject, asks: None }, room))
            }
            Next::Fail(text) => Some(Outcome::Result(ToolResult::error(text))),
        };
        let what = Move {
            workflow: course.head.clone(),
            message: course.message(),
            end: end.map(|outcome| Change::Finish(outcome.into())),
            step: recorded,
        };
        Ok((what, Ok(())))
    }
}
