//! The store that is operated: its URL, and how it is opened.

use std::env;

use clap::Args;
use pmcp_tasks::{TaskStore, store::StoreError};

use crate::{
    error::{Error, Result, with_causes},
    shell::Shell,
    text::{line, word},
};

/// The variable that may hold the URL.
const VARIABLE: &str = "PMCP_STORE";

/// Kinds of stores: the schemes of their URLs, the feature that brings them, and whether it is in this program.
const KINDS: [(&[&str], &str, bool); 4] = [
    (&["sqlite"], "sqlite", cfg!(feature = "sqlite")),
    (&["redis", "rediss", "redis+cluster", "rediss+cluster"], "redis", cfg!(feature = "redis")),
    (&["postgres", "postgresql"], "postgres", cfg!(feature = "postgres")),
    (&["dynamodb"], "dynamodb", cfg!(feature = "dynamodb")),
];

/// The store.
#[derive(Args, Clone, Debug)]
pub(super) struct StoreArgs {
    /// The store, as its servers name it: the path of a SQLite file, `redis://…`, `postgres://…`, `dynamodb://TABLE`; else what the
    /// variable `PMCP_STORE` holds, which is the place for one with a password.
    #[arg(long, global = true, value_name = "URL")]
    store: Option<String>,
}

/// A store that is open.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) tasks: TaskStore,
    /// The options that name it once more, which hold no secret.
    again: Vec<String>,
}

impl StoreArgs {
    /// Opens the store, which has to be there.
    ///
    /// # Errors
    /// None is named, it is not there, or it cannot be opened.
    pub(super) async fn open(&self, shell: &Shell) -> Result<Opened> {
        let (given, is_typed) = match (&self.store, env::var(VARIABLE)) {
            (Some(typed), _) => (typed.clone(), true),
            (None, Ok(held)) if !held.is_empty() => (held, false),
            (None, Err(env::VarError::NotUnicode(_))) => {
                return Err(Error::usage(format!("`{VARIABLE}` is not text")));
            }
            _ => {
                return Err(Error::usage("there is no store").help(format!(
                    "pass `--store URL`, such as `--store tasks.db`, or put the URL into the variable `{VARIABLE}`"
                )));
            }
        };
        let url = url(&given);
        let has_secret = has_secret(&url);
        if is_typed && has_secret {
            shell.warn(&format!(
                "everybody on this machine can see the arguments of a command: put a URL with a password into `{VARIABLE}`"
            ));
        }
        check(&url)?;
        let again = match (is_typed, has_secret) {
            (false, _) => Vec::new(),
            (true, false) => vec!["--store".to_owned(), word(&given)],
            (true, true) => vec!["--store".to_owned(), "URL".to_owned()],
        };
        match Box::pin(TaskStore::connect_existing(&url)).await {
            Ok(tasks) => Ok(Opened { tasks, again }),
            Err(error @ StoreError::Url(_)) => Err(Error::usage(told(&error))),
            Err(error) => Err(Error::failed(format!("the store cannot be opened: {}", told(&error)))),
        }
    }
}

impl Opened {
    /// A command for the same store, in one line that a terminal shows and does not obey: tasks have named some of its words.
    pub(super) fn command(&self, words: &[&str]) -> String {
        let again = self.again.iter().map(String::as_str);
        line(&["cargo pmcp tasks"].into_iter().chain(words.iter().copied()).chain(again).collect::<Vec<_>>().join(" "))
    }
}

/// The error of a store that failed.
pub(super) fn failed(error: &StoreError) -> Error {
    Error::failed(format!("the store failed: {}", told(error)))
}

/// The texts of an error and its causes, in one line.
pub(super) fn told(error: &StoreError) -> String {
    line(&with_causes(error))
}

/// The URL that is meant: what has no scheme is the path of a file.
fn url(given: &str) -> String {
    let is_scheme = |scheme: &str| scheme.len() > 1 && scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+');
    match given.split_once(':') {
        Some((scheme, _)) if is_scheme(scheme) => given.to_owned(),
        _ => format!("sqlite:{given}"),
    }
}

/// Fails if this program has no client for the store.
fn check(url: &str) -> Result {
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    match KINDS.iter().find(|(schemes, ..)| schemes.contains(&scheme)) {
        Some((_, feature, false)) => Err(left_out(scheme, feature)),
        _ => Ok(()),
    }
}

/// The error of a store that this program was built without.
fn left_out(scheme: &str, feature: &str) -> Error {
    Error::usage(format!("this `cargo pmcp` was built without `{scheme}:` stores")).help(format!(
        "install it as before and with `--features {feature}`, such as `cargo install --path cargo-pmcp --features {feature}`"
    ))
}

/// Tells whether a URL holds a password, or something else that is no address.
fn has_secret(url: &str) -> bool {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let is_named = |user: &str| user.contains(':');
    address.rsplit_once('@').is_some_and(|(user, _)| is_named(user)) || query.contains("password=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_file_of_sqlite() {
        for (given, meant) in [
            ("tasks.db", "sqlite:tasks.db"),
            ("/var/lib/a:b.db", "sqlite:/var/lib/a:b.db"),
            (r"C:\tasks.db", r"sqlite:C:\tasks.db"),
            ("sqlite:tasks.db", "sqlite:tasks.db"),
            ("rediss+cluster://host", "rediss+cluster://host"),
            ("mysql://host", "mysql://host"),
        ] {
            assert_eq!(url(given), meant);
        }
    }

    #[test]
    fn a_store_that_was_left_out_says_how_to_bring_it_in() {
        let error = left_out("rediss", "redis");
        assert_eq!(error.message.unwrap(), "this `cargo pmcp` was built without `rediss:` stores");
        assert!(error.help[0].ends_with("`cargo install --path cargo-pmcp --features redis`"), "{:?}", error.help);
    }

    #[test]
    fn a_password_is_known_as_one() {
        for url in ["redis://:s3cret@host", "postgres://me:s3cret@host/db", "postgres://host/db?password=s3cret"] {
            assert!(has_secret(url), "{url}");
        }
        for url in ["redis://me@host", "sqlite:/a:b@c", "dynamodb://table?endpoint=http://127.0.0.1:8000"] {
            assert!(!has_secret(url), "{url}");
        }
    }
}
