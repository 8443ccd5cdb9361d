//! `cargo pmcp app replay`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use pmcp_preview::profiles;
use serde_json::Value;

use crate::{
    browser::{Browser, BrowserArgs},
    error::{Error, Result},
    interrupt::until_interrupted,
    output::string,
    shell::Shell,
    stage::{Difference, Replayed, Stage},
    target::{Reached, TargetArgs},
    text::plain,
};

/// The most bytes of a trace, as the preview keeps them.
const LARGEST: u64 = 64 << 20;
/// The differences that are told, and the characters of what is asked in one.
const MOST: usize = 100;
const ASKED: usize = 200;

/// Replay a trace against the view as it is now, and fail on a difference.
///
/// The view is told what it was told then, and the trace answers what it asks: nothing is asked of the server but its tools and the document.
/// A request that the trace does not hold is a difference, and so is one that the view does not make any more. The exit code is 1 if there is
/// one.
#[derive(Args, Debug)]
pub(crate) struct Replay {
    /// The file, as `cargo pmcp preview --record` writes it, or the name of one that the preview has kept.
    #[arg(value_name = "TRACE")]
    trace: PathBuf,
    /// The time between messages.
    #[arg(long, value_name = "PACING", default_value = "once")]
    pacing: Pacing,
    /// Let requests be missing that the view made then, such as those that somebody's click has led to.
    #[arg(long)]
    allow_missing: bool,
    #[command(flatten)]
    browser: BrowserArgs,
    #[command(flatten)]
    target: TargetArgs,
}

/// The time between messages of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Pacing {
    /// None.
    Once,
    /// As it was recorded.
    Recorded,
}

impl Pacing {
    fn name(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Recorded => "recorded",
        }
    }
}

/// A trace, as far as it has to be known here.
#[derive(Debug)]
struct Trace {
    text: String,
    profile: String,
    tool: String,
}

impl Replay {
    pub(crate) async fn run(self, shell: &Shell) -> Result {
        let program = self.browser.find()?;
        until_interrupted(self.replay(&program, shell)).await
    }

    async fn replay(&self, program: &Path, shell: &Shell) -> Result {
        // A file is read before a server is built; a name needs to know where.
        let early = self.trace.is_file().then(|| read(&self.trace)).transpose()?;
        let server = self.target.reach(shell).await?;
        let replayed = match early.map_or_else(|| self.kept(&server), Ok) {
            Ok(trace) => self.of_one(&server, program, &trace).await.map(|replayed| (trace, replayed)),
            Err(error) => Err(error),
        };
        server.stop().await;
        let (trace, replayed) = replayed?;
        self.tell(&trace, &replayed, shell)
    }

    /// A trace that the preview has kept under a name.
    fn kept(&self, server: &Reached) -> Result<Trace> {
        let is_name = self.trace.components().count() == 1 && self.trace.extension().is_none();
        let kept = server.folder().join("traces").join(&self.trace).with_extension("jsonl");
        read(if is_name { &kept } else { &self.trace })
    }

    async fn of_one(&self, server: &Reached, program: &Path, trace: &Trace) -> Result<Replayed> {
        let browser = Browser::start(program).await?;
        let replayed = match Stage::open(&browser, server.endpoint()?, self.target.protocol, &trace.profile).await {
            Ok(stage) => {
                let replayed = stage.replay(&trace.text, self.pacing.name()).await;
                stage.close().await;
                replayed
            }
            Err(error) => Err(error),
        };
        browser.stop().await;
        replayed
    }

    fn tell(&self, trace: &Trace, replayed: &Replayed, shell: &Shell) -> Result {
        let file = plain(&self.trace.to_string_lossy());
        if replayed.shown.phase != "ready" {
            let why = replayed.shown.trouble.as_deref().unwrap_or("it does not say that it is initialized");
            return Err(Error::failed(format!(
                "the view of `{}` does not get ready: {}",
                plain(&trace.tool),
                plain(why)
            ))
            .help("`cargo pmcp preview` shows what happens in it"));
        }
        if replayed.is_other {
            shell.warn(&format!("the document of `{}` is not the one of the record", plain(&trace.tool)));
        }
        let (missing, others): (Vec<_>, Vec<_>) =
            replayed.differences.iter().partition(|difference| !difference.is_unrecorded);
        let told: Vec<_> = others.into_iter().chain(missing.into_iter().filter(|_| !self.allow_missing)).collect();
        for difference in told.iter().take(MOST) {
            let (rule, message, help) = words(difference);
            shell.finding(true, rule, &message, help);
        }
        let differences = match told.len() {
            0 => "no difference".to_owned(),
            1 => "1 difference".to_owned(),
            number => format!("{number} differences"),
        };
        let messages = replayed.messages;
        let s = if messages == 1 { "" } else { "s" };
        shell.status("Replayed", &format!("{file} under {} ({messages} message{s}): {differences}", trace.profile));
        if told.is_empty() { Ok(()) } else { Err(Error::told()) }
    }
}

/// A difference, in words.
fn words(difference: &Difference) -> (&'static str, String, &'static str) {
    let Difference { is_unrecorded, method, params } = difference;
    let name =
        ["name", "uri", "url", "taskId"].into_iter().map(|key| string(params, key)).find(|name| !name.is_empty());
    let about = name.map(|name| format!(" of `{}`", plain(name))).unwrap_or_default();
    let given = match &params["arguments"] {
        Value::Null => String::new(),
        arguments => {
            let text: String = plain(&arguments.to_string()).chars().take(ASKED).collect();
            format!(" with {text}")
        }
    };
    let request = format!("`{}`{about}{given}", plain(method));
    if *is_unrecorded {
        (
            "unrecorded",
            format!("the view asks for {request}, which the trace does not hold"),
            "the view does something else than it did then; if that is right, record the trace anew",
        )
    } else {
        (
            "missing",
            format!("the view does not ask for {request} any more"),
            "if somebody's click has led to it then, pass `--allow-missing`; if the view is right, record the trace anew",
        )
    }
}

/// Reads a trace.
///
/// # Errors
/// It is not there, is too large, or its first line is no head.
fn read(path: &Path) -> Result<Trace> {
    let shown = path.display();
    let unread = |error: &std::io::Error| {
        Error::because(&format!("the trace `{shown}` cannot be read"), error).help(
            "`cargo pmcp preview --record FILE` writes one; those that its page keeps are in `target/pmcp/traces`",
        )
    };
    if fs::metadata(path).map_err(|error| unread(&error))?.len() > LARGEST {
        return Err(Error::failed(format!("the trace `{shown}` is larger than {} MiB", LARGEST >> 20))
            .help("record a shorter one"));
    }
    let text = fs::read_to_string(path).map_err(|error| unread(&error))?;
    let head: Value = text.lines().next().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default();
    let (profile, tool) = (string(&head, "profile").to_owned(), string(&head, "tool").to_owned());
    let why = if head["format"] != 1 {
        "line 1 is no head of a trace in format 1".to_owned()
    } else if profiles().all(|known| known["id"] != profile.as_str()) {
        format!("there is no host profile `{}`", plain(&profile))
    } else {
        return Ok(Trace { text, profile, tool });
    };
    Err(Error::failed(format!("`{shown}` is no trace: {why}")).help("record one by `cargo pmcp preview --record FILE`"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_difference_says_what_is_asked() {
        let params = json!({ "name": "move", "arguments": { "to": "e4" } });
        let asked = Difference { is_unrecorded: true, method: "tools/call".to_owned(), params };
        assert_eq!(
            words(&asked).1,
            "the view asks for `tools/call` of `move` with {\"to\":\"e4\"}, which the trace does not hold"
        );
        let opened = json!({ "url": "https://a.example/" });
        let gone = Difference { is_unrecorded: false, method: "ui/open-link".to_owned(), params: opened };
        assert_eq!(words(&gone).1, "the view does not ask for `ui/open-link` of `https://a.example/` any more");
    }
}
