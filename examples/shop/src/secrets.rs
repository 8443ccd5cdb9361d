//! Secrets of the deployment, from the environment: on a command line everybody on the machine would read them.

use std::env;

use pmcp_server::{BearerTokens, SessionKey, SessionKeyError};
use ring::hmac;

/// What is known to the shop and to one other side each. Without a secret there is no route that needs it.
pub(crate) struct Secrets {
    /// Signs what the payment provider tells.
    pub(crate) payments: Option<hmac::Key>,
    /// Lets operators in.
    pub(crate) operators: Option<BearerTokens>,
    /// Seals sessions, for every process of the shop.
    pub(crate) sessions: Option<SessionKey>,
}

impl Secrets {
    /// Reads them.
    ///
    /// # Errors
    /// The key of sessions is none.
    pub(crate) fn of_environment() -> Result<Self, SessionKeyError> {
        let secret = |name| env::var(name).ok().filter(|secret| !secret.is_empty());
        Ok(Self {
            payments: secret("SHOP_PAYMENT_SECRET").map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())),
            operators: secret("SHOP_OPERATOR_TOKEN").map(|token| BearerTokens::new().with("operator", token)),
            sessions: secret("SHOP_SESSION_KEY").map(|key| key.parse()).transpose()?,
        })
    }
}
