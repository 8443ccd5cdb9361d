//! `cargo pmcp inspect answer`.

use std::time::Duration;

use clap::Args;
use futures_util::StreamExt as _;
use pmcp_client::{ElicitAnswer, TaskHandle, TaskState, TaskStatus, TaskUpdate};
use pmcp_protocol::{Version, is_page};
use serde_json::{Value, json};

use super::{Common, client, unknown};
use crate::{
    error::{Error, Result},
    form::Form,
    output::string,
    questions::{Answers, LeftOpen, ReplyArgs},
    shell::Shell,
    target::Connected,
    text::{line, meant, quoted},
};

/// The time a server may take to ask again (2025-11-25).
const ASK: Duration = Duration::from_secs(10);

/// Answer a question of a task.
#[derive(Args, Debug)]
pub(crate) struct Answer {
    /// The id of the task.
    id: String,
    #[command(flatten)]
    reply: ReplyArgs,
    #[command(flatten)]
    common: Common,
}

impl Answer {
    pub(super) async fn run(self, shell: &Shell) -> Result {
        let answers = self.reply.answers(shell);
        let mut server = self.common.connect(answers.give(client()), shell).await?;
        let answered =
            if Version::parse(&server.client.protocol_version()).is_some_and(|version| !version.has_handshake()) {
                self.answer(&mut server, &answers).await
            } else {
                self.be_asked(&mut server, &answers).await
            };
        let answered = answered.map(drop);
        server.close().await;
        answered
    }

    /// Answers an open question, which the task shows.
    async fn answer(&self, server: &mut Connected, answers: &Answers) -> Result {
        let task = server.client.task(&self.id);
        let state = match task.get().await {
            Ok(state) => state,
            Err(error) => return Err(self.common.explain_task(server, error).await),
        };
        let (key, params) = self.question(&state)?;
        if is_page(&params) {
            let answer = match answers.visit(string(&params, "message"), string(&params, "url")).await {
                ElicitAnswer::Accept(_) => "accept",
                ElicitAnswer::Decline => "decline",
                ElicitAnswer::Cancel => "cancel",
            };
            return match task.update(TaskUpdate::new().answer(key, json!({ "action": answer }))).await {
                Ok(()) => Ok(()),
                Err(error) => Err(server.explain(error).await),
            };
        }
        let form = Form::new(&params["requestedSchema"]);
        // What cannot be is told before it is asked for.
        form.fill(&self.reply.pairs).map_err(Error::usage)?;
        let known = || form.fields.iter().map(|field| field.name.as_str());
        if let Some((other, _)) = self.reply.pairs.iter().find(|(name, _)| known().all(|known| known != name)) {
            return Err(unknown_field(&self.id, other, known()));
        }
        if let Some(problem) = answers.problem(&form) {
            return Err(left_open(&self.id, problem));
        }
        let answer = answers.reply(string(&params, "message"), &params["requestedSchema"]).await;
        let answer = match answer {
            ElicitAnswer::Accept(content) => json!({ "action": "accept", "content": content }),
            ElicitAnswer::Decline => json!({ "action": "decline" }),
            ElicitAnswer::Cancel if self.reply.dismiss => json!({ "action": "cancel" }),
            // Nobody answered: the question stays.
            ElicitAnswer::Cancel => return Err(Error::told()),
        };
        match task.update(TaskUpdate::new().answer(key, answer)).await {
            Ok(()) => Ok(()),
            Err(error) => Err(server.explain(error).await),
        }
    }

    /// The key and parameters of the form that is meant.
    fn question(&self, state: &TaskState) -> Result<(String, Value)> {
        let forms = state.input_requests.iter().filter(|(_, question)| question.method == "elicitation/create");
        let forms: Vec<_> = forms.collect();
        let keys = || forms.iter().map(|(key, _)| key.as_str());
        let found = match &self.reply.question {
            Some(wanted) => {
                forms.iter().find(|(key, _)| *key == wanted).ok_or_else(|| unknown("open question", wanted, keys()))?
            }
            None => match &forms[..] {
                [one] => one,
                [] => return Err(nothing_asked(&state.id, state.status)),
                _ => {
                    return Err(Error::usage(format!("task `{}` asks several questions", line(&state.id)))
                        .help(format!("choose one with `--question`: {}", quoted(keys()))));
                }
            },
        };
        Ok((found.0.clone(), found.1.params.clone()))
    }

    /// Waits until the server asks over this connection, and answers (2025-11-25, where a question is a request).
    async fn be_asked(&self, server: &mut Connected, answers: &Answers) -> Result {
        if self.reply.question.is_some() {
            return Err(
                Error::usage("questions have no keys in this version of the protocol").help("leave `--question` out")
            );
        }
        let task = server.client.task(&self.id);
        let asked = tokio::select! {
            asked = tokio::time::timeout(ASK, until_answered(&task, answers)) => asked,
            problem = answers.left_open() => return Err(left_open(&self.id, problem)),
        };
        match asked {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Stopped::Client(error))) => Err(self.common.explain_task(server, error).await),
            Ok(Err(Stopped::NothingAsked(status))) => Err(nothing_asked(&self.id, status)),
            Err(_) => Err(Error::failed(format!("task `{}` did not ask within {} s", self.id, ASK.as_secs()))),
        }
    }
}

enum Stopped {
    Client(pmcp_client::ClientError),
    NothingAsked(TaskStatus),
}

async fn until_answered(task: &TaskHandle, answers: &Answers) -> std::result::Result<(), Stopped> {
    let mut changes = task.changes();
    while let Some(state) = changes.next().await {
        let state = state.map_err(Stopped::Client)?;
        match state.status {
            _ if answers.answered() > 0 => return Ok(()),
            TaskStatus::InputRequired => {}
            status => return Err(Stopped::NothingAsked(status)),
        }
    }
    Err(Stopped::Client(pmcp_client::ClientError::Closed))
}

/// The error of an answer that does not fit the question, which stays.
fn left_open(id: &str, open: LeftOpen) -> Error {
    open.error().help(format!("`cargo pmcp inspect task {}` shows it", line(id)))
}

/// The error of a field that the question does not have, which stays.
fn unknown_field<'a>(id: &str, field: &str, known: impl Iterator<Item = &'a str> + Clone) -> Error {
    let error = Error::usage(format!("the question has no field `{}`", line(field)));
    let error = match meant(field, known.clone()) {
        Some(meant) => error.help(format!("did you mean `{}=…`?", line(meant))),
        None => error.help(format!("it has {}", quoted(known))),
    };
    error.help(format!("`cargo pmcp inspect task {}` shows it", line(id)))
}

fn nothing_asked(id: &str, status: TaskStatus) -> Error {
    Error::failed(format!("task `{}` asks nothing that can be answered here; it is `{}`", line(id), status.as_str()))
        .help("`cargo pmcp inspect task ID` shows it")
}
