//! The server that stands in the storm, and what to watch it by.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, Once,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use pmcp_server::{CompletionRequest, Prompt, PromptArgument, PromptResult, ServeLimits, Server, pmcp_tasks};
use pmcp_tasks::{Limits, TaskStore, prelude::*, testing::ManualClock};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use crate::messages::Reaction;

#[derive(Deserialize, Form, Serialize, JsonSchema)]
struct Name {
    name: String,
}

/// How often each name was answered: counted where it arrives, in the functions that asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers(Arc<Mutex<BTreeMap<String, usize>>>);

impl Answers {
    fn received(&self, name: &Name) {
        *self.0.lock().unwrap().entry(name.name.clone()).or_default() += 1;
    }

    /// Fails unless so many good answers arrived by each way: a storm whose answers reach nobody tests no questions.
    pub(crate) fn assert_enough(&self) {
        // About a quarter of what all cases of a storm come to.
        const ENOUGH: [usize; 3] = [15, 10, 5];
        let received = self.0.lock().unwrap();
        for (way, least) in Reaction::WAYS.into_iter().zip(ENOUGH) {
            let count = received.get(way).copied().unwrap_or_default();
            assert!(count >= least, "{count} answers by {way:?}, not {least}: {received:?}");
        }
    }
}

/// Says what it was given.
#[task_tool(support = "forbidden")]
async fn echo(text: String, numbers: Option<Vec<f64>>, name: Option<Name>) -> (String, Option<Vec<f64>>, Option<Name>) {
    (text, numbers, name)
}

#[derive(TaskVariables, Default)]
struct Work {
    done: u32,
    #[variable(client_writable)]
    limit: Option<u8>,
}

/// Works for a moment.
#[task_tool(support = "optional", timeout = "1m", ttl = "1h")]
async fn work(steps: u8, task: TaskContext<Work>) -> Result<u32, ToolError> {
    let steps = steps.min(5);
    for step in 0..steps {
        task.check_cancelled()?;
        task.step(format!("step {step}"), async || Ok::<_, ToolError>(step)).await?;
        task.variables().done.add(1).await?;
        task.progress(step, steps).await;
        task.log(LogLevel::Info, "a step");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(task.variables().done.get().await?)
}

/// Asks for a name.
#[task_tool(support = "optional", timeout = "1m")]
async fn ask(State(answers): State<Answers>, tool: ToolContext) -> Result<Name, ToolError> {
    let name = tool.elicit("Who?").await?;
    answers.received(&name);
    Ok(name)
}

/// Asks for a name before it begins.
#[task_tool(support = "optional", timeout = "1m")]
async fn asked(#[ask("Who?")] who: Name, State(answers): State<Answers>) -> Name {
    answers.received(&who);
    who
}

const MINUTE: Duration = Duration::from_secs(60);

/// The server, with small limits, on a clock that stands.
pub(crate) fn server(answers: &Answers) -> (Server<Answers>, ManualClock) {
    let clock = ManualClock::new();
    let heard = answers.clone();
    let server = Server::new("storm", "1")
        .store(TaskStore::memory().with_clock(clock.clone()))
        .limits(Limits {
            tasks_per_owner: 10,
            max_ttl: 60 * MINUTE,
            page_size: 2,
            default_timeout: MINUTE,
            question_ttl: MINUTE,
            ..Limits::default()
        })
        .serve_limits(ServeLimits { message: 64 << 10, sessions: 8, subscriptions: 4, ..ServeLimits::default() })
        .shutdown_grace(Duration::from_secs(10))
        .state(answers.clone())
        .tool::<echo>()
        .tool::<work>()
        .tool::<ask>()
        .tool::<asked>()
        .prompt_with(Prompt::new("show").argument(PromptArgument::required("subject")), async |_, _| {
            Ok(PromptResult::user("Look"))
        })
        .resource_with("test://asks", move |_, cx: ToolContext| {
            let heard = heard.clone();
            async move {
                let name: Name = cx.elicit("Who?").await?;
                heard.received(&name);
                Ok(name.name)
            }
        })
        .resource_template("test://item/{id}", async |request, _| Ok(request.variables["id"].clone()))
        .complete(async |_: CompletionRequest, _| Ok(vec!["a"]));
    (server, clock)
}

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// How many panics there were in this process: the server answers for them, so that nobody else would see them.
pub(crate) fn panics() -> usize {
    static COUNTING: Once = Once::new();
    COUNTING.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.fetch_add(1, Ordering::SeqCst);
            usual(panic);
        }));
    });
    PANICS.load(Ordering::SeqCst)
}

/// A runtime of its own for each storm: all that is alive in it is the storm's.
pub(crate) fn block_on(storm: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let before = panics();
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(60), storm).await.expect("the storm ends") });
    assert_eq!(panics(), before, "something panicked");
}

/// Lets an hour pass, in which all that waits gives up, tasks that nobody answers too, until no more than this is alive.
pub(crate) async fn assert_left(clock: &ManualClock, most: usize) {
    let metrics = Handle::current().metrics();
    for round in 0..1000 {
        if metrics.num_alive_tasks() <= most {
            return;
        }
        if round < 60 {
            clock.advance(MINUTE).await;
        }
        // Connections that were cut take their own time.
        tokio::time::sleep(Duration::from_millis(if round < 60 { 1 } else { 5 })).await;
    }
    panic!("{} are alive, {most} were before the storm", metrics.num_alive_tasks());
}
