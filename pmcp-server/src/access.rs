//! The owner of a request, where nobody authenticates too.

use pmcp_tasks::{
    call::Caller,
    security::Principal,
    task::{Owner, OwnerKind},
};

/// Everything callers may do with tasks on a server that does not authenticate and is not local.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Anonymous {
    /// No tasks: they are refused with an error that says what to configure.
    #[default]
    Refuse,
    /// Everybody is one owner with one quota. Whoever knows a task's id, 122 random bits, has the task; tasks are not
    /// listed.
    Shared,
    /// Each 2025-11-25 session owns its tasks: whoever has its id has them, until they or
    /// [the id](crate::ServeLimits::session_lifetime) expire. 2026-07-28 has no sessions: its requests are refused tasks.
    PerSession,
}

/// The way callers are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// Only the user of this machine can connect.
    pub(crate) local: bool,
    pub(crate) authenticated: bool,
    pub(crate) anonymous: Anonymous,
}

const REFUSED: &str = "tasks are off: this server cannot tell its callers apart; \
    configure `.authenticator(…)`, or choose `.anonymous(Anonymous::Shared)` or `.anonymous(Anonymous::PerSession)`";
const NO_SUBJECT: &str = "tasks are off for this caller: the authenticator found neither a subject nor a client";
const NO_SESSION: &str = "tasks belong to sessions on this server, and this protocol version has none; \
    configure `.authenticator(…)` or `.anonymous(Anonymous::Shared)`";

impl Access {
    /// The caller of a request.
    pub(crate) fn caller(self, principal: Option<Principal>, session: Option<&str>) -> Caller {
        let known = |owner, principal, may_list| Caller::Known { owner, principal, may_list };
        if let Some(principal) = principal {
            return match principal.owner() {
                Some(owner) => known(owner, Some(principal), true),
                None => Caller::Unknown { reason: NO_SUBJECT },
            };
        }
        match (self.local, self.anonymous, session) {
            (true, ..) => known(Owner::local(), None, true),
            (false, Anonymous::Refuse, _) => Caller::Unknown { reason: REFUSED },
            (false, Anonymous::Shared, _) => known(Owner::new(OwnerKind::Anonymous, "", ""), None, false),
            (false, Anonymous::PerSession, Some(session)) => {
                known(Owner::new(OwnerKind::Session, "", session), None, true)
            }
            (false, Anonymous::PerSession, None) => Caller::Unknown { reason: NO_SESSION },
        }
    }

    /// Says which of this applies, for the log.
    pub(crate) fn describe(self) -> &'static str {
        match (self.authenticated, self.local, self.anonymous) {
            (true, ..) => "tasks belong to the authenticated subject, else client",
            (false, true, _) => "tasks belong to the one local user",
            (false, false, Anonymous::Refuse) => "tasks are refused: callers cannot be told apart",
            (false, false, Anonymous::Shared) => "all callers share their tasks; they are not listed",
            (false, false, Anonymous::PerSession) => "tasks belong to the session that created them",
        }
    }
}
