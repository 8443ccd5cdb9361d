//! A server that sends every kind of message.

use std::time::Duration;

use pmcp_server::{
    CompletionRequest, Prompt, PromptArgument, PromptResult, Resource, ResourceContents, Server, pmcp_tasks,
};
use pmcp_tasks::{
    Limits,
    prelude::*,
    tool::{Annotations, Icon, IconTheme, ResourceLink, Role},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, json};

#[derive(pmcp_tasks::Form, Serialize, JsonSchema)]
pub(crate) struct Name {
    name: String,
}

/// A form with every kind of field.
#[derive(pmcp_tasks::Form)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct Form {
    /// What to call you.
    name: String,
    age: Option<u8>,
    weight: f64,
    member: bool,
    size: Size,
    sizes: Vec<Size>,
    plain: Plain,
    plains: Vec<Plain>,
}

#[derive(pmcp_tasks::Form)]
#[serde(rename_all = "lowercase")]
enum Size {
    /// It fits a hand.
    Small,
    Large,
}

#[derive(pmcp_tasks::Form)]
#[serde(rename_all = "lowercase")]
enum Plain {
    A,
    B,
}

#[derive(Serialize, JsonSchema)]
struct Report {
    rows: u64,
    notes: Vec<String>,
    best: Option<Box<Report>>,
}

/// Answers with every kind of content.
#[task_tool(
    support = "forbidden",
    title = "Contents",
    icons = [icon("https://example.com/a.svg", mime = "image/svg+xml", sizes = ["any"], theme = "light")],
    read_only,
    idempotent,
    meta = json!({ "test/a": 1 })
)]
async fn contents() -> ToolResult {
    ToolResult::text("words")
        .with(Content::image([1, 2, 3], "image/png"))
        .with(Content::audio([4, 5], "audio/wav"))
        .with(Content::resource_text("test://a", "text/plain", "words"))
        .with(Content::resource_bytes("test://b", "application/octet-stream", [6]))
        .with(Content::resource_link("test://c", "c"))
        .with(
            ResourceLink::new("test://d", "d")
                .title("D")
                .description("All of a link")
                .mime_type("text/plain")
                .size(4)
                .icons([icon()])
                .into(),
        )
        .with(Content::text("aside").annotated(annotations()).with_meta(Map::from_iter([("test/a".into(), 1.into())])))
}

fn icon() -> Icon {
    Icon::new("https://example.com/a.svg").mime_type("image/svg+xml").sizes(["any"]).theme(IconTheme::Dark)
}

fn annotations() -> Annotations {
    Annotations::new().audience([Role::User]).priority(0.5).last_modified("2026-07-28T15:00:58Z")
}

/// Answers with an object.
#[task_tool(inline = "0", destructive, open_world)]
async fn report(
    /// How many rows.
    rows: u64,
) -> Report {
    let best = Report { rows: 1, notes: Vec::new(), best: None };
    Report { rows, notes: vec!["fine".into()], best: Some(Box::new(best)) }
}

/// Answers with a list.
#[task_tool(support = "forbidden")]
async fn list(#[arg(default = 3)] length: u32) -> Vec<u32> {
    (0..length).collect()
}

/// Answers with a number.
#[task_tool(support = "forbidden")]
async fn number() -> i64 {
    42
}

/// Answers with nothing.
#[task_tool(support = "forbidden")]
async fn nothing() {}

/// Fails as its argument says.
#[task_tool(inline = "0", poll_interval = "20ms")]
async fn fail(how: &str) -> Result<String, ToolError> {
    match how {
        "text" => Err(ToolError::new("not today")),
        "code" => Err(ToolError::rpc_with_data(-31000, "broken", json!({ "part": "left" }))),
        "inside" => Err(std::io::Error::other("a secret"))?,
        _ => panic!("as it was told to"),
    }
}

/// Tells how far it is, and writes to the log.
#[task_tool(support = "forbidden")]
async fn tell(tool: ToolContext) -> Result<String, ToolError> {
    tool.progress(1, 2).await;
    tool.progress_message(2, 2, "done").await;
    tool.log(LogLevel::Error, json!({ "a": ["b"] }));
    tool.log(LogLevel::Error, "words");
    Ok("told".into())
}

/// Asks for all there is to ask for.
#[task_tool(inline = "0", poll_interval = "20ms")]
async fn ask(tool: ToolContext) -> Result<String, ToolError> {
    tool.elicit::<Form>("Who are you?").await?;
    let message = json!({ "role": "user", "content": { "type": "text", "text": "Hello" } });
    tool.sample(json!({ "messages": [message], "maxTokens": 10 })).await?;
    tool.list_roots().await?;
    Ok("answered".into())
}

/// Asks before it begins.
#[task_tool(inline = "0", poll_interval = "20ms")]
async fn greet(#[ask("Who?")] who: Name) -> String {
    format!("Hello, {}!", who.name)
}

#[derive(TaskVariables, Default)]
struct Progress {
    rows: u64,
    #[variable(client_writable)]
    stop: bool,
}

/// Works until it is told to stop.
#[task_tool(support = "required", ttl = "1h", poll_interval = "20ms")]
async fn work(task: TaskContext<Progress>) -> Result<Report, ToolError> {
    task.status_message("working hard").await?;
    task.progress(1, 2).await;
    task.log(LogLevel::Warning, "working");
    task.variables().rows.set(7).await?;
    while !task.variables().stop.get().await? {
        task.check_cancelled()?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(Report { rows: 7, notes: Vec::new(), best: None })
}

async fn show(arguments: pmcp_server::PromptArguments, cx: ToolContext) -> Result<PromptResult, ToolError> {
    if arguments.get("subject").is_some_and(|subject| subject == "me") {
        let Name { name } = cx.elicit("Who?").await?;
        return Ok(PromptResult::user(name));
    }
    Ok(PromptResult::user(arguments.text("subject"))
        .description("Everything a prompt can show")
        .meta(Map::from_iter([("test/a".into(), 1.into())]))
        .with_assistant(Content::image([1], "image/png"))
        .with_user(Content::audio([1], "audio/wav"))
        .with_user(Content::resource_text("test://a", "text/plain", "words"))
        .with_user(Content::resource_link("test://c", "c")))
}

pub(crate) fn server() -> Server {
    let described = |uri: &str| {
        Resource::new(uri)
            .name("described")
            .title("Described")
            .description("A resource")
            .mime_type("text/plain")
            .size(5)
            .icons([icon()])
            .annotations(annotations())
    };
    Server::new("fixture", "1.2.3")
        .title("The fixture")
        .description("All that a server can say")
        .website("https://example.com/fixture")
        .icons([icon()])
        .instructions("Call everything.")
        .shutdown_grace(Duration::from_millis(100))
        .limits(Limits { page_size: 2, ..Limits::default() })
        .tool::<contents>()
        .tool::<report>()
        .tool::<list>()
        .tool::<number>()
        .tool::<nothing>()
        .tool::<fail>()
        .tool::<tell>()
        .tool::<ask>()
        .tool::<greet>()
        .tool::<work>()
        .prompt_with(
            Prompt::new("show")
                .title("Show")
                .description("Shows things")
                .icons([icon()])
                .meta(Map::from_iter([("test/a".into(), 1.into())]))
                .argument(PromptArgument::required("subject").title("Subject").description("What to show"))
                .argument(PromptArgument::optional("size")),
            show,
        )
        .prompt_with(Prompt::new("plain"), async |_, _| Ok(PromptResult::user("Hello")))
        .prompt_with(Prompt::new("third"), async |_, _| Ok(PromptResult::user("Hello")))
        .resource_with(described("test://text"), async |_, _| Ok("words"))
        .resource_with("test://bytes", async |_, _| Ok(vec![0_u8, 159]))
        .resource_with("test://broken", async |_, _| Err::<ResourceContents, _>(ToolError::new("cannot be read")))
        .resource_with("test://asks", async |_, cx: ToolContext| {
            let Name { name } = cx.elicit("Who?").await?;
            Ok(name)
        })
        .resource_template(described("test://item/{id}"), async |request, _| Ok(request.variables["id"].clone()))
        .resource_template("test://other/{id}", async |_, _| Ok("words"))
        .resource_template("test://third/{id}", async |_, _| Ok("words"))
        .complete(async |request: CompletionRequest, _| Ok(vec![format!("{}…", request.value)]))
}
