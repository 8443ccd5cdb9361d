//! The next versions, from what changed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::workspace::{Bump, Found};

/// A crate's next version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Next {
    /// The crate.
    pub(crate) name: String,
    /// The version it has.
    #[schemars(with = "String")]
    pub(crate) from: Version,
    /// The version it gets.
    #[schemars(with = "String")]
    pub(crate) to: Version,
}

/// Raises what has changed, and what needs it: at least by a patch, because its requirement changes.
pub(crate) fn propose(found: &Found) -> Vec<Next> {
    let mut bumps: BTreeMap<&str, Bump> = BTreeMap::new();
    for change in &found.unreleased {
        for of in found.crates.iter().filter(|of| change.about.as_ref().is_none_or(|about| *about == of.name)) {
            let bump = bumps.entry(&of.name).or_insert(change.bump);
            *bump = change.bump.max(*bump);
        }
    }
    // As often as it takes: what needs a crate that was raised, and crates that share one version.
    while found.crates.iter().any(|of| {
        let needed = of.needs.iter().any(|name| bumps.contains_key(name.as_str())).then_some(Bump::Patch);
        let shared = found.crates.iter().filter(|other| other.versioned_by == of.versioned_by);
        let shared = shared.filter_map(|other| bumps.get(other.name.as_str()).copied()).max();
        let wanted = needed.max(shared);
        let is_news = wanted > bumps.get(of.name.as_str()).copied();
        if let (Some(bump), true) = (wanted, is_news) {
            bumps.insert(&of.name, bump);
        }
        is_news
    }) {}
    let next = found.crates.iter().filter_map(|of| {
        let to = raised(&of.version, *bumps.get(of.name.as_str())?);
        Some(Next { name: of.name.clone(), from: of.version.clone(), to })
    });
    next.collect()
}

/// The next version. Below 1.0 a break raises the second number and all else the third, as Cargo takes them.
fn raised(version: &Version, bump: Bump) -> Version {
    match (bump, version.major) {
        (Bump::Major, 1..) => Version::new(version.major + 1, 0, 0),
        (Bump::Minor, 1..) | (Bump::Major, 0) => Version::new(version.major, version.minor + 1, 0),
        (Bump::Patch, _) | (Bump::Minor, 0) => Version::new(version.major, version.minor, version.patch + 1),
    }
}
