//! The profile of a host, as far as a check asks.

use serde_json::Value;

use crate::output::string;

/// An emulated host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Profile<'a>(pub(super) &'a Value);

/// The parts of a profile, each with evidence of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Client,
    Capabilities,
    Context,
    Policy,
    Sandbox,
    Openai,
}

/// The kinds of evidence, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A guess.
    Assumed,
    /// The word of who makes the host.
    Vendor,
    /// A capture of what the host does.
    Probe,
    /// This look at the server itself.
    Seen,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Assumed => "assumed",
            Self::Vendor => "vendor",
            Self::Probe => "probe",
            Self::Seen => "seen",
        }
    }
}

/// Evidence: its kind and its day, if it has one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Evidence {
    pub(crate) kind: Kind,
    pub(crate) date: Option<String>,
}

impl<'a> Profile<'a> {
    pub(super) fn id(self) -> &'a str {
        string(self.0, "id")
    }

    pub(super) fn title(self) -> &'a str {
        string(self.0, "title")
    }

    /// The evidence of a part. What says nothing is a guess.
    pub(super) fn evidence(self, part: Part) -> Evidence {
        let source = &self.0["sources"][match part {
            Part::Client => "client",
            Part::Capabilities => "capabilities",
            Part::Context => "context",
            Part::Policy => "policy",
            Part::Sandbox => "sandbox",
            Part::Openai => "openai",
        }];
        let kind = match string(source, "kind") {
            "probe" => Kind::Probe,
            "vendor" => Kind::Vendor,
            _ => Kind::Assumed,
        };
        Evidence { kind, date: source["date"].as_str().map(str::to_owned) }
    }

    /// Set if it shows widgets at all.
    pub(super) fn has_views(self) -> bool {
        self.0["client"]["ui"] == true
    }

    /// Set if the list at this path, such as `/client/revisions`, has this entry.
    pub(super) fn lists(self, path: &str, entry: &str) -> bool {
        self.0.pointer(path).and_then(Value::as_array).is_some_and(|all| all.iter().any(|one| one == entry))
    }

    /// Set if views are offered this.
    pub(super) fn can(self, capability: &str) -> bool {
        !self.0["host"]["capabilities"][capability].is_null()
    }

    /// The same, for texts: a host that names the kinds of content it takes has to name them.
    pub(super) fn takes_text(self, capability: &str) -> bool {
        let kinds = &self.0["host"]["capabilities"][capability];
        kinds.as_object().is_some_and(|kinds| kinds.is_empty() || kinds.contains_key("text"))
    }
}
