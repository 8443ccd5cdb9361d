//! Reasons why a token is refused. They go to the log, and to no client.

use super::super::Challenge;

/// Reason why a token is refused. No text has anything of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("it is too long")]
    Long,
    #[error("it is not a signed JWT of a kind that is read here")]
    Malformed,
    #[error("its algorithm is not allowed")]
    Algorithm,
    #[error("its header has something that has to be understood, and is not")]
    Critical,
    #[error("it is of another type than an access token")]
    Type,
    #[error("the issuer has no such key")]
    Key,
    #[error("its signature is not by the key")]
    Signature,
    #[error("it is of another issuer")]
    Issuer,
    #[error("it is for another audience")]
    Audience,
    #[error("it has expired")]
    Expired,
    #[error("it is not valid yet")]
    Early,
    #[error("it has neither a subject nor a client")]
    Nobody,
    #[error("the keys of the issuer are not there")]
    Unavailable,
}

impl From<Refused> for Challenge {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unavailable => Self::unavailable(),
            _ => Self::invalid_token(),
        }
    }
}
