//! The sessions of 2025-11-25 and before that this process holds: bounded in number, given up when idle, made anew when they come back.
//!
//! A session is its id, in which what was agreed is [sealed](crate::seal). What is held of it here beside that are streams, calls, and
//! what its client follows. So a plain request asks no store, and an id that is not held is no reason to send its client away.
//!
//! Instances with keys tell each other on boards in the store they share which sessions their clients have ended. Each looks there from time
//! to time, however many requests come.

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    sync::{Arc, Once, Weak},
    time::Duration,
};

use dashmap::DashMap;
use parking_lot::Mutex;
use pmcp_tasks::{
    RpcError,
    call::Caller,
    measure::server::Session as Counted,
    router::Board,
    security::Principal,
    store::StoreError,
    task::{Owner, OwnerKind},
    time::Millis,
};
use serde_json::{Map, Value, json};

use crate::{
    agreement::Agreement,
    legacy::LegacySession,
    panics::guarded,
    resumable::Resumables,
    seal::{Opened, identity},
    service::Service,
    session::Session,
    shares::{Share, Sharer, Shares},
};

/// The time after which idle sessions are looked for, and those that were ended elsewhere.
const ROUND: Duration = Duration::from_secs(30);

/// The number of sessions that are known to be over; some 200 bytes each.
const MAX_ENDED: usize = 10_000;

/// The number of notes about ended sessions that a board keeps from one round to the next: there is room for more until then.
const MAX_NOTES: usize = 3_000;

/// The sessions of this process.
#[derive(Debug)]
pub(super) struct Sessions {
    service: Arc<Service>,
    by_id: Arc<ById>,
    /// Those that are over although their ids open.
    ended: Arc<Ended>,
    /// A place for each.
    places: Arc<Shares>,
    kept: Once,
    turn: Mutex<()>,
}

type ById = DashMap<String, Kept>;

/// A session in its place.
#[derive(Debug)]
struct Kept {
    session: Arc<LegacySession>,
    sharer: Sharer,
    place: Share,
    /// Until it has ended.
    _counted: Counted,
}

/// The caller of a request: who it is, and whose share it takes from.
pub(super) type By<'a> = (Option<&'a Principal>, Sharer);

/// The reason why a request has no session.
#[derive(Debug)]
pub(super) enum Missing {
    /// There is none with this id, or none of this caller.
    Gone,
    /// There is no place to make it anew.
    NoRoom(RpcError),
}

impl Sessions {
    pub(super) fn new(service: Arc<Service>) -> Self {
        let places = Shares::new(service.limits.sessions);
        Self { service, by_id: Arc::default(), ended: Arc::default(), places, kept: Once::new(), turn: Mutex::new(()) }
    }

    fn keep(&self) {
        let (service, by_id, ended) = (self.service.clone(), Arc::downgrade(&self.by_id), self.ended.clone());
        let clock = service.router.store().clock().clone();
        let keeping = move || keep(service.clone(), by_id.clone(), ended.clone());
        tokio::spawn(guarded("keeping sessions", clock, keeping));
    }

    /// A session under a new id. At the limit the caller's own that is idle for longest makes room, or that of a caller
    /// who has more than a fair share.
    pub(super) fn begin(&self, by: By<'_>, agreement: Agreement) -> Result<Arc<LegacySession>, RpcError> {
        // One at a time, so that nobody else takes the place that is made.
        let _turn = self.turn.lock();
        let place = self.place(by.1)?;
        let begun = self.service.seals.begin(agreement, by.0, self.service.router.store());
        let (begun, id) = begun.ok_or_else(|| RpcError::internal("no session could be made"))?;
        Ok(self.hold(id, &begun, by, place))
    }

    /// The session with this id, if it is this caller's. One that is not held here is made anew.
    pub(super) fn find(&self, id: &str, by: By<'_>) -> Result<Arc<LegacySession>, Missing> {
        if let Some(held) = self.held(id, by)? {
            return Ok(held);
        }
        let _turn = self.turn.lock();
        // Another request may have had the turn before.
        if let Some(held) = self.held(id, by)? {
            return Ok(held);
        }
        let opened = self.service.seals.open(id, by.0).ok_or(Missing::Gone)?;
        if self.is_over(opened.expires(self.service.limits.session_lifetime)) || self.ended.has(&opened.random) {
            return Err(Missing::Gone);
        }
        let place = self.place(by.1).map_err(Missing::NoRoom)?;
        Ok(self.hold(id.to_owned(), &opened, by, place))
    }

    /// The session, if it is held here.
    fn held(&self, id: &str, by: By<'_>) -> Result<Option<Arc<LegacySession>>, Missing> {
        let Some(session) = self.by_id.get(id).map(|kept| kept.session.clone()) else { return Ok(None) };
        let is_callers = identity(session.principal.as_ref()) == identity(by.0);
        if is_callers && !self.is_over(session.expires) { Ok(Some(session)) } else { Err(Missing::Gone) }
    }

    fn is_over(&self, expires: Millis) -> bool {
        expires <= self.service.router.store().clock().now()
    }

    fn hold(&self, id: String, opened: &Opened, by: By<'_>, place: Share) -> Arc<LegacySession> {
        let clock = self.service.router.store().clock().clone();
        let lifetime = self.service.limits.session_lifetime;
        let random = opened.random.clone();
        let inner = if self.service.seals.are_shared() {
            let caller = self.service.access.caller(by.0.cloned(), Some(&random));
            let board = self.service.router.board(&random, &caller, lifetime);
            Session::of_several(random, clock.clone(), board)
        } else {
            Session::new(random, clock.clone())
        };
        let session = Arc::new(LegacySession::sealed(
            inner,
            by.0.map(who),
            opened.agreement,
            (id.clone(), opened.expires(lifetime)),
            Resumables::new(clock, self.service.keeping(by.1)),
        ));
        // Not before: only now there is surely a runtime to do it in.
        self.kept.call_once(|| self.keep());
        let kept = Kept { session: session.clone(), sharer: by.1, place, _counted: Counted::begin() };
        self.by_id.insert(id, kept);
        session
    }

    /// A place for a session of this caller.
    fn place(&self, sharer: Sharer) -> Result<Share, RpcError> {
        let place = self.places.take(sharer, 1).or_else(|| self.make_room(sharer));
        place.ok_or_else(|| RpcError::internal("too many sessions are open"))
    }

    /// Gives a session up; its place for another one of this caller.
    fn make_room(&self, sharer: Sharer) -> Option<Share> {
        if let Some(own) = self.give_up_idlest(|other| other == sharer) {
            return Some(own.place);
        }
        drop(self.give_up_idlest(|other| self.places.is_unfair(other))?);
        self.places.take(sharer, 1)
    }

    /// Gives up the session that is idle for longest, of those whose caller gives way.
    fn give_up_idlest(&self, gives_way: impl Fn(Sharer) -> bool) -> Option<Kept> {
        let idle = self.by_id.iter().filter(|entry| gives_way(entry.sharer));
        let idle = idle.filter_map(|entry| Some((entry.session.session.idle()?, entry.key().clone())));
        let (_, id) = idle.max_by_key(|(idle, _)| *idle)?;
        let (_, kept) = self.by_id.remove(&id)?;
        self.ended.given_up(&kept);
        Some(kept)
    }

    /// Lets the other instances know that a client has ended its session.
    pub(super) async fn tell_of_end(&self, session: &LegacySession, sharer: Sharer) -> Result<(), StoreError> {
        match boards(&self.service).first() {
            Some(board) => {
                board.leave(&session.session.id, &Note { until: session.expires, whose: sharer }.written()).await
            }
            None => Ok(()),
        }
    }

    /// Ends a session here, as its client wants: its id is taken no more.
    pub(super) fn end(&self, session: &LegacySession) {
        let kept = self.by_id.remove(&session.id).map(|(_, kept)| kept);
        let whose = kept.as_ref().map_or(Sharer::EVERYBODY, |kept| kept.sharer);
        self.ended.add(&session.session.id, Note { until: session.expires, whose });
        if let Some(kept) = kept {
            kept.session.session.end();
        }
    }
}

/// Whoever it is, without what else is known: each request brings that anew, and a session is held for long.
fn who(principal: &Principal) -> Principal {
    let Principal { issuer, subject, client, .. } = principal;
    let (issuer, subject, client) = (issuer.clone(), subject.clone(), client.clone());
    Principal { issuer, subject, client, scopes: BTreeSet::new(), claims: Map::new() }
}

/// The end of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Note {
    /// Time until which its id opens.
    until: Millis,
    whose: Sharer,
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
struct Ended {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    until: HashMap<String, Millis>,
    /// Those of each caller, the earliest first.
    order: HashMap<Sharer, VecDeque<String>>,
}

impl Ended {
    fn has(&self, random: &str) -> bool {
        self.inner.lock().until.contains_key(random)
    }

    /// Adds one. False if it is there already.
    fn add(&self, random: &str, Note { until, whose }: Note) -> bool {
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

    /// Ends a session that nobody uses. Its client gets it back when it comes, unless something would be missing.
    fn given_up(&self, Kept { session, sharer, .. }: &Kept) {
        if session.session.has_choices() {
            self.add(&session.session.id, Note { until: session.expires, whose: *sharer });
        }
        session.session.end();
    }

    /// Forgets those whose ids open no more.
    fn forget(&self, now: Millis) {
        let mut inner = self.inner.lock();
        let Inner { until, order } = &mut *inner;
        until.retain(|_, until| *until > now);
        order.retain(|_, own| {
            own.retain(|random| until.contains_key(random));
            !own.is_empty()
        });
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

/// Ends the sessions here that their clients have ended elsewhere.
async fn hear_of_ends(service: &Service, by_id: &ById, ended: &Ended, now: Millis) {
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
                notes.retain(|random, note| note.until > now && ended.add(random, *note));
                news.extend(notes.into_keys());
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "sessions that were ended at other instances may still be served here");
            }
        }
    }
    if !news.is_empty() {
        by_id.retain(|_, Kept { session, .. }| {
            let goes_on = !news.contains(&session.session.id);
            if !goes_on {
                session.session.end();
            }
            goes_on
        });
    }
}

/// Gives idle sessions up from time to time, and all when the server stops.
async fn keep(service: Arc<Service>, by_id: Weak<ById>, ended: Arc<Ended>) {
    let clock = service.router.store().clock();
    loop {
        if let Some(by_id) = by_id.upgrade() {
            hear_of_ends(&service, &by_id, &ended, clock.now()).await;
        }
        let stopped = tokio::select! {
            () = clock.sleep(ROUND) => false,
            () = service.stopped.cancelled() => true,
        };
        let Some(by_id) = by_id.upgrade() else { return };
        let now = clock.now();
        by_id.retain(|_, kept| {
            let Kept { session, .. } = &*kept;
            session.resumables.iter().for_each(Resumables::forget);
            let most = if session.expires <= now { Duration::ZERO } else { service.limits.session_idle };
            let idle = session.session.idle().is_some_and(|idle| idle >= most);
            if stopped {
                // What was asked is still answered: that the server is shutting down.
                session.session.hang_up();
            } else if idle {
                ended.given_up(kept);
            }
            !(idle || stopped)
        });
        ended.forget(now);
        if stopped {
            return;
        }
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        self.by_id.iter().for_each(|kept| kept.session.session.end());
    }
}

#[cfg(test)]
mod tests {
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
