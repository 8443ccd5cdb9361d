//! Pages that the user is sent to, and what happens there (elicitation, "URL Mode Elicitation Requests").
//!
//! A page has an id, which the application puts into its URL and names when the user is done. That of a task's question is made of the
//! task's id and the question's key, so that a run after a crash sends the user to the same page; any other is random. That the user is done
//! comes as a signal of the task, which the run waits for and its client's couriers see.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Run, signals};
use crate::{
    error::{AskError, ToolError},
    protocol::{RpcError, code},
    schema::{
        answer::{misfit, without_answer},
        page,
    },
    task::{TaskId, elicitation_signal},
};

/// The method that sends a user to a page.
const METHOD: &str = "elicitation/create";

/// The id of the page to which a question of a task sends the user: 22 characters.
fn page_of(task: TaskId, question: &str) -> String {
    let mut hash = Sha256::new();
    // All of one length, but for the last.
    hash.update(b"elicitation");
    hash.update(task.as_bytes());
    hash.update(question);
    BASE64_URL_SAFE_NO_PAD.encode(&hash.finalize()[..16])
}

/// A URL that a user may be sent to.
fn checked(url: String) -> Result<String, AskError> {
    page::check(&url).map_err(|reason| AskError::Invalid { reason: reason.into() })?;
    Ok(url)
}

impl Run {
    /// Sends the user to a page, and gives its id once the user is willing to go there.
    pub(crate) async fn send_to_page(
        &self,
        message: String,
        url: impl FnOnce(&str) -> String + Send,
    ) -> Result<String, AskError> {
        let key = self.scope.next_question();
        let id = match self.id() {
            Some(task) => page_of(task, &key),
            None => self.new_page()?,
        };
        let answer = if let Some(answer) = self.steps.answer(&key) {
            answer
        } else {
            let url = checked(url(&id))?;
            if !self.opens_pages() && !self.is_told_by_tools() {
                return Err(AskError::Unopened { message, url });
            }
            let params = json!({ "mode": "url", "message": message, "url": url, "elicitationId": id });
            if self.asks_on_stream() {
                self.ask_on_stream(METHOD, params).await?
            } else {
                self.asked().under(key, METHOD, params).await?
            }
        };
        match (without_answer(&answer), answer.get("action").and_then(Value::as_str)) {
            (Some(none), _) => Err(none),
            (None, Some("accept")) => Ok(id),
            (None, _) => Err(misfit("`action` is not `accept`, `decline` or `cancel`")),
        }
    }

    /// The id of a page that no question of a task is about.
    pub(crate) fn new_page(&self) -> Result<String, AskError> {
        self.host.store.random_text().map_err(|source| AskError::Failed { source: Box::new(source) })
    }

    /// The error of a call before which the user has to visit this page (2025-11-25; "URL Elicitation Required Error").
    pub(crate) fn page_required(&self, id: &str, message: String, url: String) -> Result<RpcError, AskError> {
        let url = checked(url)?;
        if !(self.opens_pages() && self.revision().tells_of_completion()) {
            return Err(AskError::Unopened { message, url });
        }
        let required = json!({ "mode": "url", "message": message, "url": url, "elicitationId": id });
        let error = RpcError::new(code::URL_ELICITATION_REQUIRED, "the user has to visit a page first");
        Ok(error.with_data(json!({ "elicitations": [required] })))
    }

    fn opens_pages(&self) -> bool {
        self.client.elicitation_url && self.revision().has_pages()
    }

    /// Tells whether a client that knows no tasks learns of this one by tools, which show it links as text.
    fn is_told_by_tools(&self) -> bool {
        self.client.elicitation_url && self.seat.key().is_some()
    }

    /// Waits until somebody outside says that the user is done with the page.
    pub(crate) async fn page_completed(&self, id: &str) -> Result<(), ToolError> {
        let asked = signals::Asked { host: &self.host, seat: &self.seat, steps: &self.steps };
        asked.value(self.scope.cancellation(), &elicitation_signal(id), &Value::Bool(true)).await?;
        Ok(self.certain().await?)
    }

    /// Tells the client that the user is done with the page, if it can be told.
    pub(crate) fn tell_page_completed(&self, id: &str) {
        if self.revision().tells_of_completion() {
            self.voice.page_completed(&self.seat, id);
        }
    }
}
