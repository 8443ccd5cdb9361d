//! The sessions of 2025-11-25 and before: bounded in number, ended when idle.

use std::{
    sync::{Arc, Once, Weak},
    time::Duration,
};

use dashmap::DashMap;
use parking_lot::Mutex;
use pmcp_tasks::{RpcError, measure::server::Session as Counted, security::Principal};

use crate::{
    legacy::LegacySession,
    panics::guarded,
    service::Service,
    session::Session,
    shares::{Share, Sharer, Shares},
};

/// The time after which idle sessions are looked for.
const ROUND: Duration = Duration::from_secs(30);

/// The sessions of this process.
#[derive(Debug)]
pub(super) struct Sessions {
    service: Arc<Service>,
    by_id: Arc<ById>,
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

impl Sessions {
    pub(super) fn new(service: Arc<Service>) -> Self {
        let places = Shares::new(service.limits.sessions);
        Self { service, by_id: Arc::default(), places, kept: Once::new(), turn: Mutex::new(()) }
    }

    fn keep(&self) {
        let (service, by_id) = (self.service.clone(), Arc::downgrade(&self.by_id));
        let clock = service.router.store().clock().clone();
        let keeping = move || keep(service.clone(), by_id.clone());
        tokio::spawn(guarded("keeping sessions", clock, keeping));
    }

    /// A session under a new random id. At the limit the caller's own that is idle for longest makes room, or that of a caller
    /// who has more than a fair share.
    pub(super) fn begin(&self, principal: Option<Principal>, sharer: Sharer) -> Result<Arc<LegacySession>, RpcError> {
        // One at a time, so that nobody else takes the place that is made.
        let _turn = self.turn.lock();
        let place = self.places.take(sharer, 1).or_else(|| self.make_room(sharer));
        let place = place.ok_or_else(|| RpcError::internal("too many sessions are open"))?;
        let store = self.service.router.store();
        let id = store.random_text().map_err(|_| RpcError::internal("no session could be made"))?;
        let session = Arc::new(LegacySession::new(Session::new(id.clone(), store.clock().clone()), principal));
        // Not before: only now there is surely a runtime to do it in.
        self.kept.call_once(|| self.keep());
        self.by_id.insert(id, Kept { session: session.clone(), sharer, place, _counted: Counted::begin() });
        Ok(session)
    }

    /// Ends a session; its place for another one of this caller.
    fn make_room(&self, sharer: Sharer) -> Option<Share> {
        if let Some(own) = self.end_idlest(|other| other == sharer) {
            return Some(own.place);
        }
        drop(self.end_idlest(|other| self.places.is_unfair(other))?);
        self.places.take(sharer, 1)
    }

    /// Ends the session that is idle for longest, of those whose caller gives way.
    fn end_idlest(&self, gives_way: impl Fn(Sharer) -> bool) -> Option<Kept> {
        let idle = self.by_id.iter().filter(|entry| gives_way(entry.sharer));
        let idle = idle.filter_map(|entry| Some((entry.session.session.idle()?, entry.key().clone())));
        let (_, id) = idle.max_by_key(|(idle, _)| *idle)?;
        self.remove(&id)
    }

    fn remove(&self, id: &str) -> Option<Kept> {
        let (_, ended) = self.by_id.remove(id)?;
        ended.session.session.end();
        Some(ended)
    }

    /// The session with this id, if it is this caller's.
    pub(super) fn find(&self, id: &str, principal: Option<&Principal>) -> Option<Arc<LegacySession>> {
        let session = self.by_id.get(id)?.session.clone();
        (identity(session.principal.as_ref()) == identity(principal)).then_some(session)
    }

    /// Ends a session; tells whether there was one.
    pub(super) fn end(&self, id: &str) -> bool {
        self.remove(id).is_some()
    }
}

/// Ends idle sessions from time to time, and all when the server stops.
async fn keep(service: Arc<Service>, by_id: Weak<ById>) {
    let clock = service.router.store().clock();
    loop {
        let stopped = tokio::select! {
            () = clock.sleep(ROUND) => false,
            () = service.stopped.cancelled() => true,
        };
        let Some(by_id) = by_id.upgrade() else { return };
        by_id.retain(|_, Kept { session, .. }| {
            let idle = session.session.idle().is_some_and(|idle| idle >= service.limits.session_idle);
            if stopped {
                // What was asked is still answered: that the server is shutting down.
                session.session.hang_up();
            } else if idle {
                session.session.end();
            }
            !(idle || stopped)
        });
        if stopped {
            return;
        }
    }
}

/// The identity of a caller: what else a token says changes when it is renewed.
fn identity(principal: Option<&Principal>) -> Option<(&str, Option<&str>, Option<&str>)> {
    principal.map(|it| (it.issuer.as_str(), it.subject.as_deref(), it.client.as_deref()))
}

impl Drop for Sessions {
    fn drop(&mut self) {
        self.by_id.iter().for_each(|kept| kept.session.session.end());
    }
}
