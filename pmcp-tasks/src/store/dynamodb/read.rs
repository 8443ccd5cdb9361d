//! Reading a task with its parts.

use std::{collections::BTreeMap, time::Duration};

use super::{
    Store,
    error::{Failure, Result, corrupt},
    head::Head,
    item::{Attributes as _, Item},
    key::{self, BODY, HEAD, OUTCOME, VARIABLES, is_step},
    table::{Query, Range},
    variables::Variables,
};
use crate::{
    store::backend::{Parts, StoredTask, TaskKey},
    time::Millis,
};

/// Number of looks at a task whose parts do not fit each other, and the time between two.
const LOOKS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(20);

impl Store {
    /// A record, unless it cannot be read: that is told.
    pub(super) fn readable<T>(&self, item: &Item, read: Result<T>, comes: &'static str) -> Option<T> {
        read.inspect_err(|failure| self.told.tell(item, failure, comes)).ok()
    }

    /// The tasks that the items of a set are about.
    pub(super) fn members<'a>(&'a self, items: &'a [Item]) -> impl Iterator<Item = TaskKey> + 'a {
        items.iter().filter_map(|item| self.readable(item, member(item), "a corrupt entry of a holder is passed over"))
    }

    /// A task without its parts.
    pub(super) async fn head(&self, key: &TaskKey) -> Result<Option<Head>> {
        self.table.get(self.keys.part(key, HEAD)).await?.as_ref().map(Head::read).transpose()
    }

    /// A task and its variables; of one that has expired its head alone.
    pub(super) async fn with_variables(&self, key: &TaskKey, now: Millis) -> Result<Option<(Head, Option<Variables>)>> {
        for _ in 0..LOOKS {
            let items = self.table.query(Query::of(self.keys.task(key), Range::UpTo(VARIABLES.to_owned()))).await?;
            let part = |sk: &str| items.iter().find(|item| item.text("sk").is_ok_and(|found| found == sk));
            let Some(head) = part(HEAD) else { return Ok(None) };
            let head = Head::read(head)?;
            if !head.exists(now) {
                return Ok(Some((head, None)));
            }
            let variables = part(VARIABLES).map(Variables::read).transpose()?;
            if head.has_variables == variables.is_some() {
                return Ok(Some((head, variables)));
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(unfinished())
    }

    pub(super) async fn read(&self, key: &TaskKey, parts: Parts, now: Millis) -> Result<Option<StoredTask>> {
        if parts.is_empty() {
            return Ok(self.head(key).await?.filter(|head| head.exists(now)).map(|head| head.stored()));
        }
        let last = [(Parts::STEPS, None), (Parts::BODY, Some(BODY)), (Parts::OUTCOME, Some(OUTCOME))];
        let last = last.into_iter().find(|(part, _)| parts.contains(*part)).map_or(Some(VARIABLES), |(_, sk)| sk);
        for _ in 0..LOOKS {
            let range = last.map_or(Range::All, |sk| Range::UpTo(sk.to_owned()));
            let items = self.table.query(Query::of(self.keys.task(key), range)).await?;
            let Some(head) = items.first().filter(|item| item.text("sk").is_ok_and(|sk| sk == HEAD)) else {
                return Ok(None);
            };
            let head = Head::read(head)?;
            if !head.exists(now) {
                return Ok(None);
            }
            if let Some(task) = assembled(&head, &items[1..], parts)? {
                return Ok(Some(task));
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(unfinished())
    }
}

/// The task with its parts; `None` if they do not fit each other: a query may see half of a transaction.
fn assembled(head: &Head, others: &[Item], parts: Parts) -> Result<Option<StoredTask>> {
    let mut task = head.stored();
    task.outcome.clone_from(&head.outcome);
    let mut variables = None;
    let mut steps = BTreeMap::new();
    for item in others {
        match item.text("sk")? {
            VARIABLES if parts.contains(Parts::VARIABLES) => variables = Some(Variables::read(item)?.fields),
            OUTCOME if parts.contains(Parts::OUTCOME) => task.outcome = Some(item.blob("value")?),
            BODY if parts.contains(Parts::BODY) => task.body = Some(item.blob("value")?),
            sk if is_step(sk) && parts.contains(Parts::STEPS) => {
                steps.insert(item.text("name")?.to_owned(), item.blob("value")?);
            }
            _ => {}
        }
    }
    let fits = (!parts.contains(Parts::VARIABLES) || head.has_variables == variables.is_some())
        && (!parts.contains(Parts::BODY) || task.body.is_some())
        && (!parts.contains(Parts::OUTCOME) || !head.is_outcome_apart || task.outcome.is_some())
        && (!parts.contains(Parts::STEPS) || head.steps == steps.len() as u64);
    if !fits {
        return Ok(None);
    }
    task.variables = parts.contains(Parts::VARIABLES).then(|| variables.unwrap_or_default());
    task.steps = parts.contains(Parts::STEPS).then_some(steps);
    task.outcome = task.outcome.filter(|_| parts.contains(Parts::OUTCOME));
    Ok(Some(task))
}

fn unfinished() -> Failure {
    corrupt("a task", "its parts do not fit each other")
}

/// The task an item of a set is about.
fn member(item: &Item) -> Result<TaskKey> {
    key::read_member(item.text("sk")?)
        .ok_or_else(|| corrupt("a set of tasks", "a key has another form than was written"))
}
