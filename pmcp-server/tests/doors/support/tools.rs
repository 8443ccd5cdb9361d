//! The tools, prompts and resources of the tests.

use pmcp_server::{Prompt, PromptArgument, PromptResult, Resource, ResourceContents, Server};
use pmcp_tasks::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Probe;

/// What no client may ever see.
pub(crate) const SECRET: &str = "/home/secret/path token=hunter2";

#[derive(Clone, FromRef)]
pub(crate) struct App {
    probe: Probe,
}

#[derive(Form)]
struct Name {
    name: String,
}

/// Says it back.
#[task_tool(support = "forbidden")]
async fn echo(text: String) -> String {
    text
}

/// Waits at the gate.
#[task_tool(support = "forbidden")]
async fn block(State(probe): State<Probe>, cx: ToolContext) -> Result<String, ToolError> {
    probe.note("block started");
    tokio::select! {
        () = probe.gate() => Ok("released".into()),
        () = cx.cancellation().cancelled() => {
            probe.note("block cancelled");
            Err(ToolError::new("cancelled"))
        }
    }
}

/// Waits at the gate whatever happens, telling progress.
#[task_tool(support = "forbidden")]
async fn stubborn(State(probe): State<Probe>, cx: ToolContext) -> String {
    cx.progress(1, 3).await;
    probe.note("stubborn started");
    probe.gate().await;
    cx.progress(2, 3).await;
    cx.log(LogLevel::Alert, "still here");
    probe.note("stubborn ended");
    "done".into()
}

/// Keeps its context after it has ended.
#[task_tool(support = "forbidden")]
async fn leak(State(probe): State<Probe>, cx: ToolContext) -> String {
    cx.progress(1, 3).await;
    tokio::spawn(async move {
        probe.gate().await;
        cx.progress(2, 3).await;
        cx.log(LogLevel::Alert, "still here");
        probe.note("leak ended");
        std::future::pending::<()>().await;
        drop(cx);
    });
    "done".into()
}

/// Waits at the gate as a task, telling progress before and after.
#[task_tool]
async fn work(State(probe): State<Probe>, task: TaskContext) -> Result<String, ToolError> {
    task.progress(1, 2).await;
    probe.note("work started");
    tokio::select! {
        () = probe.gate() => {}
        () = task.cancellation().cancelled() => {
            probe.note("work cancelled");
            return Err(ToolError::new("cancelled"));
        }
    }
    task.progress(2, 2).await;
    Ok("worked".into())
}

/// Runs as a task only.
#[task_tool(support = "required")]
async fn must_be_task() -> String {
    "task".into()
}

/// Tells progress so often.
#[task_tool(support = "forbidden")]
async fn count(to: u32, cx: ToolContext) -> String {
    for done in 1..=to {
        cx.progress(done, to).await;
    }
    format!("counted to {to}")
}

/// Tells progress of so many kilobytes, giving everybody else a turn after each.
#[task_tool(support = "forbidden")]
async fn flood(kilobytes: u32, State(probe): State<Probe>, cx: ToolContext) -> String {
    for done in 1..=kilobytes {
        cx.progress_message(done, kilobytes, "x".repeat(1024)).await;
        tokio::task::yield_now().await;
    }
    probe.note("flooded");
    "flooded".into()
}

/// Asks for a name.
#[task_tool]
async fn ask(State(probe): State<Probe>, task: TaskContext) -> Result<String, ToolError> {
    probe.note("ask started");
    let Name { name } = task.elicit("Who are you?").await?;
    probe.note(format!("asked {name}"));
    Ok(format!("hello {name}"))
}

/// Lets its client go, waits at the gate, and asks for a name.
#[task_tool(support = "forbidden")]
async fn part(State(probe): State<Probe>, cx: ToolContext) -> Result<String, ToolError> {
    cx.progress(1, 2).await;
    cx.let_go();
    probe.note("parted");
    probe.gate().await;
    let Name { name } = cx.elicit("Who are you?").await?;
    Ok(format!("hello {name}"))
}

/// Sends the user to a page, and waits until the user is done there: at the gate, if it is no task.
#[task_tool]
async fn visit(State(probe): State<Probe>, task: TaskContext) -> Result<String, ToolError> {
    let visit = task.elicit_url("Give access.", |id| format!("https://notes.example/connect?id={id}")).await?;
    probe.note(format!("goes to {}", visit.id()));
    if task.id().is_some() {
        visit.completed().await?;
    } else {
        probe.gate().await;
        visit.tell_completed();
    }
    Ok("has access".into())
}

/// Refuses to go on before the user has visited a page, which the user does at the gate.
#[task_tool(support = "forbidden")]
async fn visit_first(State(probe): State<Probe>, cx: ToolContext) -> Result<String, ToolError> {
    Err(cx.require_url("Give access.", |visit| {
        let (probe, done) = (probe.clone(), visit.clone());
        tokio::spawn(async move {
            probe.gate().await;
            done.tell_completed();
        });
        format!("https://notes.example/connect?id={}", visit.id())
    }))
}

/// Asks before it begins.
#[task_tool(support = "forbidden")]
async fn ask_first(#[ask("Who are you?")] name: String) -> String {
    format!("hello {name}")
}

/// Fails inside.
#[task_tool(support = "forbidden")]
async fn fail() -> Result<String, ToolError> {
    Err(std::io::Error::other(SECRET))?;
    Ok(String::new())
}

/// Panics.
#[task_tool(support = "forbidden")]
async fn panics() -> String {
    panic!("{SECRET}")
}

#[derive(serde::Serialize, JsonSchema)]
struct Explosive;

impl<'de> Deserialize<'de> for Explosive {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if bool::deserialize(deserializer)? { panic!("{SECRET}") } else { Ok(Self) }
    }
}

/// Panics before it begins.
#[task_tool(support = "forbidden")]
async fn panics_early(it: Explosive) -> String {
    let _ = it;
    String::new()
}

/// The usual server on a store.
pub(crate) fn server_with(store: pmcp_tasks::TaskStore) -> (Server<App>, Probe) {
    let probe = Probe::new();
    let noted = probe.clone();
    let server = Server::new("doors", "1.0.0")
        .instructions("Knock first.")
        .state(App { probe: probe.clone() })
        .store(store)
        .tool::<echo>()
        .tool::<block>()
        .tool::<stubborn>()
        .tool::<leak>()
        .tool::<work>()
        .tool::<must_be_task>()
        .tool::<count>()
        .tool::<flood>()
        .tool::<ask>()
        .tool::<part>()
        .tool::<visit>()
        .tool::<visit_first>()
        .tool::<ask_first>()
        .tool::<fail>()
        .tool::<panics>()
        .tool::<panics_early>()
        .prompt_with(
            Prompt::new("greet")
                .description("Greets somebody.")
                .argument(PromptArgument::required("name"))
                .argument(PromptArgument::optional("tone")),
            move |arguments, _| {
                noted.note("greet");
                async move { Ok(PromptResult::user(format!("Hello, {}!", arguments.text("name")))) }
            },
        )
        .prompt_with(Prompt::new("ask").description("Asks for a name."), |_, cx| async move {
            let Name { name } = cx.elicit("Who are you?").await?;
            Ok(PromptResult::user(name))
        })
        .prompt_with(Prompt::new("panics"), |_, _| async { panic!("{SECRET}") })
        .prompt_with(Prompt::new("panics_early"), |_, _| -> std::future::Ready<_> { panic!("{SECRET}") })
        .prompt_with(Prompt::new("fails"), |_, _| async { Err(std::io::Error::other(SECRET))? })
        .resource_with(Resource::new("test://note").mime_type("text/plain"), |_, _| async { Ok("a note") })
        .resource_with("test://bytes", |_, _| async { Ok(vec![0, 1, 255]) })
        .resource_with("test://panics", |_, _| async { if true { panic!("{SECRET}") } else { Ok("") } })
        .resource_with("test://fails", |_, _| async {
            Err(std::io::Error::other(SECRET))?;
            Ok("")
        })
        .resource_template("test://item/{id}/data", |request, _| async move {
            Ok(ResourceContents::Text(format!("item {}", request.variables["id"])))
        });
    (server, probe)
}

/// The usual server.
pub(crate) fn server() -> (Server<App>, Probe) {
    server_with(pmcp_tasks::TaskStore::memory())
}
