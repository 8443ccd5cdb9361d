//! The reasons why offers do not fit together.

/// The reason why offers do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OfferError {
    /// Two prompts or resources have one name.
    #[error("two {what}s are named `{name}`")]
    Duplicate {
        /// The kind of both.
        what: &'static str,
        /// Their name or URI.
        name: String,
    },
    /// A resource template is not one.
    #[error("`{template}` is not a resource template: {reason}")]
    Template {
        /// The template.
        template: String,
        /// The reason.
        reason: &'static str,
    },
}
