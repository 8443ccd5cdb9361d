//! Lists: entries in their order, then the heads they are about.

use std::collections::HashMap;

use super::{
    Store,
    error::{Result, corrupt},
    head::Head,
    item::{Attributes as _, Item},
    key::{self, HEAD},
    read::member,
    table::{Query, Range},
};
use crate::{
    owner::OwnerKey,
    store::backend::{Holder, Page, Position, Scope, StoredTask, TaskKey},
    time::Millis,
};

impl Store {
    pub(super) async fn page(&self, scope: Scope, before: Option<Position>, n: u16, now: Millis) -> Result<Page> {
        let mut page = Page { tasks: Vec::new(), next: None };
        let mut last = before;
        loop {
            // One more than fits, to see whether there is a next page.
            let wanted = usize::from(n) + 1 - page.tasks.len();
            let range = last.map_or(Range::All, |last| Range::Before(key::place(last)));
            let mut query = Query::of(self.keys.list(scope), range);
            (query.newest_first, query.limit) = (true, Some(wanted));
            let entries = self.table.query(query).await?;
            let mut listed = Vec::with_capacity(entries.len());
            for entry in &entries {
                let (position, owner) = read_entry(entry)?;
                last = Some(position);
                if now.0 < entry.natural("expires")? {
                    listed.push((position, TaskKey { owner, id: position.id }));
                }
            }
            let mut heads = self.heads(listed.iter().map(|(_, key)| key)).await?;
            for (_, key) in listed {
                // A task that is gone, and one whose head is corrupt, keep nobody from the others.
                let Some(task) = heads.remove(&self.keys.task(&key)).filter(|task| now < task.expires) else {
                    continue;
                };
                if page.tasks.len() == usize::from(n) {
                    page.next = page.tasks.last().map(|(key, task)| Position { stamp: task.stamp, id: key.id });
                    return Ok(page);
                }
                page.tasks.push((key, task));
            }
            if entries.len() < wanted {
                return Ok(page);
            }
        }
    }

    /// Heads of tasks, by their partition key.
    async fn heads(&self, keys: impl Iterator<Item = &TaskKey>) -> Result<HashMap<String, StoredTask>> {
        let mut heads = HashMap::new();
        for item in self.table.get_all(keys.map(|key| self.keys.part(key, HEAD)).collect(), true).await? {
            let pk = item.text("pk")?.to_owned();
            match Head::read(&item) {
                Ok(head) => drop(heads.insert(pk, head.stored())),
                Err(failure) => crate::heard::error!(%failure, task = pk, "a corrupt task is not listed"),
            }
        }
        Ok(heads)
    }

    /// The tasks of a holder in key order.
    pub(super) async fn held(&self, by: Holder, after: Option<&TaskKey>, n: usize) -> Result<Vec<TaskKey>> {
        let range = after.map_or(Range::All, |after| Range::After(key::member(after)));
        let mut query = Query::of(self.keys.held(by), range);
        query.limit = Some(n);
        self.table.query(query).await?.iter().map(member).collect()
    }
}

fn read_entry(item: &Item) -> Result<(Position, OwnerKey)> {
    let wrong = || corrupt("a list", "an entry has another form than was written");
    let position = key::read_place(item.text("sk")?).ok_or_else(wrong)?;
    Ok((position, key::owner(item.text("owner")?).ok_or_else(wrong)?))
}
