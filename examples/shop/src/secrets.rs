//! Secrets of the deployment, from the environment: on a command line everybody on the machine would read them.

use std::env;

use pmcp_server::{BearerTokens, SessionKey};
use pmcp_tasks::security::Principal;
use ring::hmac;

use crate::{Outcome, operators::OPERATE};

/// The fewest bytes of a secret.
const SHORTEST: usize = 16;

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
    /// A secret is too short to be one, or the key of sessions is none.
    pub(crate) fn of_environment() -> Outcome<Self> {
        let operators = || Principal::subject("operator").with_scopes([OPERATE]);
        Ok(Self {
            payments: secret("SHOP_PAYMENT_SECRET")?.map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())),
            operators: secret("SHOP_OPERATOR_TOKEN")?
                .map(|token| BearerTokens::new().with_principal(operators(), token)),
            sessions: secret("SHOP_SESSION_KEY")?.map(|key| key.parse()).transpose()?,
        })
    }
}

/// The secret of this name, without the end of its line; `None` if there is none, or an empty one.
fn secret(name: &str) -> Outcome<Option<String>> {
    let secret = env::var(name).unwrap_or_default();
    match secret.trim() {
        "" => Ok(None),
        short if short.len() < SHORTEST => {
            Err(format!("{name} has fewer than {SHORTEST} bytes: it can be guessed").into())
        }
        secret => Ok(Some(secret.to_owned())),
    }
}
