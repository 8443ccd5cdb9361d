//! Reasons why a question has no answer.

/// Reason why a question has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The user said no.
    #[error("the user declined to answer")]
    Declined,
    /// The user closed the question.
    #[error("the user dismissed the question")]
    Cancelled,
    /// The client refused the question with an error, whose text is for its own log and not for the model.
    #[error("the client refused the question with the error {code}")]
    Refused {
        /// The code of the client's error.
        code: i64,
    },
    /// The client cannot be asked.
    #[error("the client does not support {what}")]
    Unsupported {
        /// Ability it would have to have.
        what: &'static str,
    },
    /// The client does not send users to pages; its model may show this link instead, as the text says.
    #[error(
        "the client cannot open the page this needs. Show the user this link, in full and unchanged, with what it is for; once the user \
         has done what the page asks, call again. {message}: {url}"
    )]
    Unopened {
        /// The text for the user.
        message: String,
        /// The page.
        url: String,
    },
    /// The answer, or the type asked for, does not fit the protocol.
    #[error("{reason}")]
    Invalid {
        /// One sentence.
        reason: String,
    },
    /// The task or the call ended while the question was open.
    #[error("the call ended before the question was answered")]
    Stopped,
    /// The question could not be recorded.
    #[error("the question could not be recorded")]
    Failed {
        /// Cause of it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
