//! Secrets that a server asks of its callers. They come by the environment: arguments are seen by everybody on the machine.

use std::{env, fmt};

use clap::Args;
use http::{HeaderName, HeaderValue, header::AUTHORIZATION};
use pmcp_client::ClientBuilder;

use crate::{
    error::{Error, Result},
    text::word,
};

/// The variables that hold the secrets.
#[derive(Args, Clone, Debug)]
pub(crate) struct SecretArgs {
    /// The variable with the token for `Authorization: Bearer …`.
    #[arg(long, value_name = "VAR")]
    bearer_env: Option<String>,
    /// A header, and the variable with its value; repeatable.
    #[arg(long, value_name = "NAME=VAR", value_parser = header)]
    header_env: Vec<(String, String)>,
}

fn header(given: &str) -> std::result::Result<(String, String), String> {
    match given.split_once('=') {
        Some((name, variable)) if !name.is_empty() && !variable.is_empty() => {
            Ok((name.to_owned(), variable.to_owned()))
        }
        _ => Err("it is written NAME=VAR, such as `x-api-key=API_KEY`".to_owned()),
    }
}

/// The headers that hold the secrets. They are marked as sensitive, so that nothing shows them.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<(HeaderName, HeaderValue)>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl SecretArgs {
    /// The options that name the same variables once more.
    pub(super) fn again(&self) -> impl Iterator<Item = String> {
        let bearer = self.bearer_env.iter().map(|variable| format!("--bearer-env {}", word(variable)));
        let header =
            |(name, variable): &(String, String)| format!("--header-env {}", word(&format!("{name}={variable}")));
        bearer.chain(self.header_env.iter().map(header))
    }

    /// Reads the variables.
    ///
    /// # Errors
    /// One is not set, or no header can hold it.
    pub(super) fn read(&self) -> Result<Secrets> {
        let mut headers = Vec::new();
        if let Some(variable) = &self.bearer_env {
            headers.push((AUTHORIZATION, sensitive(&format!("Bearer {}", value(variable)?), variable)?));
        }
        for (name, variable) in &self.header_env {
            let key = name.parse().map_err(|_| Error::usage(format!("`{name}` is not the name of a header")))?;
            headers.push((key, sensitive(&value(variable)?, variable)?));
        }
        Ok(Secrets(headers))
    }
}

fn sensitive(secret: &str, variable: &str) -> Result<HeaderValue> {
    let unfit = || Error::usage(format!("what `{variable}` holds cannot be sent in a header"));
    let mut secret = HeaderValue::from_str(secret).map_err(|_| unfit())?;
    secret.set_sensitive(true);
    Ok(secret)
}

fn value(variable: &str) -> Result<String> {
    match env::var(variable) {
        Ok(value) if !value.is_empty() => Ok(value),
        Ok(_) | Err(env::VarError::NotPresent) => Err(Error::usage(format!("`{variable}` is not set"))
            .help(format!("put the secret there, as `export {variable}=…` does; it is never an argument"))),
        Err(env::VarError::NotUnicode(_)) => Err(Error::usage(format!("`{variable}` is not text"))),
    }
}

impl Secrets {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The headers in which they are sent.
    pub(crate) fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        self.0.clone()
    }

    /// Has a client send them.
    pub(crate) fn give(&self, client: ClientBuilder) -> ClientBuilder {
        self.headers().into_iter().fold(client, |client, (name, value)| client.header(name, value))
    }
}
