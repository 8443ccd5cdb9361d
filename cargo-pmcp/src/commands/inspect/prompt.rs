//! `cargo pmcp inspect prompt`.

use clap::Args;
use serde_json::{Map, Value};

use super::{Common, client, run, unknown};
use crate::{
    arguments,
    error::{Error, Result},
    output::{self, string},
    questions::AnswerArgs,
    shell::{Shell, write_text},
    text::{line, meant, quoted},
};

/// Render a prompt: what it says to a model.
#[derive(Args, Debug)]
pub(crate) struct Prompt {
    /// Its name.
    name: String,
    /// Its arguments.
    #[arg(value_name = "KEY=VALUE", value_parser = arguments::pair)]
    pairs: Vec<(String, String)>,
    #[command(flatten)]
    answers: AnswerArgs,
    #[command(flatten)]
    common: Common,
}

impl Prompt {
    pub(super) async fn run(self, shell: &Shell) -> Result {
        let answers = self.answers.answers(shell);
        let mut server = self.common.connect(answers.give(client()), shell).await?;
        let prompts = match server.client.list_prompts().await {
            Ok(prompts) => prompts,
            Err(error) => return Err(server.explain(error).await),
        };
        let Some(prompt) = prompts.iter().find(|prompt| string(prompt, "name") == self.name) else {
            return Err(unknown("prompt", &self.name, prompts.iter().map(|prompt| string(prompt, "name"))));
        };
        let given = self.arguments(prompt)?;
        let missing = missing(prompt, &given);
        let rendered = tokio::select! {
            rendered = server.client.get_prompt(&self.name, given) => rendered,
            open = answers.left_open() => return Err(open.error()),
        };
        let result = match rendered {
            Ok(result) => result,
            Err(error) => {
                let error = server.explain(error).await;
                let call = || format!("call it as `cargo pmcp inspect prompt {} {}`", self.name, missing.join(" "));
                return Err(if missing.is_empty() { error } else { error.help(call()) });
            }
        };
        if self.common.json {
            output::json(&result)?;
        } else {
            shown(&result)?;
        }
        run::tell(&result, &server, &self.common.target, shell);
        server.close().await;
        Ok(())
    }
    /// The arguments, which are text.
    fn arguments(&self, prompt: &Value) -> Result<Map<String, Value>> {
        let known: Vec<_> =
            prompt["arguments"].as_array().into_iter().flatten().map(|known| string(known, "name")).collect();
        if let Some((key, _)) = self.pairs.iter().find(|(key, _)| !known.contains(&key.as_str())) {
            let error = Error::usage(format!("there is no argument `{key}`"));
            return Err(match meant(key, known.iter().copied()) {
                Some(meant) => error.help(format!("did you mean `{}`?", line(meant))),
                None if known.is_empty() => error,
                None => error.help(format!("there are {}", quoted(known))),
            });
        }
        Ok(self.pairs.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect())
    }
}

/// The arguments that a prompt needs and was not given, as they are typed.
fn missing(prompt: &Value, given: &Map<String, Value>) -> Vec<String> {
    let required = prompt["arguments"].as_array().into_iter().flatten().filter(|known| known["required"] == true);
    let missing = required.map(|known| string(known, "name")).filter(|name| !given.contains_key(*name));
    missing.map(|name| format!("{}=…", line(name))).collect()
}

/// Writes the messages of a prompt.
fn shown(prompt: &Value) -> Result {
    let messages = prompt["messages"].as_array().into_iter().flatten();
    let messages =
        messages.map(|message| format!("{}: {}", line(string(message, "role")), output::block(&message["content"])));
    write_text(&messages.collect::<Vec<_>>().join("\n\n"))
}
