//! `cargo pmcp tasks answer`.

use clap::Args;
use pmcp_client::ElicitAnswer;
use pmcp_tasks::{
    operate::{AnswerError, Answering, Look},
    task::InputRequest,
};
use serde_json::{Value, json};

use super::{
    TaskArgs,
    look::asked,
    store::{Opened, failed},
};
use crate::{
    arguments,
    error::{Error, Result},
    form::Form,
    output::string,
    questions::ReplyArgs,
    shell::Shell,
    text::{line, meant, quoted},
};

/// Answer a question of a task in its client's place.
#[derive(Args, Debug)]
pub(super) struct Answer {
    #[command(flatten)]
    task: TaskArgs,
    #[command(flatten)]
    reply: ReplyArgs,
    /// The result as the question's method has it, for one that is no form: JSON, `@FILE`, or `-`.
    #[arg(long, value_name = "JSON", conflicts_with_all = ["pairs", "decline", "dismiss"])]
    result: Option<String>,
}

impl Answer {
    pub(super) async fn run(self, opened: &Opened, shell: &Shell) -> Result {
        let look = self.task.look(opened).await?;
        if look.status.is_terminal() {
            return Err(self.task.ended(look.status.as_str()));
        }
        let (key, question) = self.question(&look)?;
        let answer = match &self.result {
            Some(result) => {
                let result = arguments::value_of(result)?;
                shell.status("Answered", &line(&asked(question)));
                result
            }
            None => self.filled(opened, question, shell).await?,
        };
        let answered = self.task.handle(opened)?.answer(key, &answer).await;
        match answered {
            Ok(Answering::Answered) => Ok(()),
            Ok(Answering::NotAsked) => Err(Error::failed(format!("question `{}` has an answer meanwhile", line(key)))),
            Ok(Answering::Ended) => Err(self.task.over()),
            Ok(Answering::Unknown) => Err(self.task.unknown(opened)),
            Ok(_) => Err(Error::failed("the question was not answered")),
            Err(AnswerError::Store(error)) => {
                Err(failed(&error).help("it may be answered all the same; the same command tells"))
            }
            Err(error) => Err(Error::usage(line(&error.to_string())).help(self.shows(opened))),
        }
    }

    /// The key and the question that is meant.
    fn question<'a>(&self, look: &'a Look) -> Result<(&'a String, &'a InputRequest)> {
        let keys = || look.questions.keys().map(String::as_str);
        match &self.reply.question {
            Some(wanted) => look.questions.get_key_value(wanted).ok_or_else(|| {
                let error = Error::usage(format!("the task does not ask `{}`", line(wanted)));
                if look.questions.is_empty() { error } else { error.help(format!("it asks {}", quoted(keys()))) }
            }),
            None => match look.questions.len() {
                1 => look.questions.iter().next(),
                _ => None,
            }
            .ok_or_else(|| {
                if look.questions.is_empty() {
                    return Error::failed(format!("the task asks nothing; it is `{}`", look.status.as_str()));
                }
                Error::usage("the task asks several questions")
                    .help(format!("choose one with `--question`: {}", quoted(keys())))
            }),
        }
    }

    /// The answer to a form, of what was typed or is typed now.
    async fn filled(&self, opened: &Opened, question: &InputRequest, shell: &Shell) -> Result<Value> {
        let schema = &question.params["requestedSchema"];
        if question.method != "elicitation/create" || !(schema.is_object() || self.reply.refuses()) {
            return Err(Error::usage(format!("`{}` is answered with `--result JSON`", line(&asked(question))))
                .help(format!("JSON is the result of `{}`, as the protocol has it", line(&question.method))));
        }
        let form = Form::new(schema);
        // What cannot be is told before it is asked for.
        form.fill(&self.reply.pairs).map_err(|mistake| Error::usage(mistake).help(self.shows(opened)))?;
        let known = || form.fields.iter().map(|field| field.name.as_str());
        if let Some((other, _)) = self.reply.pairs.iter().find(|(name, _)| known().all(|known| known != name)) {
            let error = Error::usage(format!("the question has no field `{}`", line(other)));
            return Err(match meant(other, known()) {
                Some(meant) => error.help(format!("did you mean `{}=…`?", line(meant))),
                None => error.help(format!("it has {}", quoted(known()))),
            });
        }
        let answers = self.reply.answers(shell);
        if let Some(problem) = answers.problem(&form) {
            return Err(problem.error().help(self.shows(opened)));
        }
        match answers.reply(string(&question.params, "message"), schema).await {
            ElicitAnswer::Accept(content) => Ok(json!({ "action": "accept", "content": content })),
            ElicitAnswer::Decline => Ok(json!({ "action": "decline" })),
            ElicitAnswer::Cancel if self.reply.dismiss => Ok(json!({ "action": "cancel" })),
            // Nobody answered: the question stays.
            ElicitAnswer::Cancel => Err(Error::told()),
        }
    }

    fn shows(&self, opened: &Opened) -> String {
        format!("`{}` shows it", self.task.command(opened, "look", &[]))
    }
}
