//! Asking the client: its user, its model, its roots.

use serde_json::{Map, Value, json};

use super::{AskError, ToolContext};
use crate::schema::{
    answer::{fitted, misfit, without_answer},
    form::{checked, elicited},
};

impl ToolContext {
    /// Asks the user with a form that is known only now, such as a choice among rows that were found.
    ///
    /// `form` is the `requestedSchema` of an elicitation, as the newest version has it: an object whose `properties` are
    /// strings, numbers, booleans, and choices of one or several, each flat. With titles a choice is
    /// `{ "type": "string", "oneOf": [{ "const": "a", "title": "A" }, …] }`, and one of several
    /// `{ "type": "array", "items": { "anyOf": […] } }`; none to choose from is an error. The answer has the fields that were filled
    /// in; each fits. All else is as with [`elicit`](Self::elicit).
    ///
    /// ```
    /// # use pmcp_tasks::prelude::*;
    /// use serde_json::json;
    ///
    /// #[task_tool]
    /// async fn open(files: Vec<String>, task: TaskContext) -> Result<String, ToolError> {
    ///     let file = json!({ "type": "string", "enum": files });
    ///     let form = json!({ "type": "object", "properties": { "file": file }, "required": ["file"] });
    ///     let answer = task.elicit_schema("Which of them?", form).await?;
    ///     Ok(answer["file"].to_string())
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`elicit`](Self::elicit); and `form` is none that the protocol allows.
    pub async fn elicit_schema(&self, message: impl Into<String>, form: Value) -> Result<Map<String, Value>, AskError> {
        self.asked(message.into(), checked("the form", &form)?).await
    }

    pub(super) async fn asked(&self, message: String, form: Value) -> Result<Map<String, Value>, AskError> {
        let params = json!({ "mode": "form", "message": message, "requestedSchema": form });
        let answer = self.run().ask("elicitation/create", params.clone()).await?;
        // A client that is asked again and again is believed in the end: what it said last may still not fit.
        elicited(fitted(&params, &answer).map_err(|mistake| misfit(&mistake))?)
    }

    /// Asks the client's model: `params` and result are those of `sampling/createMessage`.
    ///
    /// The protocol deprecated sampling in 2026-07-28; clients may not offer it.
    ///
    /// # Errors
    /// The client cannot be asked, or refused.
    pub async fn sample(&self, params: Value) -> Result<Value, AskError> {
        given(self.run().ask("sampling/createMessage", params).await?)
    }

    /// Asks for the client's roots: the `roots` of `roots/list`.
    ///
    /// The protocol deprecated roots in 2026-07-28; clients may not offer them.
    ///
    /// # Errors
    /// The client cannot be asked, or refused.
    pub async fn list_roots(&self) -> Result<Value, AskError> {
        let mut answer = given(self.run().ask("roots/list", json!({})).await?)?;
        Ok(answer.get_mut("roots").map(Value::take).unwrap_or_default())
    }
}

/// An answer, unless the client refused to give one.
fn given(answer: Value) -> Result<Value, AskError> {
    without_answer(&answer).map_or(Ok(answer), Err)
}
