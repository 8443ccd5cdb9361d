//! The versions of the protocol that are spoken here, and what each can do beside tasks.

use std::fmt;

use crate::Revision;

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// 2024-11-05.
    V2024_11_05,
    /// 2025-03-26.
    V2025_03_26,
    /// 2025-06-18.
    V2025_06_18,
    /// 2025-11-25.
    V2025_11_25,
    /// 2026-07-28.
    V2026_07_28,
}

impl Version {
    /// Every version, newest first.
    pub const ALL: [Self; 5] =
        [Self::V2026_07_28, Self::V2025_11_25, Self::V2025_06_18, Self::V2025_03_26, Self::V2024_11_05];

    /// The newest version that begins with a handshake (lifecycle, "Initialization").
    pub const NEWEST_WITH_HANDSHAKE: Self = Self::V2025_11_25;

    /// The version's name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// The version of this name; `None` if it is not spoken here.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.as_str() == name)
    }

    /// Returns the revision of tasks in this version.
    #[must_use]
    pub fn revision(self) -> Revision {
        match self {
            Self::V2024_11_05 | Self::V2025_03_26 | Self::V2025_06_18 => Revision::Plain,
            Self::V2025_11_25 => Revision::V2025,
            Self::V2026_07_28 => Revision::V2026,
        }
    }

    /// Tells whether a connection begins with `initialize` and is a session from then on.
    #[must_use]
    pub fn has_handshake(self) -> bool {
        self <= Self::NEWEST_WITH_HANDSHAKE
    }

    /// Tells whether several messages may come as one array (JSON-RPC batching of 2025-03-26).
    #[must_use]
    pub fn has_batches(self) -> bool {
        self == Self::V2025_03_26
    }

    /// Tells whether a stream begins with an event that has an id and no message ("Sending Messages to the Server").
    #[must_use]
    pub fn has_priming_events(self) -> bool {
        self == Self::V2025_11_25
    }

    /// Tells whether HTTP requests name the version in a header ("Protocol Version Header").
    #[must_use]
    pub fn has_version_header(self) -> bool {
        self >= Self::V2025_06_18
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_their_names_are() {
        assert!(Version::ALL.is_sorted_by(|a, b| a > b && a.as_str() > b.as_str()));
        assert!(Version::ALL.into_iter().all(|version| Version::parse(version.as_str()) == Some(version)));
        assert_eq!(Version::parse("2025-11-26"), None);
    }
}
