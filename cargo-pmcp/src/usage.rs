//! Wrong arguments, in our words: `error: …` and `help: …`.

use std::process::ExitCode;

use clap::{
    CommandFactory as _,
    builder::StyledStr,
    error::{ContextKind, ContextValue, ErrorFormatter, ErrorKind},
};

use crate::{cli::Cli, error::Exit, shell};

/// Tells of arguments that are none, or shows the help that they asked for.
pub(crate) fn tell(error: clap::Error) -> ExitCode {
    let error = error.apply::<Words>();
    // A reader that has gone wants no more words.
    let _ = error.print();
    if error.use_stderr() { ExitCode::from(Exit::Usage as u8) } else { ExitCode::SUCCESS }
}

struct Words;

impl ErrorFormatter for Words {
    fn format_error(error: &clap::error::Error<Self>) -> StyledStr {
        let (message, help) = words(error);
        shell::problem(&message, &help).into()
    }
}

/// The texts of one part of an error, each as it was typed.
fn texts(error: &clap::error::Error<Words>, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(ContextValue::StyledStr(text)) => vec![text.to_string()],
        Some(ContextValue::StyledStrs(texts)) => texts.iter().map(ToString::to_string).collect(),
        Some(ContextValue::Number(number)) => vec![number.to_string()],
        _ => Vec::new(),
    }
}

/// The commands of this name in some group: `inspect call` of whoever leaves the group out.
fn in_groups(name: &str) -> String {
    let mut found = Vec::new();
    for group in Cli::command().get_subcommands() {
        if group.find_subcommand(name).is_some() {
            found.push(format!("`cargo pmcp {} {name}`", group.get_name()));
        }
    }
    found.join(" or ")
}

fn words(error: &clap::error::Error<Words>) -> (String, Vec<String>) {
    let quoted = |kind| {
        let texts: Vec<_> = texts(error, kind).iter().map(|text| format!("`{text}`")).collect();
        texts.join(", ")
    };
    let given = quoted(ContextKind::InvalidArg);
    let message = match error.kind() {
        ErrorKind::InvalidSubcommand => format!("there is no command {}", quoted(ContextKind::InvalidSubcommand)),
        ErrorKind::UnknownArgument => format!("{given} is not expected here"),
        ErrorKind::MissingRequiredArgument => format!("{given} is missing"),
        ErrorKind::ArgumentConflict => {
            let prior = quoted(ContextKind::PriorArg);
            if prior.is_empty() || prior == given {
                format!("{given} is given twice")
            } else {
                format!("{given} cannot be used with {prior}")
            }
        }
        ErrorKind::MissingSubcommand => "a command is missing".to_owned(),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let value = quoted(ContextKind::InvalidValue);
            match std::error::Error::source(error) {
                _ if value == "``" => format!("{given} needs a value"),
                Some(reason) => format!("{value} is no value of {given}: {reason}"),
                None => format!("{value} is no value of {given}"),
            }
        }
        kind => format!("{given}: {}", kind.as_str().unwrap_or("the arguments are wrong")),
    };
    let mut help = Vec::new();
    for kind in [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue] {
        let suggested = quoted(kind);
        if !suggested.is_empty() {
            help.push(format!("did you mean {suggested}?"));
        }
    }
    if help.is_empty() && error.kind() == ErrorKind::InvalidSubcommand {
        let named = texts(error, ContextKind::InvalidSubcommand);
        let found = in_groups(named.first().map_or("", String::as_str));
        if !found.is_empty() {
            help.push(format!("did you mean {found}?"));
        }
    }
    let values = [ContextKind::ValidValue, ContextKind::ValidSubcommand].map(quoted).join("");
    if !values.is_empty() && help.is_empty() {
        help.push(format!("there are {values}"));
    }
    if error.kind() == ErrorKind::ArgumentConflict {
        // The usage would name both again.
        return (message, vec!["leave one of them out".to_owned()]);
    }
    for usage in texts(error, ContextKind::Usage) {
        help.push(format!("it is used as `{}`", usage.trim_start_matches("Usage:").trim()));
    }
    if help.is_empty() {
        help.push("with `--help` the command tells what it takes".to_owned());
    }
    (message, help)
}
