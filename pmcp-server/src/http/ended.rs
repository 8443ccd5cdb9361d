//! Sessions that are over although their ids open, here and as instances with keys tell each other on boards in the store they share.

use std::collections::{HashMap, HashSet, VecDeque};

use parking_lot::Mutex;
use pmcp_tasks::{
    call::Caller,
    router::Board,
    store::StoreError,
    task::{Owner, OwnerKind},
    time::Millis,
};
use serde_json::{Value, json};

use crate::{service::Service, shares::Sharer};

/// The number of sessions that are known to be over; some 200 bytes each.
const MAX_ENDED: usize = 10_000;

/// The number of notes about ended sessions that a board keeps from one round to the next: there is room for more until then.
const MAX_NOTES: usize = 3_000;

/// The end of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Note {
    /// Time until which its id opens.
    pub(super) until: Millis,
    pub(super) whose: Sharer,
}

impl Note {
    /// The note as it is left for others. They do not know whose it is, but which are of the same caller.
    fn written(self) -> Value {
        json!([self.until.0, self.whose.number()])
    }

    fn read(note: &Value) -> Option<Self> {
        let [until, whose] = note.as_array()?.as_slice() else { return None };
        Some(Self {
            until: Millis(until.as_u64()?),
            whose: Sharer::numbered(whose.as_u64().and_then(|it| it.try_into().ok())),
        })
    }
}

/// The sessions that are over although their ids open: ended by their clients, or given up with something no id tells. Beyond
/// [`MAX_ENDED`] the earliest are forgotten of whoever has most: nobody makes those of others go on.
#[derive(Debug, Default)]
pub(super) struct Ended {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    until: HashMap<String, Millis>,
    /// Those of each caller, the earliest first.
    order: HashMap<Sharer, VecDeque<String>>,
}

impl Ended {
    pub(super) fn has(&self, random: &str) -> bool {
        self.inner.lock().until.contains_key(random)
    }

    /// Adds one. False if it is there already.
    pub(super) fn add(&self, random: &str, Note { until, whose }: Note) -> bool {
        let mut inner = self.inner.lock();
        let is_new = inner.until.insert(random.to_owned(), until).is_none();
        if is_new {
            inner.order.entry(whose).or_default().push_back(random.to_owned());
        }
        while inner.until.len() > MAX_ENDED {
            let most = inner.order.values_mut().max_by_key(|own| own.len());
            let Some(earliest) = most.and_then(VecDeque::pop_front) else { break };
            inner.until.remove(&earliest);
        }
        is_new
    }

    /// Forgets those whose ids open no more.
    pub(super) fn forget(&self, now: Millis) {
        let mut inner = self.inner.lock();
        let Inner { until, order } = &mut *inner;
        until.retain(|_, until| *until > now);
        order.retain(|_, own| {
            own.retain(|random| until.contains_key(random));
            !own.is_empty()
        });
    }

    /// Adds those that their clients have ended at other instances; the random parts of the new ones.
    pub(super) async fn hear(&self, service: &Service, now: Millis) -> HashSet<String> {
        let mut news = HashSet::new();
        for board in boards(service) {
            match board.read().await {
                Ok(notes) => {
                    let notes = notes.into_iter().filter_map(|(random, note)| Some((random, Note::read(&note)?)));
                    let mut notes: HashMap<String, Note> = notes.collect();
                    if notes.len() > MAX_NOTES {
                        let surplus = too_many(&notes);
                        if let Err(error) = board.take(surplus).await {
                            let error = &error as &dyn std::error::Error;
                            tracing::warn!(error, "there may be no room for notes about sessions that end");
                        }
                    }
                    notes.retain(|random, note| note.until > now && self.add(random, *note));
                    news.extend(notes.into_keys());
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "sessions that were ended at other instances may still be served here");
                }
            }
        }
        news
    }
}

/// Lets the other instances know that a client has ended the session with this random part.
pub(super) async fn tell(service: &Service, random: &str, note: Note) -> Result<(), StoreError> {
    match boards(service).first() {
        Some(board) => board.leave(random, &note.written()).await,
        None => Ok(()),
    }
}

/// The names of the notes that are too many: of whoever has most, those whose ids open for the shortest time.
fn too_many(notes: &HashMap<String, Note>) -> Vec<String> {
    let mut by: HashMap<Sharer, Vec<(Millis, &str)>> = HashMap::new();
    for (random, Note { until, whose }) in notes {
        by.entry(*whose).or_default().push((*until, random));
    }
    // As many of each as fit.
    let fits = |each: &usize| by.values().map(|own| own.len().min(*each)).sum::<usize>() <= MAX_NOTES;
    let (mut each, mut beyond) = (0, MAX_NOTES + 1);
    while beyond - each > 1 {
        let middle = usize::midpoint(each, beyond);
        if fits(&middle) { each = middle } else { beyond = middle }
    }
    let surplus = by.into_values().flat_map(|mut own| {
        own.sort_unstable();
        let surplus = own.len().saturating_sub(each);
        own.into_iter().take(surplus)
    });
    surplus.map(|(_, random)| random.to_owned()).collect()
}

/// The boards on which instances tell each other which sessions have ended, under their random parts: that of the present span of
/// [`ServeLimits::session_lifetime`](crate::ServeLimits::session_lifetime), and that of the one before. What was ended earlier opens no more.
/// None where nobody else has the keys or the store.
fn boards(service: &Service) -> Vec<Board> {
    if !service.seals.are_shared() {
        return Vec::new();
    }
    let lifetime = service.limits.session_lifetime;
    let span = u128::from(service.router.store().clock().now().0) / lifetime.as_millis().max(1);
    // Of an owner of their own: what clients leave on the boards of their sessions, strangers too, takes none of their room.
    let owner = Owner::new(OwnerKind::Session, "run.pmcp/ended", "");
    let nobody = Caller::Known { owner, principal: None, may_list: false };
    let board = |span| service.router.board(&format!("ended/{span}"), &nobody, lifetime.saturating_mul(2));
    [span, span.saturating_sub(1)].into_iter().filter_map(board).collect()
}

#[cfg(test)]
mod tests {
    use pmcp_tasks::security::Principal;

    use super::*;

    fn note(until: u64, whose: u32) -> Note {
        Note { until: Millis(until), whose: Sharer::numbered(Some(whose)) }
    }

    #[test]
    fn a_caller_who_ends_many_sessions_has_no_others_forgotten() {
        let ended = Ended::default();
        let whose = Sharer::principal(&Principal::subject("ann"));
        assert_eq!(Sharer::numbered(whose.number()).number(), whose.number());
        ended.add("ann", Note { until: Millis(1), whose });
        for n in 0..2 * MAX_ENDED {
            assert!(ended.add(&n.to_string(), note(2, 2)));
        }
        assert!(ended.has("ann") && !ended.has("0") && ended.has(&(2 * MAX_ENDED - 1).to_string()));
        assert_eq!(ended.inner.lock().until.len(), MAX_ENDED);
        ended.forget(Millis(1));
        assert!(!ended.has("ann"));
        ended.forget(Millis(2));
        assert!(ended.inner.lock().order.is_empty());
    }

    #[test]
    fn notes_that_are_too_many_are_those_of_whoever_has_most() {
        let many = (0..5_000).map(|n| (n.to_string(), note(n, 1)));
        let few = (0..100).map(|n| (format!("other {n}"), note(n, 2)));
        let notes: HashMap<_, _> = many.chain(few).collect();
        let mut surplus: Vec<u64> = too_many(&notes).iter().map(|random| random.parse().unwrap()).collect();
        surplus.sort_unstable();
        assert_eq!(surplus, (0..2_100).collect::<Vec<_>>());
    }

    #[test]
    fn a_note_is_read_as_it_was_written() {
        for note in [note(7, u32::MAX), Note { until: Millis(7), whose: Sharer::EVERYBODY }] {
            assert_eq!(Note::read(&note.written()), Some(note));
        }
        assert_eq!(Note::read(&json!(7)), None);
    }
}
