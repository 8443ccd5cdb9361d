//! TARGET: the server that a command is about.

mod build;
mod child;
mod connect;
mod listed;
mod package;
mod reach;
mod secrets;
mod start;
mod upstream;

use std::ffi::OsString;

use clap::{Args, ValueEnum};

pub(crate) use build::find_and_build;
pub(crate) use child::{Child, Ear, typed};
pub(crate) use connect::{Connected, answers_lines, connect_to, lost};
pub(crate) use listed::list;
pub(crate) use package::{About, Program, find};
pub(crate) use reach::Reached;
pub(crate) use secrets::Secrets;
pub(crate) use upstream::{PackageServer, Told, command};

use crate::{
    error::{Error, Result},
    text::word,
};

/// The server: the package here, an address, or a command.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Server (the package here, unless said otherwise)")]
pub(crate) struct TargetArgs {
    #[command(flatten)]
    pub(crate) package: PackageArgs,
    /// The server at this address.
    #[arg(long, value_name = "URL", conflicts_with_all = ["package", "bin", "example", "release", "command"])]
    url: Option<String>,
    /// The versions of the protocol to speak.
    #[arg(long, value_name = "VERSION", default_value = "auto")]
    pub(crate) protocol: Protocol,
    #[command(flatten)]
    secrets: secrets::SecretArgs,
    /// The server that this command starts, on standard input and output.
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["package", "bin", "example", "release"])]
    command: Vec<OsString>,
}

/// A program of a package here.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct PackageArgs {
    /// The package.
    #[arg(long, short, value_name = "NAME")]
    pub(crate) package: Option<String>,
    /// Its binary.
    #[arg(long, value_name = "NAME", conflicts_with = "example")]
    pub(crate) bin: Option<String>,
    /// Its example.
    #[arg(long, value_name = "NAME")]
    pub(crate) example: Option<String>,
    /// Build it with optimizations.
    #[arg(long, short)]
    pub(crate) release: bool,
}

/// The versions of the protocol to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    /// 2026-07-28, without sessions.
    #[value(name = "2026", alias = "2026-07-28")]
    V2026,
    /// 2025-11-25 and earlier, after a handshake.
    #[value(name = "2025", alias = "2025-11-25")]
    V2025,
    /// Whatever the server speaks.
    Auto,
}

impl Protocol {
    /// The name that the client knows.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::V2026 => "2026-07-28",
            Self::V2025 => "2025-11-25",
            Self::Auto => "auto",
        }
    }
}

/// The server that a command is about.
#[derive(Debug)]
pub(crate) enum Target {
    /// A program of a package, which is built and run.
    Package(PackageArgs),
    /// An address.
    Url(String),
    /// A command, which is run.
    Command(Vec<OsString>),
}

impl TargetArgs {
    /// The server, and the secrets that it asks of its callers.
    ///
    /// # Errors
    /// The address is none, the command is missing, or a secret is not where it is said to be.
    pub(crate) fn target(&self) -> Result<(Target, Secrets)> {
        if self.command.is_empty() && std::env::args_os().next_back().is_some_and(|last| last == "--") {
            // Such as where a variable that was to hold it is empty: the package here is not what was meant.
            return Err(Error::usage("there is no command after `--`")
                .help("write the command of a server behind it, or leave `--` out for the package here"));
        }
        let secrets = self.secrets.read()?;
        let target = match (&self.url, self.command.is_empty()) {
            (Some(url), _) => Target::Url(address(url)?),
            (None, false) if !secrets.is_empty() => {
                return Err(Error::usage("a server on standard input takes no headers")
                    .help("its command has the environment of this one"));
            }
            (None, false) => Target::Command(self.command.clone()),
            (None, true) => Target::Package(self.package.clone()),
        };
        Ok((target, secrets))
    }
}

impl TargetArgs {
    /// The words that name the same server once more: options, and those that stand after all others.
    pub(crate) fn again(&self) -> [Vec<String>; 2] {
        let given = [("--package", &self.package.package), ("--bin", &self.package.bin)];
        let given = given.into_iter().chain([("--example", &self.package.example), ("--url", &self.url)]);
        let given = given.filter_map(|(option, value)| Some([option.to_owned(), word(value.as_ref()?)]));
        let mut options: Vec<_> = given.flatten().collect();
        options.extend(self.package.release.then(|| "--release".to_owned()));
        match self.protocol {
            Protocol::V2026 => options.push("--protocol 2026".to_owned()),
            Protocol::V2025 => options.push("--protocol 2025".to_owned()),
            Protocol::Auto => {}
        }
        options.extend(self.secrets.again());
        let mut command: Vec<_> = self.command.iter().map(|part| word(&part.to_string_lossy())).collect();
        if !command.is_empty() {
            command.insert(0, "--".to_owned());
        }
        [options, command]
    }
}

/// The address, if it is one to be shown.
fn address(url: &str) -> Result<String> {
    let authority = ["http://", "https://"].iter().find_map(|scheme| url.strip_prefix(scheme));
    let authority = authority.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    if authority.is_empty() {
        return Err(Error::usage(format!("`{url}` is no address of a server"))
            .help("it begins with `http://` or `https://`, such as http://127.0.0.1:8080/mcp"));
    }
    if authority.contains('@') {
        // The address itself would show it.
        return Err(Error::usage("an address with a password in it is not taken").help(
            "put the secret into an environment variable, and pass `--bearer-env VAR` or `--header-env NAME=VAR`",
        ));
    }
    Ok(url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_without_a_password() {
        assert_eq!(address("https://example.com/mcp").unwrap(), "https://example.com/mcp");
        for wrong in
            ["example.com/mcp", "ftp://example.com", "http://", "http:///mcp", "https://ann:s3cret@example.com/mcp"]
        {
            let refused = address(wrong).unwrap_err();
            assert!(!format!("{refused:?}").contains("s3cret"), "{wrong}");
        }
    }
}
