//! Run with `cargo run -p notes`.
//!
//! Notes as resources, beside a tool that writes them and a prompt about them; a client reads one, follows it, and is told when it
//! changes.

use std::{collections::BTreeMap, io::Write as _, process::ExitCode, sync::Arc};

use parking_lot::Mutex;
use pmcp_client::Client;
use pmcp_server::{ResourceUpdates, Server, log};
use pmcp_tasks::prelude::*;
use serde_json::json;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The notes, by their names, and who is told that one changed.
#[derive(Clone, Default)]
struct Notes {
    texts: Arc<Mutex<BTreeMap<String, String>>>,
    updates: ResourceUpdates,
}

/// Write a note.
#[task_tool(support = "forbidden", idempotent, open_world = false)]
async fn write_note(name: String, text: String, State(notes): State<Notes>) -> Result<String, ToolError> {
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Err(ToolError::new("a note's name is made of letters, digits and hyphens"));
    }
    let uri = format!("note://{name}");
    notes.texts.lock().insert(name, text);
    notes.updates.updated(uri.clone());
    Ok(uri)
}

/// The names of all notes.
#[resource(uri = "notes://all", mime = "application/json")]
async fn all_notes(State(notes): State<Notes>) -> String {
    json!(notes.texts.lock().keys().collect::<Vec<_>>()).to_string()
}

/// A note.
#[resource(uri = "note://{name}", mime = "text/markdown")]
async fn note(#[complete(names)] name: &str, State(notes): State<Notes>) -> Result<String, ToolError> {
    notes.texts.lock().get(name).cloned().ok_or_else(ToolError::not_found)
}

/// Sum up a note.
#[prompt(title = "Sum up")]
async fn sum_up(
    /// The note's name.
    #[complete(names)]
    name: &str,
    /// The most words that it may have.
    #[arg(default = 50)]
    words: u32,
    State(notes): State<Notes>,
) -> Result<String, ToolError> {
    let texts = notes.texts.lock();
    let text = texts.get(name).ok_or_else(|| ToolError::new(format!("there is no note `{name}`")))?;
    Ok(format!("Sum up this note in at most {words} words:\n\n{text}"))
}

/// The names that begin as the user has typed.
#[complete]
async fn names(typed: &str, State(notes): State<Notes>) -> Vec<String> {
    notes.texts.lock().keys().filter(|name| name.starts_with(typed)).cloned().collect()
}

/// One line on standard output; one that nobody reads is not an error.
fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

#[tokio::main]
async fn main() -> ExitCode {
    log::exit_code(run().await)
}

async fn run() -> Outcome<()> {
    let notes = Notes::default();
    let updates = notes.updates.clone();
    let server = Server::new("notes", env!("CARGO_PKG_VERSION"))
        .state(notes)
        .tool::<write_note>()
        .resource::<all_notes>()
        .resource::<note>()
        .resource_updates(&updates)
        .prompt::<sum_up>();
    let running = server.start(([127, 0, 0, 1], 0).into()).await?;
    let client = Client::builder("writer", "1.0.0").connect_http(&running.url()).await?;

    client.call_and_wait("write_note", json!({ "name": "tea", "text": "Mint, three minutes." })).await?;
    let read = client.read_resource("note://tea").await?;
    say(format_args!("note://tea: {}", read["contents"][0]["text"]));
    assert_eq!(read["contents"][0]["mimeType"], "text/markdown");

    let mut following = client.listen(json!({ "resourceSubscriptions": ["note://tea"] })).await?;
    client.call_and_wait("write_note", json!({ "name": "tea", "text": "Mint, four minutes." })).await?;
    let told = following.next().await.ok_or("the server told nothing")?;
    say(format_args!("{}: {}", told.method, told.params["uri"]));
    assert_eq!(told.params["uri"], "note://tea");

    let typed =
        json!({ "ref": { "type": "ref/prompt", "name": "sum_up" }, "argument": { "name": "name", "value": "t" } });
    let suggested = client.request("completion/complete", typed).await?;
    say(format_args!("names with `t`: {}", suggested["completion"]["values"]));
    let prompt = client.get_prompt("sum_up", json!({ "name": "tea", "words": "5" })).await?;
    say(format_args!("{}", prompt["messages"][0]["content"]["text"]));
    assert_eq!(prompt["messages"][0]["content"]["text"], "Sum up this note in at most 5 words:\n\nMint, four minutes.");

    let missing = client.read_resource("note://coffee").await.err().ok_or("there is a note that nobody wrote")?;
    say(format_args!("note://coffee: {missing}"));
    client.close().await?;
    Ok(running.shut_down().await?)
}
