//! Reading lists: a page of an owner's tasks, what a holder has.

use futures_util::future::try_join_all;

use super::{
    Store,
    error::Result,
    names::{holder_bytes, id_of, key, key_bytes},
    reply::{self, Items},
    script,
};
use crate::{
    store::backend::{Holder, Page, Position, Scope, TaskKey},
    time::Millis,
};

impl Store {
    pub(super) async fn page(&self, scope: Scope, before: Option<&Position>, n: u16, now: Millis) -> Result<Page> {
        let before =
            before.map_or_else(Vec::new, |before| [&before.stamp.0.to_be_bytes()[..], before.id.as_bytes()].concat());
        let bucket = self.names.bucket(&scope.0);
        let call = script::PAGE.on(bucket).arg(&scope.0.0[..]).arg(before).arg(n).arg(now.0);
        let mut rows = Items::of(self.link.call(call).await?)?;
        let has_more = rows.number()? == 1;
        let mut page = Page { tasks: Vec::with_capacity(usize::from(n)), next: None };
        for row in rows {
            let read = || {
                let mut row = Items::of(row)?;
                let id = id_of(&row.bytes()?)?;
                Ok((TaskKey { owner: scope.0, id }, row.task()?))
            };
            match read() {
                Ok((key, Some(task))) => {
                    page.next = has_more.then_some(Position { stamp: task.stamp, id: key.id });
                    page.tasks.push((key, task));
                }
                Ok((_, None)) => {}
                Err(failure) => tell_corrupt(&failure),
            }
        }
        Ok(page)
    }

    /// In key order, which runs through all buckets.
    pub(super) async fn held(&self, by: Holder, after: Option<&TaskKey>, n: u16) -> Result<Vec<TaskKey>> {
        let after = after.map_or_else(Vec::new, |after| key_bytes(after).into());
        let calls = self.names.buckets().iter().map(|bucket| {
            let call = script::HELD.on(bucket).arg(holder_bytes(by)).arg(&after).arg(n);
            self.link.call(call)
        });
        let mut keys = Vec::new();
        for answer in try_join_all(calls).await? {
            for found in Items::of(answer)? {
                keys.push(key(&reply::bytes(found)?)?);
            }
        }
        keys.sort_unstable();
        keys.truncate(usize::from(n));
        Ok(keys)
    }
}

fn tell_corrupt(failure: &super::error::Failure) {
    crate::heard::error!(%failure, "a corrupt task was left out of a list");
}
