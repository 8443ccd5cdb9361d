//! Changes of lists that the processes sharing a store tell each other: on one board, each its own notes, of which only that they are others
//! than before means anything.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::Value;

use super::{Board, Engine};
use crate::{
    changes::{Change, List, ToldHere},
    error::StoreError,
    owner::{Owner, OwnerKey, OwnerKind},
};

/// The name of the board. No session has it, whose names are random or those of connections.
const BOARD: &str = "run.pmcp/lists";

/// The lifetime of the board from its first note: another is made then.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

impl Engine {
    /// Passes on what changes here, and tells here what changes elsewhere, until the server stops.
    pub(super) async fn pass_list_changes(self: Arc<Self>) {
        let mut told = ToldHere::new(&self.changes);
        // Of an owner of its own: what clients leave on the boards of their sessions takes none of its room.
        let nobody = Owner::new(OwnerKind::Session, BOARD, "");
        let board = Board::new(&self, BOARD, Some(&nobody), LIFETIME);
        // What was left before is in every list that clients of this process have asked for.
        let mut watch = board.watch();
        let mut known = board.read().await.unwrap_or_else(|error| {
            late(&error);
            BTreeMap::new()
        });
        // The notes of this process have names of their own, so that none takes the place of one that others have not read.
        let here = match self.store().random_text() {
            Ok(here) => here,
            Err(error) => return late(&error),
        };
        let mut count = 0_u64;
        loop {
            tokio::select! {
                biased;
                () = self.host.stopped() => return,
                changed = told.next() => {
                    if changed.is_empty() {
                        return;
                    }
                    for (list, owner) in changed {
                        count += 1;
                        let (name, note) = (name(&here, list, owner), Value::from(count));
                        if let Err(error) = board.leave(&name, &note).await {
                            let error = &error as &dyn std::error::Error;
                            tracing::warn!(error, "other processes do not learn that a list has changed");
                        }
                        known.insert(name, note);
                    }
                }
                () = watch.changed() => match board.read().await {
                    Ok(notes) => {
                        for name in notes.iter().filter(|(name, note)| known.get(*name) != Some(*note)).map(|(name, _)| name) {
                            self.tell_list_change(name);
                        }
                        known = notes;
                    }
                    Err(error) => late(&error),
                },
            }
        }
    }

    /// Tells the clients of this process of a note.
    fn tell_list_change(&self, name: &str) {
        let Some((list, owner)) = read_name(name) else { return };
        // One tells whoever follows all.
        if let Some(changes) = self.changes.iter().find(|changes| changes.lists().contains(list)) {
            changes.tell(Change { list, owner, is_from_elsewhere: true });
        }
    }
}

fn late(error: &StoreError) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(error, "changes of lists in other processes are told late");
}

/// The name of the note of a process about a list, be it an owner's.
fn name(process: &str, list: List, owner: Option<OwnerKey>) -> String {
    let list = list.capability();
    owner.map_or_else(|| format!("{list}/{process}"), |owner| format!("{list}/{process}/{owner}"))
}

/// The list, and the owner whose it is; `None` of another version's note.
fn read_name(name: &str) -> Option<(List, Option<OwnerKey>)> {
    let mut parts = name.splitn(3, '/');
    let list = parts.next()?;
    let list = List::ALL.into_iter().find(|it| it.capability() == list)?;
    parts.next()?;
    let owner = parts.next().map(read_owner);
    match owner {
        None => Some((list, None)),
        Some(owner) => Some((list, Some(owner?))),
    }
}

fn read_owner(text: &str) -> Option<OwnerKey> {
    let mut key = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, at) in key.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(OwnerKey(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_names_the_list_and_whose_it_is() {
        let owner = Owner::local().key();
        for (list, owner) in [(List::Tools, None), (List::Resources, Some(owner))] {
            assert_eq!(read_name(&name("a-b_", list, owner)), Some((list, owner)));
        }
        for other in ["", "tools", "roots/x", "tools/x/", "tools/x/zz", &format!("tools/x/{}", "g".repeat(64))] {
            assert_eq!(read_name(other), None, "{other}");
        }
    }
}
