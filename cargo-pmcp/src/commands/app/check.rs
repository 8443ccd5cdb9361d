//! `cargo pmcp app check`.

use std::iter;

use clap::{Args, ValueEnum};

use crate::{
    arguments,
    browser::BrowserArgs,
    check::{Browsing, Report, Rule, Seen, all, json, junit, look, named, tell},
    error::{Error, Result},
    interrupt::until_interrupted,
    output,
    shell::{Shell, write_out},
    target::TargetArgs,
    text::{meant, plain},
};

/// Check a server with widgets, and tell in which hosts it works.
///
/// It is asked as hosts of both eras ask, with widgets and without; of its tools only those are called that open a widget, say that they only
/// read, and need no arguments, and those that are named. The exit code is 1 if an error is found.
#[derive(Args, Debug)]
#[command(after_long_help = rules())]
pub(crate) struct Check {
    /// The form of the report: for people on standard error, else on standard output.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// A rule that may be broken; repeatable.
    #[arg(long, value_name = "RULE")]
    allow: Vec<String>,
    /// Show the views in a browser, too, under each host, and leave pictures in `target/pmcp/check`.
    #[arg(long)]
    browser: bool,
    /// The tool whose view is shown in the browser, in place of those that only read and need no arguments; repeatable. It is called, whatever
    /// it does.
    #[arg(long, value_name = "NAME", requires = "browser")]
    tool: Vec<String>,
    /// Its arguments.
    #[arg(long, value_name = "JSON|@FILE|-", requires = "tool")]
    args: Option<String>,
    #[command(flatten)]
    program: BrowserArgs,
    #[command(flatten)]
    target: TargetArgs,
}

/// The forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Junit,
}

impl Check {
    pub(crate) async fn run(self, shell: &Shell) -> Result {
        let allowed = self.allow.iter().map(|name| rule(name)).collect::<Result<Vec<_>>>()?;
        let arguments = self.args.as_deref().map(arguments::json).transpose()?.unwrap_or_default();
        let program = self.browser.then(|| self.program.find()).transpose()?;
        let browsing = program.map(|program| Browsing { program, tools: self.tool, arguments });
        let (format, told) = (self.format, shell.clone());
        until_interrupted(async {
            let seen = look(&self.target, browsing.as_ref(), shell).await?;
            // What a server has said may take its time, in which Ctrl-C is heard.
            let report = tokio::task::spawn_blocking(move || report(&seen, allowed, format, &told));
            report.await.unwrap_or_else(|error| Err(Error::because("the report cannot be made", &error)))
        })
        .await
    }
}

/// Makes and writes the report.
///
/// # Errors
/// It cannot be written, or has an error.
fn report(seen: &Seen, allowed: Vec<&'static Rule>, format: Format, shell: &Shell) -> Result {
    let report = Report::new(seen, allowed);
    match format {
        Format::Text => tell(&report, shell),
        Format::Json => output::json(&json(&report))?,
        Format::Junit => write_out(junit(&report).as_bytes())?,
    }
    if report.has_errors() { Err(Error::told()) } else { Ok(()) }
}

/// The rule of this name.
fn rule(name: &str) -> Result<&'static Rule> {
    named(name).ok_or_else(|| {
        let error = Error::usage(format!("there is no rule `{}`", plain(name)));
        match meant(name, all().map(|rule| rule.name)) {
            Some(meant) => error.help(format!("did you mean `{meant}`?")),
            None => error.help("`cargo pmcp app check --help` lists the rules"),
        }
    })
}

/// The rules with their reasons, as the long help lists them.
fn rules() -> String {
    let rows = all().map(|rule| format!("  {:<24} {}", rule.name, rule.reason));
    iter::once("Rules:".to_owned()).chain(rows).collect::<Vec<_>>().join("\n")
}
