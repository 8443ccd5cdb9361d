//! Lists: entries in their order, then the heads they are about.

use std::collections::HashMap;

use super::{
    Store,
    error::{Result, corrupt},
    head::Head,
    item::{Attributes as _, Item},
    key::{self, HEAD},
    table::{PASSED_AT_ONCE, Query, Range},
};
use crate::{
    store::backend::{Holder, Page, Position, Scope, StoredTask, TaskKey},
    time::Millis,
};

impl Store {
    pub(super) async fn page(&self, scope: Scope, before: Option<Position>, n: u16, now: Millis) -> Result<Page> {
        let mut page = Page { tasks: Vec::new(), next: None };
        // One more than fits, to see whether there is a next page.
        let fits = usize::from(n);
        let (mut range, mut wanted) = (before.map_or(Range::All, |before| Range::Before(key::place(before))), fits + 1);
        loop {
            let mut query = Query::of(self.keys.list(scope), range);
            (query.newest_first, query.limit) = (true, Some(wanted));
            let entries = self.table.query(query).await?;
            let entry = |entry| self.readable(entry, read_entry(entry), "a corrupt entry of a list is passed over");
            let listed: Vec<_> = entries.iter().filter_map(entry).filter(|(_, expires)| now < *expires).collect();
            let mut listed = listed.into_iter().map(|(key, _)| key).peekable();
            while listed.peek().is_some() {
                let keys: Vec<_> = listed.by_ref().take(fits + 1 - page.tasks.len()).collect();
                let mut heads = self.heads(&keys).await?;
                for key in keys {
                    // A task that is gone, and one whose head is corrupt, keep nobody from the others.
                    let Some(task) = heads.remove(&self.keys.task(&key)).filter(|task| now < task.expires) else {
                        continue;
                    };
                    if page.tasks.len() == fits {
                        page.next = page.tasks.last().map(|(key, task)| Position { stamp: task.stamp, id: key.id });
                        return Ok(page);
                    }
                    page.tasks.push((key, task));
                }
            }
            let Some(last) = entries.last().filter(|_| entries.len() == wanted) else { return Ok(page) };
            range = Range::Before(last.text("sk")?.to_owned());
            // Those that have expired may be many.
            wanted = (4 * wanted).clamp(PASSED_AT_ONCE / 10, PASSED_AT_ONCE);
        }
    }

    /// Heads of tasks, by their partition key.
    async fn heads(&self, keys: &[TaskKey]) -> Result<HashMap<String, StoredTask>> {
        let mut heads = HashMap::new();
        let keys = keys.iter().map(|key| self.keys.part(key, HEAD));
        for item in self.table.get_all(keys.collect(), true).await? {
            if let Some(head) = self.readable(&item, Head::read(&item), "a corrupt task is not listed") {
                heads.insert(item.text("pk")?.to_owned(), head.stored());
            }
        }
        Ok(heads)
    }

    /// The tasks of a holder in key order.
    pub(super) async fn held(&self, by: Holder, after: Option<&TaskKey>, n: usize) -> Result<Vec<TaskKey>> {
        let mut range = after.map_or(Range::All, |after| Range::After(key::member(after)));
        let mut held = Vec::new();
        while held.len() < n {
            let wanted = n - held.len();
            let mut query = Query::of(self.keys.held(by), range);
            query.limit = Some(wanted);
            let entries = self.table.query(query).await?;
            held.extend(self.members(&entries));
            let Some(last) = entries.last().filter(|_| entries.len() == wanted) else { break };
            range = Range::After(last.text("sk")?.to_owned());
        }
        Ok(held)
    }
}

/// The task of an entry, and when it expires.
fn read_entry(item: &Item) -> Result<(TaskKey, Millis)> {
    let wrong = || corrupt("a list", "an entry has another form than was written");
    let id = key::read_place(item.text("sk")?).ok_or_else(wrong)?.id;
    let owner = key::owner(item.text("owner")?).ok_or_else(wrong)?;
    Ok((TaskKey { owner, id }, Millis(item.natural("expires")?)))
}
