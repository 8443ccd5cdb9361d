//! Failures of the service, by meaning.

use std::borrow::Cow;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::store::StoreError;

/// The backend's name, in errors.
pub(super) const NAME: &str = "dynamodb";

/// Result of this module's functions.
pub(super) type Result<T, E = Failure> = std::result::Result<T, E>;

/// A failure of one operation. Requests and their signatures are not in its words.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The service answered with an error.
    #[error("{code}: {message}")]
    Service { code: String, message: String, is_final: bool },
    /// There was no answer.
    #[error("{what}")]
    Unanswered { what: Cow<'static, str>, is_final: bool },
    /// This build or this table cannot do it, ever.
    #[error("{0}")]
    Refused(Cow<'static, str>),
    /// A part, or all variables of a task together, are larger than an item may be.
    #[error("{size} bytes are more than {max}")]
    TooLarge { size: u64, max: u32 },
    /// A stored record cannot be read.
    #[error("{why}")]
    Corrupt { what: Cow<'static, str>, why: &'static str },
}

impl Failure {
    pub(super) fn refused(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused(why.into())
    }

    /// Others kept it from being done for as long as it may take.
    pub(super) fn contended() -> Self {
        let what = "others write the same items all the time, or the table has too little capacity";
        Self::Unanswered { what: what.into(), is_final: false }
    }

    /// The service was silent or busy for too long.
    pub(super) fn late() -> Self {
        unanswered("the service did not answer in time", false)
    }

    /// Tells whether the table has no item to be found, as it does not exist.
    pub(super) fn is_no_table(&self) -> bool {
        matches!(self, Self::Service { code, .. } if code == "ResourceNotFoundException")
    }

    /// Tells whether the service asked to try again a little later: nothing was written.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, Self::Service { code, .. } if is_passing(code))
    }
}

pub(super) fn corrupt(what: impl Into<Cow<'static, str>>, why: &'static str) -> Failure {
    Failure::Corrupt { what: what.into(), why }
}

/// Tells whether a code says that another try may do.
pub(super) fn is_passing(code: &str) -> bool {
    matches!(
        code,
        "TransactionConflict"
            | "TransactionConflictException"
            | "TransactionInProgressException"
            | "ReplicatedWriteConflictException"
            | "ProvisionedThroughputExceeded"
            | "ProvisionedThroughputExceededException"
            | "ThrottlingError"
            | "ThrottlingException"
            | "RequestLimitExceeded"
    )
}

/// Tells whether a code says that no try will do as things are.
fn is_final(code: &str, status: u16) -> bool {
    let is_internal = matches!(code, "InternalServerError" | "InternalFailure" | "ServiceUnavailable");
    // A clock that is off is put right while the process runs; credentials that ran out are fetched anew.
    let is_mended = matches!(code, "RequestExpired" | "RequestTimeTooSkewed" | "ExpiredTokenException");
    !is_passing(code) && !is_internal && !is_mended && status < 500
}

impl<E: ProvideErrorMetadata> From<SdkError<E>> for Failure {
    fn from(error: SdkError<E>) -> Self {
        match &error {
            SdkError::ServiceError(service) => {
                let meta = service.err().meta();
                let code = meta.code().unwrap_or("UnknownError").to_owned();
                let status = service.raw().status().as_u16();
                let message = match code.as_str() {
                    // The service repeats what was signed, session tokens included.
                    "InvalidSignatureException" | "SignatureDoesNotMatch" => {
                        "the secret key does not belong to the access key, or a proxy changed the request"
                    }
                    "UnrecognizedClientException" => "the service does not know these credentials",
                    _ => meta.message().unwrap_or("no message"),
                };
                let is_final = is_final(&code, status);
                Self::Service { code, message: message.to_owned(), is_final }
            }
            SdkError::TimeoutError(_) => unanswered("the service did not answer in time", false),
            SdkError::ResponseError(_) => unanswered("the answer of the service cannot be read", false),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                unanswered("no connection to the service in time", false)
            }
            // An answer that breaks off is told as another failure, with a kind.
            SdkError::DispatchFailure(failure) if failure.is_io() || failure.as_other().is_some() => {
                unanswered("no connection to the service, or it was cut", false)
            }
            SdkError::DispatchFailure(failure) if failure.is_user() => {
                unanswered("the request to the service cannot be made", true)
            }
            // Before anything is sent, credentials are fetched.
            SdkError::DispatchFailure(_) => unanswered(
                "there are no credentials for AWS; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role \
                 of the machine",
                false,
            ),
            _ => unanswered("the request to the service cannot be made: region or credentials are missing", true),
        }
    }
}

fn unanswered(what: &'static str, is_final: bool) -> Failure {
    Failure::Unanswered { what: what.into(), is_final }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        let is_final = match &failure {
            Failure::Service { is_final, .. } | Failure::Unanswered { is_final, .. } => *is_final,
            Failure::Refused(_) => true,
            Failure::TooLarge { size, max } => return Self::TooLarge { backend: NAME, size: *size, max: *max },
            Failure::Corrupt { what, .. } => {
                return Self::Corrupt {
                    backend: NAME,
                    what: what.clone().into_owned(),
                    source: Some(Box::new(failure)),
                };
            }
        };
        let (backend, source) = (NAME, Box::new(failure));
        if is_final { Self::Refused { backend, source } } else { Self::Unavailable { backend, source } }
    }
}
