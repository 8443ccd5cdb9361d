//! The sessions of 2025-11-25 and before that this process holds: bounded in number, given up when idle, made anew when they come back.
//!
//! A session is its id, in which what was agreed is [sealed](crate::seal). What is held of it here beside that are streams, calls, and
//! what its client follows. So a plain request asks no store, and an id that is not held is no reason to send its client away.
//!
//! Instances with keys tell each other on boards in the store they share which sessions their clients have ended. Each looks there from time
//! to time, however many requests come.

use std::{
    collections::BTreeSet,
    sync::{Arc, Once, Weak},
    time::Duration,
};

use dashmap::DashMap;
use parking_lot::Mutex;
use pmcp_tasks::{RpcError, measure::server::Session as Counted, security::Principal, store::StoreError, time::Millis};
use serde_json::Map;

use super::ended::{self, Ended, Note};
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

impl Kept {
    /// Ends a session that nobody uses. Its client gets it back when it comes, unless something would be missing.
    fn give_up(&self, ended: &Ended) {
        let Self { session, sharer, .. } = self;
        if session.session.has_choices() {
            ended.add(&session.session.id, Note { until: session.expires, whose: *sharer });
        }
        session.session.end();
    }
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
        kept.give_up(&self.ended);
        Some(kept)
    }

    /// Lets the other instances know that a client has ended its session.
    pub(super) async fn tell_of_end(&self, session: &LegacySession, sharer: Sharer) -> Result<(), StoreError> {
        let note = Note { until: session.expires, whose: sharer };
        ended::tell(&self.service, &session.session.id, note).await
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

/// Ends the sessions here that their clients have ended elsewhere.
async fn end_those_ended_elsewhere(service: &Service, by_id: &ById, ended: &Ended, now: Millis) {
    let news = ended.hear(service, now).await;
    if news.is_empty() {
        return;
    }
    by_id.retain(|_, Kept { session, .. }| {
        let goes_on = !news.contains(&session.session.id);
        if !goes_on {
            session.session.end();
        }
        goes_on
    });
}

/// Gives idle sessions up from time to time, and all when the server stops.
async fn keep(service: Arc<Service>, by_id: Weak<ById>, ended: Arc<Ended>) {
    let clock = service.router.store().clock();
    loop {
        if let Some(by_id) = by_id.upgrade() {
            end_those_ended_elsewhere(&service, &by_id, &ended, clock.now()).await;
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
                kept.give_up(&ended);
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
