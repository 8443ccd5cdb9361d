//! Stores that are not there.

/// The answer to a store that is not there, or that an older build has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is made, or brought up to date: for servers.
    Made,
    /// It is refused, and nothing is written: for who only looks at what servers do.
    Refused,
}
