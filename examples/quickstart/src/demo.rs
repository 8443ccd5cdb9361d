//! The client's side: calls the tool over HTTP and shows what happens to the task.

use std::io::{IsTerminal as _, Write as _};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pmcp_client::{Client, ElicitAnswer, Elicitation, TaskState};
use pmcp_server::Server;
use serde_json::json;

use crate::index::{IndexReport, Root};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Serves on a free port of this machine and drives the server over it.
pub(crate) async fn run(server: Server<Root>, store: &str) -> Outcome<()> {
    let running = server.start(([127, 0, 0, 1], 0).into()).await?;
    say(format_args!("serving on {}, tasks in {store}", running.url()));
    let result = drive(&running.url()).await;
    running.shut_down().await?;
    result
}

async fn drive(url: &str) -> Outcome<()> {
    let bar = progress_bar();
    let asking = bar.clone();
    let client = Client::builder("quickstart", env!("CARGO_PKG_VERSION"))
        .on_elicit(move |question| ask(asking.clone(), question))
        .connect_http(url)
        .await?;
    let called = client.call_tool("index_files", json!({ "largest": 3 })).await?;
    let task = called.into_task().ok_or("the call did not become a task")?;
    say(format_args!("task {}", task.id()));

    let mut last = None;
    let result = task
        .wait_with(|state| {
            if last.replace(state.status) != Some(state.status) {
                bar.suspend(|| say(format_args!("  status: {}", state.status.as_str())));
            }
            show(&bar, state);
        })
        .await?;
    bar.finish_and_clear();
    client.close().await?;

    if result.is_error {
        return Err(result.first_text().unwrap_or("the tool failed").to_owned().into());
    }
    let report: IndexReport = serde_json::from_value(result.structured.ok_or("the result has no structured content")?)?;
    print_report(&report);
    Ok(())
}

/// One line on standard output; one that nobody reads is not an error.
fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// A bar on a terminal, nothing elsewhere.
fn progress_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("  {bar:40} {pos}/{len} files  {msg}");
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// The progress a task of 2026-07-28 shows: its status message and its variables.
fn show(bar: &ProgressBar, state: &TaskState) {
    let variable = |name: &str| state.variables.as_ref().and_then(|all| all.get(name)?.as_u64()).unwrap_or_default();
    let total = state.message.as_deref().and_then(|text| text.split_once(" of ")?.1.parse().ok());
    if let Some(total) = total {
        bar.set_length(total);
    }
    bar.set_position(variable("files"));
    bar.set_message(format!("{} words", variable("words")));
}

/// Asks the person at the terminal; without one the answer is no.
async fn ask(bar: ProgressBar, question: Elicitation) -> ElicitAnswer {
    let include = if std::io::stdin().is_terminal() {
        let answer = tokio::task::spawn_blocking(move || bar.suspend(|| read_answer(&question.message)));
        matches!(answer.await.unwrap_or_default().trim(), "y" | "Y" | "yes")
    } else {
        say(format_args!("  {} no (there is no terminal to ask)", question.message));
        false
    };
    ElicitAnswer::Accept(json!({ "include": include }))
}

/// The line a person writes; a terminal that goes away says nothing.
fn read_answer(question: &str) -> String {
    let mut line = String::new();
    let asked = write!(std::io::stdout(), "  {question} [y/N] ").and_then(|()| std::io::stdout().flush());
    if asked.is_ok() && std::io::stdin().read_line(&mut line).is_err() {
        line.clear();
    }
    line
}

fn print_report(report: &IndexReport) {
    say(format_args!(
        "{} files, {} words, {} hidden files left out",
        report.files, report.words, report.hidden_left_out
    ));
    for kind in report.types.iter().take(6) {
        say(format_args!("  {:>8} {:>5} files {:>8} words", kind.name, kind.files, kind.words));
    }
    say(format_args!("largest files"));
    for file in &report.largest {
        say(format_args!("  {:>8} bytes  {}", file.bytes, file.path));
    }
}
