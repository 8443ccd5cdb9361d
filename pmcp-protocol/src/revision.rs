//! Revisions of tasks, as abilities: code asks what a revision can do, not which year it is from.

use serde::{Deserialize, Serialize};

/// Revision of tasks a request may expect, by the protocol version it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Revision {
    /// 2025-06-18 and earlier: no tasks.
    Plain,
    /// 2025-11-25: tasks in the core protocol.
    V2025,
    /// 2026-07-28: the tasks extension.
    V2026,
}

/// The one who says that a call becomes a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decider {
    /// Nobody: there are no tasks.
    Nobody,
    /// The client, with a `task` field (2025-11-25; tasks, "Creating Tasks").
    Client,
    /// The server, for clients that declared the extension on the request (2026-07-28).
    Server,
}

impl Revision {
    /// The one who decides that a call becomes a task.
    #[must_use]
    pub fn decider(self) -> Decider {
        match self {
            Self::Plain => Decider::Nobody,
            Self::V2025 => Decider::Client,
            Self::V2026 => Decider::Server,
        }
    }

    /// Tells whether there are tasks.
    #[must_use]
    pub fn has_tasks(self) -> bool {
        self.decider() != Decider::Nobody
    }

    /// Tells whether `method` is one about tasks in this revision.
    #[must_use]
    pub fn has_task_method(self, method: &str) -> bool {
        match method {
            "tasks/get" | "tasks/cancel" | "tasks/update" => self.has_tasks(),
            "tasks/list" | "tasks/result" => self.decider() == Decider::Client,
            _ => false,
        }
    }

    /// Tells whether a connection is a session, to which the server may send requests and notifications of its own.
    #[must_use]
    pub fn has_sessions(self) -> bool {
        self != Self::V2026
    }

    /// Tells whether the client is asked by requests of the server. Otherwise questions are part of results:
    /// `input_required` of a call, `inputRequests` of a task (multi round-trip requests).
    #[must_use]
    pub fn asks_by_request(self) -> bool {
        self.has_sessions()
    }

    /// Tells whether clients can be asked to send the user to a page ("URL Mode Elicitation Requests").
    #[must_use]
    pub fn has_pages(self) -> bool {
        self != Self::Plain
    }

    /// Tells whether such a question has an id, under which the client is told that it is done with ("Completion Notifications for URL
    /// Mode Elicitation").
    #[must_use]
    pub fn tells_of_completion(self) -> bool {
        self == Self::V2025
    }

    /// Tells whether each request declares what its client can do, and one that needs more is refused with -32021.
    #[must_use]
    pub fn declares_per_request(self) -> bool {
        !self.has_sessions()
    }

    /// Tells whether messages about a task name it in their metadata ("Related Task Metadata").
    #[must_use]
    pub fn relates_messages(self) -> bool {
        self == Self::V2025
    }

    /// Tells whether lists and what is read carry hints for caches (caching, "Cache Scope").
    #[must_use]
    pub fn has_cache_hints(self) -> bool {
        self == Self::V2026
    }

    /// Tells whether what is offered has icons (schema, `Icon`).
    #[must_use]
    pub fn has_icons(self) -> bool {
        self != Self::Plain
    }

    /// Tells whether cancelling a task that has ended is acknowledged, and not an error (tasks extension, "Task
    /// Cancellation").
    #[must_use]
    pub fn acknowledges_late_cancellation(self) -> bool {
        self == Self::V2026
    }
}
