//! The sessions of 2025-11-25 and before: bounded in number, ended when idle.

use std::{
    sync::{Arc, Once, Weak},
    time::Duration,
};

use dashmap::DashMap;
use parking_lot::Mutex;
use pmcp_tasks::{RpcError, security::Principal};

use crate::{legacy::LegacySession, panics::guarded, service::Service, session::Session};

/// The time after which idle sessions are looked for.
const ROUND: Duration = Duration::from_secs(30);

/// The sessions of this process.
#[derive(Debug)]
pub(super) struct Sessions {
    service: Arc<Service>,
    by_id: Arc<DashMap<String, Arc<LegacySession>>>,
    kept: Once,
    turn: Mutex<()>,
}

impl Sessions {
    pub(super) fn new(service: Arc<Service>) -> Self {
        Self { service, by_id: Arc::default(), kept: Once::new(), turn: Mutex::new(()) }
    }

    fn keep(&self) {
        let (service, by_id) = (self.service.clone(), Arc::downgrade(&self.by_id));
        let clock = service.router.store().clock().clone();
        let keeping = move || keep(service.clone(), by_id.clone());
        tokio::spawn(guarded("keeping sessions", clock, keeping));
    }

    /// A session under a new random id. At the limit the one that is idle for longest makes room.
    pub(super) fn begin(&self, principal: Option<Principal>) -> Result<Arc<LegacySession>, RpcError> {
        // One at a time, so that the limit is exact.
        let _turn = self.turn.lock();
        if self.by_id.len() >= self.service.limits.sessions && !self.make_room() {
            return Err(RpcError::internal("too many sessions are open"));
        }
        let store = self.service.router.store();
        let id = store.random_text().map_err(|_| RpcError::internal("no session could be made"))?;
        let session = Arc::new(LegacySession::new(Session::new(id.clone(), store.clock().clone()), principal));
        // Not before: only now there is surely a runtime to do it in.
        self.kept.call_once(|| self.keep());
        self.by_id.insert(id, session.clone());
        Ok(session)
    }

    fn make_room(&self) -> bool {
        let idlest = self
            .by_id
            .iter()
            .filter_map(|entry| Some((entry.session.idle()?, entry.key().clone())))
            .max_by_key(|(idle, _)| *idle);
        idlest.is_some_and(|(_, id)| self.end(&id))
    }

    /// The session with this id, if it is this caller's.
    pub(super) fn find(&self, id: &str, principal: Option<&Principal>) -> Option<Arc<LegacySession>> {
        let session = self.by_id.get(id)?.clone();
        (identity(session.principal.as_ref()) == identity(principal)).then_some(session)
    }

    /// Ends a session; tells whether there was one.
    pub(super) fn end(&self, id: &str) -> bool {
        let ended = self.by_id.remove(id);
        if let Some((_, session)) = &ended {
            session.session.end();
        }
        ended.is_some()
    }
}

/// Ends idle sessions from time to time, and all when the server stops.
async fn keep(service: Arc<Service>, by_id: Weak<DashMap<String, Arc<LegacySession>>>) {
    let clock = service.router.store().clock();
    loop {
        let stopped = tokio::select! {
            () = clock.sleep(ROUND) => false,
            () = service.stopped.cancelled() => true,
        };
        let Some(by_id) = by_id.upgrade() else { return };
        by_id.retain(|_, session| {
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
        self.by_id.iter().for_each(|session| session.session.end());
    }
}
