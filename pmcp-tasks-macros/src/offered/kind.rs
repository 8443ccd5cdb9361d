//! Kinds of offers, and their words.

/// Kinds of offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Prompt,
    Resource,
    Completion,
}

impl Kind {
    /// The word for it.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Resource => "resource",
            Self::Completion => "completion",
        }
    }

    /// The name of its attribute.
    pub(super) fn attribute(self) -> &'static str {
        match self {
            Self::Completion => "complete",
            Self::Prompt | Self::Resource => self.noun(),
        }
    }
}
