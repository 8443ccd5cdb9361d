//! Everything that ends a command, in words for whoever typed it.

use std::{error::Error as StdError, iter};

/// The outcome of a command, or of a part of it.
pub(crate) type Result<T = ()> = std::result::Result<T, Error>;

/// The way a command ended that did not do what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// A check or a call failed.
    Failed = 1,
    /// It was asked for something that is not to be had.
    Usage = 2,
    /// Ctrl-C.
    Interrupted = 130,
}

/// The reason a command ended, and what to do about it.
#[derive(Debug)]
pub(crate) struct Error {
    /// One line, lower case, without a full stop; `None` if all has been told.
    pub(crate) message: Option<String>,
    /// What a process said before it ended.
    pub(crate) lines: Vec<String>,
    /// Texts that follow it, each what to do.
    pub(crate) help: Vec<String>,
    pub(crate) exit: Exit,
}

impl Error {
    fn new(message: Option<String>, exit: Exit) -> Self {
        Self { message, lines: Vec::new(), help: Vec::new(), exit }
    }

    /// Something failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Some(message.into()), Exit::Failed)
    }

    /// Something failed, for this reason and those behind it.
    pub(crate) fn because(message: &str, reason: &(dyn StdError + 'static)) -> Self {
        Self::failed(format!("{message}: {}", with_causes(reason)))
    }

    /// Something was asked for that is not to be had.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Some(message.into()), Exit::Usage)
    }

    /// Something failed, and whoever reads knows already.
    pub(crate) fn told() -> Self {
        Self::new(None, Exit::Failed)
    }

    /// Ctrl-C.
    pub(crate) fn interrupted() -> Self {
        Self::new(None, Exit::Interrupted)
    }

    /// The same with what a process said before it ended.
    pub(crate) fn lines(self, lines: Vec<String>) -> Self {
        Self { lines, ..self }
    }

    /// The same with what to do about it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

/// The texts of an error and its causes, without those that repeat the one before.
pub(crate) fn with_causes(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    for cause in iter::successors(error.source(), |cause| (*cause).source()) {
        let cause = cause.to_string();
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}
