//! `cargo pmcp inspect call`.

use clap::Args;
use futures_util::{Stream, StreamExt as _};
use pmcp_client::{
    ClientError, Notification, RequestOptions, TaskHandle, TaskState, TaskStatus, TaskSupport, ToolInfo,
};
use pmcp_protocol::{
    Version,
    header::{self, ARGUMENT_PREFIX},
};
use serde_json::{Map, Value, json};

use super::{Common, client, run, unknown};
use crate::{
    arguments,
    error::{Error, Result},
    interrupt::{Interrupts, until_interrupted},
    output,
    questions::{AnswerArgs, Answers, LeftOpen},
    shell::Shell,
    target::Connected,
    text::{line, word},
};

/// The token that names the progress of the call.
const PROGRESS: &str = "call";

/// Call a tool, and follow its task if it becomes one.
///
/// Ctrl-C cancels it, a second one leaves at once.
#[derive(Args, Debug)]
pub(crate) struct Call {
    /// The tool.
    name: String,
    /// Its arguments. Text that is JSON is taken for it where the tool does not want text.
    #[arg(value_name = "KEY=VALUE", value_parser = arguments::pair)]
    pairs: Vec<(String, String)>,
    /// All arguments as a JSON object, in a file, or on standard input.
    #[arg(long, value_name = "JSON|@FILE|-")]
    args: Option<String>,
    #[command(flatten)]
    answers: AnswerArgs,
    #[command(flatten)]
    common: Common,
}

/// The end of a call.
enum Ended {
    Result(Value),
    Failed(ClientError),
    /// The server is gone, and this task with it or not.
    Lost(ClientError, String),
    Cancelled,
    /// A second Ctrl-C.
    Left,
    /// An answer does not fit the question, which stays open if it is one of this task.
    LeftOpen(LeftOpen, Option<String>),
}

impl Call {
    pub(super) async fn run(self, shell: &Shell) -> Result {
        let given = self.args.as_deref().map(arguments::json).transpose()?.unwrap_or_default();
        let answers = self.answers.answers(shell);
        let mut server = until_interrupted(self.common.connect(answers.give(client()), shell)).await?;
        let mut interrupts = Interrupts::new();
        let ended = self.call(&mut server, given, &answers, shell, &mut interrupts).await;
        shell.end_live();
        match ended? {
            Ended::Result(result) => {
                if self.common.json {
                    output::json(&result)?;
                } else {
                    output::tool_result(&result)?;
                }
                run::tell(&result, &server, &self.common.target, shell);
                server.close().await;
                let failed = || Error::failed(format!("`{}` says that it failed", self.name));
                if result["isError"] == true { Err(failed()) } else { Ok(()) }
            }
            Ended::Failed(error) => Err(server.explain(error).await),
            Ended::Lost(error, id) => Err(self.lost(error, &id, server).await),
            Ended::Cancelled => {
                shell.status("Cancelled", &self.name);
                server.close().await;
                Err(Error::interrupted())
            }
            Ended::LeftOpen(open, task) => Err(self.left_open(open, task, server, shell).await),
            Ended::Left => {
                if server.is_ours() {
                    run::leave(shell);
                }
                Err(Error::interrupted())
            }
        }
    }

    /// The error of an answer that does not fit, and the command that answers the question after all.
    async fn left_open(&self, open: LeftOpen, task: Option<String>, server: Connected, shell: &Shell) -> Error {
        let is_ours = server.is_ours();
        server.close().await;
        let fields = open.fields.clone();
        match task {
            None => open.error(),
            Some(_) if is_ours => {
                run::leave(shell);
                open.error()
            }
            Some(id) => {
                let [options, command] = self.common.target.again();
                let words = [vec![format!("cargo pmcp inspect answer {}", word(&line(&id)))], fields, options, command]
                    .concat();
                open.error().help(format!("the task waits: `{}` answers it", words.join(" ")))
            }
        }
    }

    /// The error of a server that is gone, and the command that shows what becomes of the task.
    async fn lost(&self, error: ClientError, id: &str, mut server: Connected) -> Error {
        let is_ours = server.is_ours();
        let error = server.explain(error).await;
        if is_ours {
            return error;
        }
        let [options, command] = self.common.target.again();
        let words = [vec![format!("cargo pmcp inspect task {}", line(id))], options, command].concat();
        error.help(format!("the task may go on without you: `{}` shows it once the server is back", words.join(" ")))
    }

    async fn call(
        &self,
        server: &mut Connected,
        mut given: Map<String, Value>,
        answers: &Answers,
        shell: &Shell,
        interrupts: &mut Interrupts,
    ) -> Result<Ended> {
        let client = server.client.clone();
        let tools = tokio::select! {
            tools = client.list_tools() => tools,
            () = interrupts.next() => return Ok(Ended::Cancelled),
        };
        let tools = match tools {
            Ok(tools) => tools,
            Err(error) => return Err(server.explain(error).await),
        };
        let Some(tool) = tools.iter().find(|tool| tool.name == self.name) else {
            return Err(unknown("tool", &self.name, tools.iter().map(|tool| tool.name.as_str())));
        };
        arguments::add(&mut given, &self.pairs, &tool.input_schema)?;
        arguments::check(&given, &tool.input_schema, &format!("cargo pmcp inspect call {}", self.name))?;
        let options = options(&client, tool, &given);
        let params = Map::from_iter([("name".to_owned(), json!(self.name)), ("arguments".to_owned(), given.into())]);
        let mut notifications = client.notifications();
        let request = client.request_answering("tools/call", params.into(), options);
        tokio::pin!(request);
        let result = loop {
            tokio::select! {
                biased;
                () = interrupts.next() => return Ok(Ended::Cancelled),
                Some(notification) = notifications.next() => {
                    show_progress(&notification, shell);
                }
                open = answers.left_open() => return Ok(Ended::LeftOpen(open, None)),
                result = &mut request => break result,
            }
        };
        let result = match result {
            Ok(result) => result,
            Err(error) => return Ok(Ended::Failed(error)),
        };
        let id = if result["resultType"] == "task" { &result["taskId"] } else { &result["task"]["taskId"] };
        match id.as_str() {
            Some(id) => {
                shell.status("Task", &line(id));
                Ok(follow(&client.task(id), &mut notifications, answers, shell, interrupts).await)
            }
            None => Ok(Ended::Result(result)),
        }
    }
}

/// The options of the call: progress is wanted, and what its revision asks for beside the arguments.
fn options(client: &pmcp_client::Client, tool: &ToolInfo, arguments: &Map<String, Value>) -> RequestOptions {
    let mut options = RequestOptions::new().meta("progressToken", PROGRESS);
    let has_handshake = Version::parse(&client.protocol_version()).is_none_or(Version::has_handshake);
    if has_handshake {
        // The client asks for a task where the tool allows one (2025-11-25, "Tool-Level Negotiation").
        let has_tasks =
            client.server().is_some_and(|server| server.pointer("/capabilities/tasks/requests/tools/call").is_some());
        if has_tasks && tool.task_support != TaskSupport::Forbidden {
            options = options.task(None);
        }
        return options;
    }
    // A server whose tool says otherwise is not to be called; it will say so itself.
    for parameter in header::parameters(&tool.input_schema).unwrap_or_default() {
        let mut path = parameter.path.iter();
        let first = path.next().and_then(|name| arguments.get(name));
        let text = match path.try_fold(first.unwrap_or(&Value::Null), |value, name| value.get(name)) {
            Some(Value::String(text)) => text.clone(),
            Some(value @ (Value::Bool(_) | Value::Number(_))) => value.to_string(),
            _ => continue,
        };
        options = options.header(format!("{ARGUMENT_PREFIX}{}", parameter.name), header::encode(&text));
    }
    options
}

/// Follows a task to its end. The first Ctrl-C cancels it, the second one leaves it.
async fn follow(
    task: &TaskHandle,
    notifications: &mut (impl Stream<Item = Notification> + Unpin),
    answers: &Answers,
    shell: &Shell,
    interrupts: &mut Interrupts,
) -> Ended {
    let mut changes = task.changes();
    let (mut is_cancelled, mut has_progress) = (false, false);
    loop {
        let state = tokio::select! {
            biased;
            () = interrupts.next() => {
                if is_cancelled {
                    return Ended::Left;
                }
                is_cancelled = true;
                shell.live("Cancelling", task.id());
                match task.cancel().await {
                    Ok(()) => continue,
                    Err(error) => return Ended::Failed(error),
                }
            }
            Some(notification) = notifications.next() => {
                has_progress |= show_progress(&notification, shell);
                continue;
            }
            open = answers.left_open() => return Ended::LeftOpen(open, Some(task.id().to_owned())),
            state = changes.next() => state,
        };
        match state {
            None => return Ended::Failed(ClientError::Closed),
            Some(Err(error @ ClientError::Transport(_))) => return Ended::Lost(error, task.id().to_owned()),
            Some(Err(error)) => return Ended::Failed(error),
            Some(Ok(state)) if state.status.is_terminal() => return outcome(task, state, is_cancelled).await,
            Some(Ok(state)) => show(&state, has_progress, shell),
        }
    }
}

/// The end of a task.
async fn outcome(task: &TaskHandle, state: TaskState, is_cancelled: bool) -> Ended {
    match (state.status, state.result, state.error) {
        (TaskStatus::Cancelled, ..) if is_cancelled => Ended::Cancelled,
        (TaskStatus::Cancelled, ..) => Ended::Failed(ClientError::Cancelled),
        (_, Some(result), _) => Ended::Result(result),
        (_, None, Some(error)) => Ended::Failed(ClientError::Rpc(error)),
        // In 2025-11-25 it is asked for.
        _ => match task.client().request("tasks/result", json!({ "taskId": task.id() })).await {
            Ok(result) => Ended::Result(result),
            Err(error) => Ended::Failed(error),
        },
    }
}

/// Shows how a task stands: by its message, or by its variables unless it tells of its progress. Of one that waits for answers, the questions
/// tell it.
fn show(state: &TaskState, has_progress: bool, shell: &Shell) {
    let is_waiting = state.status == TaskStatus::InputRequired;
    let is_of_others = state.input_requests.values().any(|question| question.method != "elicitation/create");
    if is_waiting && !is_of_others {
        return;
    }
    if has_progress && state.message.is_none() && !is_waiting {
        return;
    }
    let word = if is_waiting { "Waiting" } else { "Working" };
    let variables = || {
        let variables = state.variables.iter().flatten().map(|(name, value)| format!("{name} {value}"));
        variables.collect::<Vec<_>>().join(", ")
    };
    shell.live(word, &line(&state.message.clone().unwrap_or_else(variables)));
}

/// Shows how far it is, if a notification tells; tells whether it does.
fn show_progress(notification: &Notification, shell: &Shell) -> bool {
    let params = &notification.params;
    if notification.method != "notifications/progress" || params["progressToken"] != PROGRESS {
        return false;
    }
    let total = params["total"].as_f64().map(|total| format!("/{total}")).unwrap_or_default();
    let message = line(output::string(params, "message"));
    shell.live("Working", format!("{}{total} {message}", params["progress"]).trim_end());
    true
}
