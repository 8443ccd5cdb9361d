//! Owners of tasks, in the words of a command line.

use clap::Args;
use pmcp_tasks::task::{Owner, OwnerKind};

use crate::{
    error::{Error, Result},
    text::{line, word},
};

/// The owner whose tasks are meant.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct OwnerArgs {
    /// The owner: `local` (the user of a server on this machine alone), `user:NAME`, `client:ID`, `anonymous`, or `session:ID`.
    #[arg(long, value_name = "OWNER", default_value = LOCAL, value_parser = kind_and_subject)]
    owner: Named,
    /// The authority that vouches for a user or a client, as the `iss` of their tokens has it.
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
}

const LOCAL: &str = "local";
const ANONYMOUS: &str = "anonymous";

/// An owner as it is named, without its authority.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    kind: OwnerKind,
    subject: String,
}

impl Default for Named {
    fn default() -> Self {
        Self { kind: OwnerKind::Local, subject: String::new() }
    }
}

fn kind_and_subject(given: &str) -> std::result::Result<Named, String> {
    let (kind, subject) = match given.split_once(':') {
        None if given == LOCAL => (OwnerKind::Local, ""),
        None if given == ANONYMOUS => (OwnerKind::Anonymous, ""),
        Some(("user", name)) => (OwnerKind::Subject, name),
        Some(("client", id)) => (OwnerKind::Client, id),
        Some(("session", id)) => (OwnerKind::Session, id),
        _ => return Err("there are `local`, `user:NAME`, `client:ID`, `anonymous` and `session:ID`".to_owned()),
    };
    Ok(Named { kind, subject: subject.to_owned() })
}

impl OwnerArgs {
    /// The owner.
    ///
    /// # Errors
    /// An authority is named for one that has none.
    pub(super) fn owner(&self) -> Result<Owner> {
        let Named { kind, subject } = &self.owner;
        match &self.issuer {
            Some(_) if !matches!(kind, OwnerKind::Subject | OwnerKind::Client) => {
                Err(Error::usage(format!("no authority vouches for `{}`", line(&named(*kind, subject))))
                    .help("`--issuer` is for `--owner user:NAME` and `--owner client:ID`"))
            }
            issuer => Ok(Owner::new(*kind, issuer.clone().unwrap_or_default(), subject)),
        }
    }

    /// The owner for an error.
    pub(super) fn shown(&self) -> String {
        let Named { kind, subject } = &self.owner;
        shown(&Owner::new(*kind, self.issuer.clone().unwrap_or_default(), subject))
    }

    /// The options that name the same owner once more.
    pub(super) fn again(&self) -> Vec<String> {
        let Named { kind, subject } = &self.owner;
        options(&Owner::new(*kind, self.issuer.clone().unwrap_or_default(), subject))
    }
}

/// An owner's kind and name, as `--owner` takes them.
pub(super) fn named(kind: OwnerKind, subject: &str) -> String {
    match kind {
        OwnerKind::Local => LOCAL.to_owned(),
        OwnerKind::Anonymous => ANONYMOUS.to_owned(),
        OwnerKind::Subject => format!("user:{subject}"),
        OwnerKind::Client => format!("client:{subject}"),
        OwnerKind::Session => format!("session:{subject}"),
        // A kind that this build has no word for cannot be asked for either.
        _ => "another".to_owned(),
    }
}

/// An owner for a person.
pub(super) fn shown(owner: &Owner) -> String {
    let named = named(owner.kind, &owner.subject);
    if owner.issuer.is_empty() { named } else { format!("{named} of {}", owner.issuer) }
}

/// The options that name an owner; none for the one that is meant without any.
pub(super) fn options(owner: &Owner) -> Vec<String> {
    let mut options = Vec::new();
    if *owner != Owner::local() {
        options.extend(["--owner".to_owned(), word(&named(owner.kind, &owner.subject))]);
    }
    if !owner.issuer.is_empty() {
        options.extend(["--issuer".to_owned(), word(&owner.issuer)]);
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_what_is_typed() {
        for (owner, typed) in [
            (Owner::local(), ""),
            (Owner::new(OwnerKind::Anonymous, "", ""), "--owner anonymous"),
            (Owner::new(OwnerKind::Subject, "https://login", "a:b"), "--owner user:a:b --issuer https://login"),
            (Owner::new(OwnerKind::Client, "", "an app"), "--owner 'client:an app'"),
            (Owner::new(OwnerKind::Session, "", "x"), "--owner session:x"),
        ] {
            assert_eq!(options(&owner).join(" "), typed);
            let named = kind_and_subject(&named(owner.kind, &owner.subject)).unwrap();
            let issuer = Some(owner.issuer.clone()).filter(|issuer| !issuer.is_empty());
            assert_eq!(OwnerArgs { owner: named, issuer }.owner().unwrap(), owner);
        }
    }

    #[test]
    fn an_owner_without_an_authority_has_none() {
        kind_and_subject("ann").unwrap_err();
        kind_and_subject("local:ann").unwrap_err();
        let anonymous = OwnerArgs { owner: kind_and_subject("anonymous").unwrap(), issuer: Some("x".into()) };
        anonymous.owner().unwrap_err();
    }
}
