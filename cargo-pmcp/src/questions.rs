//! Answers to what a server asks meanwhile: from the command line, or from whoever sits at the terminal.

use std::{
    io::{self, BufRead as _, IsTerminal as _},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use clap::Args;
use pmcp_client::{ClientBuilder, ElicitAnswer, Elicitation};
use pmcp_protocol::PageUrl;
use serde_json::{Map, Value};
use tokio::sync::watch;

use crate::{
    arguments::pair,
    error::Error,
    form::{Field, Form},
    shell::Shell,
    text,
};

/// Answers that are known before they are asked for.
#[derive(Args, Clone, Debug)]
pub(crate) struct AnswerArgs {
    /// Answer a field of the server's questions; repeatable.
    #[arg(long = "answer", value_name = "KEY=VALUE", value_parser = pair, conflicts_with = "decline")]
    given: Vec<(String, String)>,
    /// Decline the server's questions.
    #[arg(long)]
    decline: bool,
}

/// Reply to one question of a task.
#[derive(Args, Debug)]
pub(crate) struct ReplyArgs {
    /// The fields of the answer; at a terminal those that are left out are asked for.
    #[arg(value_name = "KEY=VALUE", value_parser = pair, conflicts_with_all = ["decline", "dismiss"])]
    pub(crate) pairs: Vec<(String, String)>,
    /// The question, if there are several.
    #[arg(long, value_name = "KEY")]
    pub(crate) question: Option<String>,
    /// Say no.
    #[arg(long)]
    decline: bool,
    /// Do not say.
    #[arg(long, conflicts_with = "decline")]
    pub(crate) dismiss: bool,
}

/// The one who answers. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Answers {
    given: Arc<[(String, String)]>,
    refusal: Option<ElicitAnswer>,
    shell: Shell,
    /// Held while a question is asked: two at once would be one muddle.
    asking: Arc<tokio::sync::Mutex<()>>,
    answered: Arc<AtomicUsize>,
    /// The reason why a question is left open, if one may be.
    left_open: Option<Arc<watch::Sender<Option<LeftOpen>>>>,
    /// The option that stands before an answer.
    option: &'static str,
}

/// A question that is left open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeftOpen {
    /// The reason, which is what does not fit.
    problem: String,
    help: Option<String>,
    /// Its fields, as they are typed.
    pub(crate) fields: Vec<String>,
}

impl LeftOpen {
    /// The error of an answer that does not fit.
    pub(crate) fn error(self) -> Error {
        let error = Error::usage(self.problem);
        match self.help {
            Some(help) => error.help(help),
            None => error,
        }
    }
}

impl AnswerArgs {
    pub(crate) fn answers(&self, shell: &Shell) -> Answers {
        let answers = Answers::new(self.given.clone(), self.decline.then_some(ElicitAnswer::Decline), shell);
        // Whoever has an answer, and mistypes it, does not mean to say nothing.
        let answers = if self.given.is_empty() { answers } else { answers.leaving_open() };
        Answers { option: "--answer ", ..answers }
    }
}

impl ReplyArgs {
    /// Set if the question is not to be answered.
    pub(crate) fn refuses(&self) -> bool {
        self.decline || self.dismiss
    }

    pub(crate) fn answers(&self, shell: &Shell) -> Answers {
        let refusal = match (self.decline, self.dismiss) {
            (true, _) => Some(ElicitAnswer::Decline),
            (_, true) => Some(ElicitAnswer::Cancel),
            _ => None,
        };
        Answers::new(self.pairs.clone(), refusal, shell).leaving_open()
    }
}

impl Answers {
    /// Answers with these fields, or refuses everything.
    pub(crate) fn new(given: Vec<(String, String)>, refusal: Option<ElicitAnswer>, shell: &Shell) -> Self {
        let (asking, answered) = (Arc::default(), Arc::default());
        Self { given: given.into(), refusal, shell: shell.clone(), asking, answered, left_open: None, option: "" }
    }

    /// Leaves a question open that these answers do not fit and nobody is there to answer, in place of dismissing it.
    pub(crate) fn leaving_open(self) -> Self {
        Self { left_open: Some(Arc::new(watch::Sender::new(None))), ..self }
    }

    /// Waits until a question is left open; tells why.
    pub(crate) async fn left_open(&self) -> LeftOpen {
        if let Some(left_open) = &self.left_open {
            let mut reason = left_open.subscribe();
            // Whoever tells it is here.
            if let Ok(reason) = reason.wait_for(Option::is_some).await
                && let Some(reason) = reason.clone()
            {
                return reason;
            }
        }
        std::future::pending().await
    }

    /// The reason why a question with this form would be left open, or dismissed, if there is one.
    pub(crate) fn problem(&self, form: &Form) -> Option<LeftOpen> {
        let is_answered = self.refusal.is_some() || io::stdin().is_terminal();
        if is_answered { None } else { self.filled(form).err() }
    }

    /// Has a client answer so.
    pub(crate) fn give(&self, client: ClientBuilder) -> ClientBuilder {
        let (answers, visitor) = (self.clone(), self.clone());
        let client = client.on_elicit(move |question| {
            let answers = answers.clone();
            async move { answers.answer(question).await }
        });
        client.on_elicit_url(move |page| {
            let visitor = visitor.clone();
            async move { visitor.visit(&page.message, &page.url).await }
        })
    }

    /// The number of questions that were answered.
    pub(crate) fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    async fn answer(&self, question: Elicitation) -> ElicitAnswer {
        if let (Some(left_open), Some(problem)) = (&self.left_open, self.problem(&Form::new(&question.schema))) {
            left_open.send_replace(Some(problem));
            return std::future::pending().await;
        }
        self.reply(&question.message, &question.schema).await
    }

    /// Shows the link of a page, which is never opened from here, and says whether the user goes there. Who answers a task's question says
    /// by that alone that they do.
    pub(crate) async fn visit(&self, message: &str, url: &str) -> ElicitAnswer {
        let _asking = self.asking.lock().await;
        let message = text::line(message);
        let shown = PageUrl::parse(url);
        let url = text::line(url);
        let answer = if let Some(refusal) = &self.refusal {
            refusal.clone()
        } else if shown.is_none() {
            self.shell.warn(&format!("`{message}` leads to no page on the web, it is dismissed: {url}"));
            ElicitAnswer::Cancel
        } else if io::stdin().is_terminal() {
            let (shell, whose) = (self.shell.clone(), shown.map(whose).unwrap_or_default());
            let asked = tokio::task::spawn_blocking(move || {
                let mut say = |text: &str| shell.ask(text);
                say(&format!("\n{message}\n  {url}\n{whose}\n"));
                consent("do you go there?", &mut read_line, &mut say)
            });
            // Whoever asks cannot fail, and is not cancelled.
            asked.await.unwrap_or(ElicitAnswer::Cancel)
        } else if self.option.is_empty() && self.left_open.is_some() {
            self.shell.status("Go to", &url);
            ElicitAnswer::Accept(Value::Null)
        } else {
            self.shell.warn(&format!("nobody goes to the page of `{message}`, it is dismissed: {url}"));
            ElicitAnswer::Cancel
        };
        self.answered.fetch_add(1, Ordering::Relaxed);
        answer
    }

    /// Answers a form with this message and schema.
    pub(crate) async fn reply(&self, message: &str, schema: &Value) -> ElicitAnswer {
        let _asking = self.asking.lock().await;
        let message = text::line(message);
        let answer = self.decide(&message, Form::new(schema)).await;
        self.answered.fetch_add(1, Ordering::Relaxed);
        let word = match &answer {
            ElicitAnswer::Accept(_) => "Answered",
            ElicitAnswer::Decline => "Declined",
            ElicitAnswer::Cancel => "Dismissed",
        };
        self.shell.status(word, &message);
        answer
    }

    async fn decide(&self, message: &str, form: Form) -> ElicitAnswer {
        if let Some(refusal) = &self.refusal {
            return refusal.clone();
        }
        let problem = match self.filled(&form) {
            Ok(content) => return ElicitAnswer::Accept(content),
            Err(problem) => problem,
        };
        if !io::stdin().is_terminal() {
            self.shell.warn(&format!("nobody answers `{message}`, it is dismissed: {}", problem.problem));
            return ElicitAnswer::Cancel;
        }
        let (shell, given, message) = (self.shell.clone(), self.given.clone(), message.to_owned());
        let asked = tokio::task::spawn_blocking(move || {
            let mut say = |text: &str| shell.ask(text);
            converse(&message, &form, &given, &mut read_line, &mut say)
        });
        // Whoever asks cannot fail, and is not cancelled.
        asked.await.unwrap_or(ElicitAnswer::Cancel)
    }
}

impl Answers {
    /// The form, filled with what was given; or what is wrong with that.
    fn filled(&self, form: &Form) -> std::result::Result<Value, LeftOpen> {
        let typed = |field: &Field| format!("{}=…", text::word(&text::line(&field.name)));
        let fields: Vec<_> = form.fields.iter().map(typed).collect();
        let open = |problem: String, help| LeftOpen { problem, help, fields: fields.clone() };
        let is_given = |field: &Field| self.given.iter().any(|(name, _)| *name == field.name);
        let filled = form.fill(&self.given).map_err(|problem| open(problem, None))?;
        if filled.missing.is_empty() && form.fields.iter().any(is_given) {
            return Ok(filled.content.into());
        }
        let missing = || form.fields.iter().filter(|field| !is_given(field)).map(|field| field.name.as_str());
        let others = self.given.iter().filter(|(name, _)| form.fields.iter().all(|field| field.name != *name));
        for (other, _) in others {
            if let Some(meant) = text::meant(other, missing()) {
                let help = format!("did you mean `{}{}=…`?", self.option, text::line(meant));
                return Err(open(format!("the question has no field `{}`", text::line(other)), Some(help)));
            }
        }
        let wanted: Vec<_> = match &filled.missing[..] {
            [] => fields.clone(),
            missing => missing.iter().map(|field| typed(field)).collect(),
        };
        let wanted: Vec<_> = wanted.iter().map(|field| format!("`{}{field}`", self.option)).collect();
        Err(open(format!("pass {} or `--decline`", wanted.join(" ")), None))
    }
}

fn read_line() -> Option<String> {
    let mut line = String::new();
    match io::stdin().lock().read_line(&mut line) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(line.trim_end_matches(['\n', '\r']).to_owned()),
    }
}

/// Asks field by field, each until its answer is one. The end of input dismisses the question.
fn converse(
    message: &str,
    form: &Form,
    given: &[(String, String)],
    read: &mut impl FnMut() -> Option<String>,
    say: &mut impl FnMut(&str),
) -> ElicitAnswer {
    say(&format!("\n{message}\n"));
    match consent("answer it?", read, say) {
        ElicitAnswer::Accept(_) => {}
        refusal => return refusal,
    }
    let mut content = Map::new();
    for field in &form.fields {
        let typed = given.iter().rev().find(|(name, _)| *name == field.name);
        let value = match typed.and_then(|(_, typed)| field.read(typed).ok()) {
            Some(value) => Some(value),
            None => match ask(field, read, say) {
                Ok(value) => value,
                Err(EndOfInput) => return ElicitAnswer::Cancel,
            },
        };
        content.extend(value.map(|value| (field.name.clone(), value)));
    }
    ElicitAnswer::Accept(content.into())
}

/// Tells whose page a URL leads to, for whoever reads the whole of it above.
fn whose(url: PageUrl<'_>) -> String {
    let is_own = ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|own| url.host.strip_prefix(own).is_some_and(|port| port.is_empty() || port.starts_with(':')));
    let mut told = format!("  the page is of the host {}", url.host);
    if url.is_punycode() {
        told.push_str("\n  its name stands for letters that may look like another name");
    }
    if url.before == "http://" && !is_own {
        told.push_str("\n  it is not encrypted: others may read what is typed there");
    }
    told
}

/// Asks whether to go on. The end of input dismisses the question.
fn consent(question: &str, read: &mut impl FnMut() -> Option<String>, say: &mut impl FnMut(&str)) -> ElicitAnswer {
    loop {
        say(&format!("  {question} [Y]es, [n]o, [d]ismiss: "));
        match read().as_deref().map(str::trim) {
            None | Some("d" | "D") => return ElicitAnswer::Cancel,
            Some("n" | "N" | "no") => return ElicitAnswer::Decline,
            Some("" | "y" | "Y" | "yes") => return ElicitAnswer::Accept(Value::Null),
            Some(_) => {}
        }
    }
}

struct EndOfInput;

/// Asks for one field; `None` if it is left out.
fn ask(
    field: &Field,
    read: &mut impl FnMut() -> Option<String>,
    say: &mut impl FnMut(&str),
) -> Result<Option<Value>, EndOfInput> {
    if let Some(description) = &field.description {
        say(&format!("  {}\n", text::line(description)));
    }
    for (index, choice) in field.choices().iter().enumerate() {
        say(&format!("  {:>2} {}\n", index + 1, text::line(&choice.title)));
    }
    let default = match (&field.default, field.is_required) {
        (Some(Value::String(text)), _) => format!(" [{}]", text::line(text)),
        (Some(default), _) => format!(" [{}]", text::line(&default.to_string())),
        (None, true) => String::new(),
        (None, false) => " [leave out]".to_owned(),
    };
    loop {
        say(&format!("  {} ({}){default}: ", field.label(), field.takes()));
        let typed = read().ok_or(EndOfInput)?;
        if typed.is_empty() && (field.default.is_some() || !field.is_required) {
            return Ok(field.default.clone());
        }
        match field.read(&typed) {
            Ok(value) => return Ok(Some(value)),
            Err(reason) => say(&format!("  it {reason}\n")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn conversation(lines: &[&str]) -> (ElicitAnswer, String) {
        let form = Form::new(&json!({ "type": "object", "required": ["name", "age"], "properties": {
            "name": { "type": "string", "description": "Your \u{1b}[31mname" },
            "age": { "type": "integer", "title": "Age", "minimum": 18 },
            "level": { "type": "string", "enum": ["low", "high"], "default": "low" },
            "note": { "type": "string" } } }));
        let (mut lines, mut said) = (lines.iter(), String::new());
        let mut read = || lines.next().map(|line| (*line).to_owned());
        let answer = converse("Who?", &form, &[], &mut read, &mut |text: &str| said.push_str(text));
        (answer, said)
    }

    #[test]
    fn a_person_is_asked_field_by_field_until_each_answer_is_one() {
        let (answer, said) = conversation(&["", "Ann", "old", "17", "20", "2", ""]);
        assert_eq!(answer, ElicitAnswer::Accept(json!({ "name": "Ann", "age": 20, "level": "high" })));
        assert!(said.contains("it takes a whole number\n") && said.contains("it is 18 or more\n"), "{said}");
        assert!(said.contains("   2 high\n") && said.contains("(one of these) [low]: "), "{said}");
        assert!(!said.contains('\u{1b}'), "{said}");
    }

    #[test]
    fn a_person_is_told_whose_page_it_is_and_what_could_deceive() {
        let told = |url| whose(PageUrl::parse(url).unwrap());
        assert_eq!(told("https://bank.example/login?a=b"), "  the page is of the host bank.example");
        assert_eq!(told("http://127.0.0.1:80/a"), "  the page is of the host 127.0.0.1:80");
        assert!(told("http://localhost.evil.example/").contains("not encrypted"));
        assert!(told("https://xn--pple-43d.com/").contains("may look like another name"));
    }

    #[tokio::test]
    async fn a_link_that_could_deceive_is_dismissed() {
        let answers = Answers::new(Vec::new(), None, &Shell::new(true)).leaving_open();
        for url in ["javascript:alert(1)", "https://bank.example@evil.example/", "https://a.example/\u{1b}[8m"] {
            assert_eq!(answers.visit("Log in", url).await, ElicitAnswer::Cancel, "{url:?}");
        }
    }

    #[test]
    fn a_person_may_decline_and_dismiss() {
        assert_eq!(conversation(&["n"]).0, ElicitAnswer::Decline);
        assert_eq!(conversation(&["what?", "d"]).0, ElicitAnswer::Cancel);
        assert_eq!(conversation(&["y", "Ann"]).0, ElicitAnswer::Cancel);
    }
}
