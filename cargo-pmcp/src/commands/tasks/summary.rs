//! A task in a line.

use pmcp_tasks::{
    operate::HeldBy,
    task::{Owner, Task, TaskId, TaskStatus},
    time::Millis,
};
use serde::Serialize;

use super::{
    owner::named,
    words::{span, state, style},
};
use crate::{output::table, screen::Line, text::line};

/// The characters of a worker's id that tell it from others.
const SHORT: usize = 8;

/// The most important of a task. It serialises as far as a look does, in the same words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Summary {
    id: String,
    owner: Owner,
    tool: Option<String>,
    pub(super) status: TaskStatus,
    is_error: bool,
    message: Option<String>,
    created: Millis,
    updated: Millis,
    expires: Millis,
    holder: Option<HeldBy>,
    #[serde(skip)]
    pub(super) task: TaskId,
}

impl Summary {
    /// A task with this tool, or the one it was read with.
    pub(super) fn new(task: &Task, tool: Option<String>) -> Self {
        Self {
            id: task.id().to_string(),
            owner: task.owner().clone(),
            tool: tool.or_else(|| task.tool().map(str::to_owned)),
            status: task.status(),
            is_error: task.is_error(),
            message: task.message().map(str::to_owned),
            created: task.created(),
            updated: task.updated(),
            expires: task.created().after(task.ttl()),
            holder: task.holder(),
            task: task.id(),
        }
    }

    pub(super) fn created(&self) -> Millis {
        self.created
    }

    pub(super) fn owner(&self) -> &Owner {
        &self.owner
    }

    /// Its cells, without times, which change by themselves.
    fn cells(&self) -> [String; 6] {
        let holder = match &self.holder {
            Some(HeldBy::Queue) => "queue".to_owned(),
            Some(HeldBy::Worker(id)) => id.chars().take(SHORT).collect(),
            _ => String::new(),
        };
        [
            state(self.status, self.is_error).to_owned(),
            line(self.tool.as_deref().unwrap_or_default()),
            line(&named(self.owner.kind, &self.owner.subject)),
            line(&self.owner.issuer),
            holder,
            line(self.message.as_deref().unwrap_or_default()),
        ]
    }

    /// It as a line that says what has changed, for who reads no table.
    pub(super) fn line(&self) -> String {
        let [status, tool, owner, issuer, holder, message] = self.cells();
        let cells = [self.id.clone(), status, tool, owner, issuer, holder, message];
        cells.into_iter().filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join("  ")
    }
}

/// Tasks as a table with a head; owners and holders only where they are of several.
pub(super) fn rows(tasks: &[Summary], now: Millis, is_of_all: bool) -> Vec<Line> {
    if tasks.is_empty() {
        return vec![Line::plain("no tasks")];
    }
    let head = ["task", "status", "tool", "owner", "issuer", "held by", "age", "left", "message"].map(str::to_owned);
    let mut rows = vec![head];
    rows.extend(tasks.iter().map(|task| {
        let [status, tool, owner, issuer, holder, message] = task.cells();
        let left = if task.expires > now { span(now, task.expires) } else { "none".to_owned() };
        let [owner, issuer, holder] = [owner, issuer, holder].map(|cell| if is_of_all { cell } else { String::new() });
        [task.id.clone(), status, tool, owner, issuer, holder, span(task.created, now), left, message]
    }));
    // A column without anything has no head.
    for column in 0..rows[0].len() {
        if rows[1..].iter().all(|row| row[column].is_empty()) {
            rows[0][column].clear();
        }
    }
    let table = table(&rows);
    let styles = [crate::screen::OVER].into_iter().chain(tasks.iter().map(|task| style(task.status, task.is_error)));
    table.lines().zip(styles).map(|(text, style)| Line { text: text.to_owned(), style }).collect()
}
