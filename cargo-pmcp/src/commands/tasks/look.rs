//! `cargo pmcp tasks look`.

use std::time::Duration;

use clap::Args;
use pmcp_tasks::{
    operate::{HeldBy, Look},
    task::{InputRequest, OnCrash, Outcome, TaskStatus},
    time::Millis,
};
use serde_json::{Value, json};

use super::{
    Format, TaskArgs,
    owner::shown as owner_shown,
    store::{Opened, failed, told},
    words::{span, state, style},
};
use crate::{
    error::Result,
    form::Form,
    output::{self, string, table},
    screen::{FAILED, Line, OVER, Screen, write_lines},
    shell::{Shell, write_text},
    text::{line, word},
};

/// The time between looks.
const WATCH: Duration = Duration::from_secs(1);
/// The characters of a value that are shown in a line. JSON has all.
const SHORT: usize = 300;

/// Show everything that the store has of a task.
///
/// Variables that no client sees are shown as `(hidden)`. What steps, signals and results hold is shown as it is.
#[derive(Args, Debug)]
pub(super) struct LookArgs {
    #[command(flatten)]
    task: TaskArgs,
    /// Show the values of variables that no client sees, too.
    #[arg(long)]
    show_hidden: bool,
    /// The form of what is shown.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Look again and again until it ends: at a terminal in the same place, elsewhere a line for each change.
    #[arg(long)]
    watch: bool,
}

impl LookArgs {
    pub(super) async fn run(self, opened: &Opened, shell: &Shell) -> Result {
        let look = self.task.look(opened).await?;
        let look = if self.watch { self.watch(opened, look, shell).await? } else { look };
        if !self.watch {
            match self.format {
                Format::Json => output::json(&self.as_json(&look))?,
                Format::Text => write_lines(&self.lines(&look, opened.tasks.clock().now()))?,
            }
        }
        if let Some(next) = self.next(&look, opened).filter(|_| self.format == Format::Text) {
            shell.status("Next", &next);
        }
        Ok(())
    }

    /// Shows it until it has ended; as it is then.
    async fn watch(&self, opened: &Opened, mut look: Look, shell: &Shell) -> Result<Look> {
        let (mut screen, mut written) = (Screen::default(), None);
        // The store does not answer, for this reason.
        let mut away = None;
        let is_drawn = Screen::is_there() && self.format == Format::Text;
        loop {
            if is_drawn {
                let mut lines = self.lines(&look, opened.tasks.clock().now());
                lines.push(match &away {
                    Some(reason) => Line { text: format!("{reason}; it is asked again"), style: FAILED },
                    None if look.status.is_terminal() => Line::plain(""),
                    None => Line { text: "Ctrl-C ends".to_owned(), style: OVER },
                });
                screen.draw(&lines)?;
            } else {
                let value = self.as_json(&look);
                let text = match self.format {
                    Format::Json => value.to_string(),
                    Format::Text => change(&look),
                };
                if written.as_ref() != Some(&text) {
                    match self.format {
                        Format::Json => output::json_line(&value)?,
                        Format::Text => write_text(&text)?,
                    }
                    written = Some(text);
                }
            }
            if look.status.is_terminal() {
                return Ok(look);
            }
            tokio::time::sleep(WATCH).await;
            match self.task.handle(opened)?.look().await {
                Ok(Some(next)) => (look, away) = (next, None),
                Ok(None) => return Err(self.task.unknown(opened)),
                Err(error) if error.is_retryable() => {
                    let reason = told(&error);
                    if away.is_none() && !is_drawn {
                        shell.warn(&format!("{reason}; it is asked again"));
                    }
                    away = Some(reason);
                }
                Err(error) => return Err(failed(&error)),
            }
        }
    }

    /// It as JSON, without the values that are hidden.
    fn as_json(&self, look: &Look) -> Value {
        let mut value = json!(look);
        if !self.show_hidden {
            for (name, _) in look.variables.iter().filter(|(_, variable)| variable.hidden) {
                if let Some(variable) = value["variables"][name].as_object_mut() {
                    variable.remove("value");
                }
            }
        }
        value
    }

    fn lines(&self, look: &Look, now: Millis) -> Vec<Line> {
        let state = state(look.status, look.is_error);
        let when = |time: Millis| format!("{time} ({} ago)", span(time, now));
        let left = if look.expires > now { format!("in {}", span(now, look.expires)) } else { "now".to_owned() };
        let holder = match &look.holder {
            Some(HeldBy::Queue) => "the queue".to_owned(),
            Some(HeldBy::Worker(id)) => format!("worker {id}"),
            _ if look.status.is_terminal() => String::new(),
            _ => "nobody: it waits for its client".to_owned(),
        };
        let rows = [
            ["task", &*look.id],
            ["tool", &look.tool],
            ["owner", &owner_shown(&look.owner)],
            ["status", state],
            ["message", look.message.as_deref().unwrap_or_default()],
            ["created", &when(look.created)],
            ["changed", &when(look.updated)],
            ["expires", &format!("{} ({left})", look.expires)],
            ["held by", &holder],
            ["runs", &look.attempt.to_string()],
            ["on crash", if look.on_crash == OnCrash::Restart { "restart" } else { "fail" }],
        ];
        let rows: Vec<_> = rows.into_iter().filter(|[_, value]| !value.is_empty()).map(|row| row.map(line)).collect();
        let mut lines: Vec<_> = table(&rows).lines().map(Line::plain).collect();
        if let Some(status) = lines.iter_mut().find(|line| line.text.starts_with("status ")) {
            status.style = style(look.status, look.is_error);
        }
        let mut part = |title: &str, entries: Vec<[String; 2]>| {
            if !entries.is_empty() {
                lines.push(Line::plain(title));
                let entries: Vec<_> =
                    entries.into_iter().map(|[name, value]| [format!("  {}", line(&name)), short(&value)]).collect();
                lines.extend(table(&entries).lines().map(Line::plain));
            }
        };
        part("arguments", entries(&look.arguments));
        let variable = |(name, variable): (&String, &pmcp_tasks::operate::LookedVariable)| {
            let is_shown = self.show_hidden || !variable.hidden;
            [name.clone(), if is_shown { variable.value.to_string() } else { "(hidden)".to_owned() }]
        };
        part("variables", look.variables.iter().map(variable).collect());
        part("steps", entries(&look.steps));
        part("steps of the workflow", entries(&look.workflow_steps));
        part("questions", look.questions.iter().map(|(key, question)| [key.clone(), asked(question)]).collect());
        let (pages, signals): (Vec<_>, Vec<_>) =
            look.awaited_signals.iter().partition(|(name, _)| page(name).is_some());
        part(
            "waits for pages",
            pages.into_iter().filter_map(|(name, _)| Some([page(name)?.to_owned(), String::new()])).collect(),
        );
        part("waits for signals", entries(signals));
        part("has signals", entries(&look.signals));
        part("timers", look.timers.iter().map(|(name, time)| [name.clone(), until(*time, now)]).collect());
        if let Some((word, text)) = end(look) {
            lines.push(Line::plain(word));
            lines.extend(crate::text::plain(&text).lines().map(Line::plain));
        }
        lines
    }

    /// The command that brings it on.
    fn next(&self, look: &Look, opened: &Opened) -> Option<String> {
        if let Some((key, question)) = look.questions.iter().next() {
            let mut words = Vec::new();
            if look.questions.len() > 1 {
                words.extend(["--question".to_owned(), word(key)]);
            }
            let fields = Form::new(&question.params["requestedSchema"]).fields;
            words.extend(fields.iter().map(|field| format!("{}=…", word(&field.name))));
            if fields.is_empty() {
                words.push("--result JSON".to_owned());
            }
            return Some(self.task.command(opened, "answer", &words.iter().map(String::as_str).collect::<Vec<_>>()));
        }
        // What waits for a page is brought on by whoever serves the page.
        if let Some(name) = look.awaited_signals.keys().find(|name| page(name).is_none()) {
            return Some(self.task.command(opened, "signal", &[&word(name), "JSON"]));
        }
        let has_failed = look.status == TaskStatus::Failed || look.is_error;
        (has_failed && look.on_crash == OnCrash::Restart && look.workflow_steps.is_empty())
            .then(|| self.task.command(opened, "retry", &[]))
    }
}

/// The id of the visit that a signal is the end of, if it is one: `TaskHandle::complete_elicitation` delivers such.
fn page(signal: &str) -> Option<&str> {
    signal.strip_prefix("run.pmcp/elicitation/")
}

fn entries<'a>(values: impl IntoIterator<Item = (&'a String, &'a Value)>) -> Vec<[String; 2]> {
    values.into_iter().map(|(name, value)| [name.clone(), value.to_string()]).collect()
}

/// A value in a line that is no longer than somebody reads.
fn short(value: &str) -> String {
    let value = line(value);
    if value.chars().count() <= SHORT {
        return value;
    }
    format!("{}… ({} bytes)", value.chars().take(SHORT).collect::<String>(), value.len())
}

fn until(time: Millis, now: Millis) -> String {
    if time > now { format!("{time} (in {})", span(now, time)) } else { format!("{time} (over)") }
}

/// The text of a question, and the fields of its form.
pub(super) fn asked(question: &InputRequest) -> String {
    if question.method != "elicitation/create" {
        return question.method.clone();
    }
    if let Some(url) = question.page() {
        return format!("{} (a page: {url})", string(&question.params, "message"));
    }
    let form = Form::new(&question.params["requestedSchema"]);
    let fields: Vec<_> = form.fields.iter().map(|field| format!("{}: {}", field.name, field.takes())).collect();
    let message = string(&question.params, "message");
    if fields.is_empty() { message.to_owned() } else { format!("{message} ({})", fields.join("; ")) }
}

/// The end of a task: a word, and its texts.
fn end(look: &Look) -> Option<(&'static str, String)> {
    match look.outcome.as_ref()? {
        Outcome::Result(result) => {
            let value = serde_json::to_value(result).unwrap_or_default();
            let blocks: Vec<_> = value["content"].as_array().into_iter().flatten().map(output::block).collect();
            Some((if look.is_error { "failed with" } else { "result" }, blocks.join("\n")))
        }
        Outcome::Raw(value) => Some(("result", format!("{value:#}"))),
        Outcome::Error(error) => Some(("failed with", format!("{} ({})", line(&error.message), error.code))),
        Outcome::Cancelled => None,
    }
}

/// The state of a task as a line, for who reads no table.
fn change(look: &Look) -> String {
    let message = look.message.as_deref().map(line).unwrap_or_default();
    let asks = look.questions.iter().map(|(key, question)| format!("asks {}: {}", line(key), line(&asked(question))));
    let waits = look.awaited_signals.keys().map(|name| match page(name) {
        Some(id) => format!("waits for the page {}", line(id)),
        None => format!("waits for {}", line(name)),
    });
    let cells = [state(look.status, look.is_error).to_owned(), message].into_iter().chain(asks).chain(waits);
    cells.filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join("  ")
}
