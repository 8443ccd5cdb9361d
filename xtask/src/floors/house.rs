//! The floors of the house: what may know what. A floor names only floors below it.

/// The crates, from the ground up. One may depend on those before it, unless it stands among those that are apart.
pub(super) const CRATES: [&str; 15] = [
    "pmcp-protocol",
    "pmcp-client",
    "pmcp-macro-support",
    "pmcp-tasks-macros",
    "pmcp-tasks",
    "pmcp-apps-bundle",
    "pmcp-apps-macros",
    "pmcp-apps",
    "pmcp-server",
    "pmcp-preview-client",
    "pmcp-preview-web",
    "pmcp-preview",
    "cargo-pmcp",
    "spec-check",
    "xtask",
];

/// Dependencies that are never to be, though the one stands below the other.
pub(super) const NEVER: [(&str, &str); 4] = [
    ("pmcp-tasks", "pmcp-client"),
    ("pmcp-tasks-macros", "pmcp-protocol"),
    ("pmcp-macro-support", "pmcp-protocol"),
    ("pmcp-server", "pmcp-macro-support"),
];

/// A crate's rooms: the files and folders of its `src`, by floor, from the ground up.
pub(super) struct House {
    pub(super) name: &'static str,
    pub(super) floors: &'static [&'static [&'static str]],
    /// Rooms beside the floors: they may name all, and none of the floors names them.
    pub(super) beside: &'static [&'static str],
}

/// The houses with floors of their own. In all others only circles of files are looked for.
pub(super) const HOUSES: [House; 3] = [TASKS, CLIENT, SERVER];

const TASKS: House = House {
    name: "pmcp-tasks",
    floors: &[
        &[
            "apart", "error", "exact", "heard", "id", "limits", "measure", "owner", "panics", "random", "security",
            "time", "trace",
        ],
        &["store"],
        &["task"],
        &["schema", "call"],
        &["changes", "gate"],
        &["operate", "run"],
        &["context"],
        &["tool"],
        &["offer"],
        &["engine"],
        &["workflow"],
        &["router"],
    ],
    beside: &["__private", "lib", "macros", "prelude", "testing"],
};

const CLIENT: House = House {
    name: "pmcp-client",
    floors: &[
        &["answers", "error", "observe", "revision", "secret"],
        &["request", "result", "runtime", "settings", "state"],
        &["inbox", "tokio_runtime", "wire"],
        &["answering", "http", "lines", "observed", "probe"],
        &["connection"],
        &["client", "session"],
        &["builder", "listen", "lists", "task"],
        &["calls", "changes"],
    ],
    beside: &["lib"],
};

const SERVER: House = House {
    name: "pmcp-server",
    floors: &[
        &[
            "access",
            "agreement",
            "answered",
            "auth",
            "bears",
            "callers",
            "error",
            "hosts",
            "lines",
            "log",
            "observing",
            "panics",
            "passing",
            "process",
            "seal",
            "shares",
            "transport",
            "types",
            "widgets",
            "workflows",
        ],
        &["outbox"],
        &["resumable"],
        &["service", "session"],
        &["lists", "peer", "spans"],
        &["legacy", "modern"],
        &["dispatch"],
        &["connection", "http"],
        &["server"],
        &["serving", "testing"],
    ],
    beside: &["lib", "prelude"],
};
