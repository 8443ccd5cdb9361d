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
    /// A resource's URI is not one (RFC 3986).
    #[error(
        "`{uri}` is not a URI: it begins with a scheme, as `note://today` does, and has spaces and letters beyond ASCII percent-encoded, as in `%20`"
    )]
    Uri {
        /// The resource's URI.
        uri: String,
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
