//! Turns: deferred scripts and modules run in the order of the page.

/// Scripts so far that run one after the other, once the page is read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turns {
    /// A module.
    pub(super) module: bool,
    /// A module or deferred script that browsers load from another origin.
    pub(super) remote: bool,
}
