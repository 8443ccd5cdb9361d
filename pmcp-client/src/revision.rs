//! The protocol version a client asks for.

use pmcp_protocol::{Revision, Version};

/// The name of the version that both sides find.
const AUTO: &str = "auto";

/// The protocol version a client asks for: one that is spoken here, the name of another, or whatever the server speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientRevision {
    /// A version that is spoken here.
    Spoken(Version),
    /// Any other. It is taken for one with a handshake and without tasks.
    Other(String),
    /// The newest that both sides speak. The server is asked with `server/discover` first; one that does not know that is
    /// greeted with `initialize`.
    Auto,
}

impl Default for ClientRevision {
    /// The newest version.
    fn default() -> Self {
        Self::Spoken(Version::ALL[0])
    }
}

impl ClientRevision {
    /// The version's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Spoken(version) => version.as_str(),
            Self::Other(name) => name,
            Self::Auto => AUTO,
        }
    }

    /// The version, if it is a certain one that is spoken here.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        match self {
            Self::Spoken(version) => Some(*version),
            Self::Other(_) | Self::Auto => None,
        }
    }

    /// The revision of tasks in it.
    pub(crate) fn revision(&self) -> Revision {
        self.version().map_or(Revision::Plain, Version::revision)
    }

    /// Tells whether a connection begins with `initialize`.
    pub(crate) fn has_handshake(&self) -> bool {
        self.version().is_none_or(Version::has_handshake)
    }
}

impl From<Version> for ClientRevision {
    fn from(version: Version) -> Self {
        Self::Spoken(version)
    }
}

impl From<&str> for ClientRevision {
    fn from(name: &str) -> Self {
        if name == AUTO {
            return Self::Auto;
        }
        Version::parse(name).map_or_else(|| Self::Other(name.to_owned()), Self::Spoken)
    }
}
