//! Sending the user to a page.

use std::{fmt, sync::Arc};

use super::ToolContext;
use crate::{
    error::{AskError, ToolError},
    run::Run,
};

/// A page that the user is willing to go to, as [`ToolContext::elicit_url`] gives it. What happens there the application learns by itself.
#[derive(Clone)]
pub struct Visit {
    run: Arc<Run>,
    id: String,
}

impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit").field("id", &self.id).finish_non_exhaustive()
    }
}

impl ToolContext {
    /// Sends the user to a page of yours: to sign in at another service, to pay, to give a key. What must not pass through the client and
    /// its model is asked there. It returns when the user is willing to go; nothing is known of the page by then.
    ///
    /// `url` makes the URL of the page from the visit's id, 22 characters that nobody guesses. In a task that runs again after a crash it
    /// is the same id, and a user who was willing is not asked again. The URL is `https`, or `http` on this machine in development; it has
    /// no user's name in it, and at most 2,048 bytes. It goes through the client and its log: no secret belongs into it, nothing that
    /// tells of the user, and no right to anything. The page has to make sure by its own login that its visitor is the
    /// [owner](Self::owner) of this call, because a link can be passed on; note the owner, and in a task [its id](super::TaskContext::id), under the
    /// visit's id before you return the URL.
    ///
    /// In a task it is a question like others, [`completed`](Visit::completed) waits for the page, and
    /// [`TaskHandle::complete_elicitation`](crate::operate::TaskHandle::complete_elicitation) says that the user is done. A client without
    /// this ability, and any before 2025-11-25, is not asked: the error has the link as a text for the model to show.
    /// Where such a client learns of tasks by tools, the task asks and they show the link.
    ///
    /// ```
    /// # use pmcp_tasks::{prelude::*, testing::TestContext};
    /// /// Imports the user's calendar.
    /// #[task_tool(support = "required", on_crash = "restart")]
    /// async fn import_calendar(task: TaskContext) -> Result<String, ToolError> {
    ///     let page = |id: &str| format!("https://notes.example/connect/{id}");
    ///     let visit = task.elicit_url("Give access to your calendar", page).await?;
    ///     visit.completed().await?;
    ///     Ok("imported".into())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let test = TestContext::<()>::new().await.opens();
    /// let importing = tokio::spawn(import_calendar(test.task()));
    /// # while test.questions().is_empty() { tokio::task::yield_now().await }
    /// let question = &test.questions()[0];
    /// let id = question["elicitationId"].as_str().unwrap_or_default();
    /// assert_eq!(question["url"], format!("https://notes.example/connect/{id}"));
    /// // In the handler of `/connect/{id}`, once its visitor has signed in: `store.task(&owner, task)` of what is noted there.
    /// assert!(test.handle().complete_elicitation(id).await?.is_first());
    /// assert_eq!(importing.await?.unwrap(), "imported");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The user declined or dismissed it; the client refused, or does not send users to pages; the URL is none that it may be.
    pub async fn elicit_url<U: Into<String>>(
        &self,
        message: impl Into<String>,
        url: impl FnOnce(&str) -> U + Send,
    ) -> Result<Visit, AskError> {
        let id = self.run().send_to_page(message.into(), |id| url(id).into()).await?;
        Ok(Visit { run: self.run().clone(), id })
    }
}

impl ToolContext {
    /// The error of a call that cannot be done before the user has visited a page: instead of waiting for the user, the call ends with it, and
    /// is made again afterwards. It is -32042 for a client of 2025-11-25 that sends users to pages, and for any other a text with the link,
    /// for the model to show.
    ///
    /// `url` is as of [`elicit_url`](Self::elicit_url), made of a visit. Keep a clone of that where the page is served, and
    /// [tell the client](Visit::tell_completed) from there.
    ///
    /// ```
    /// # use pmcp_tasks::prelude::*;
    /// # fn token_of(_: Option<&pmcp_tasks::task::Owner>) -> Option<String> { None }
    /// #[task_tool(support = "forbidden")]
    /// async fn calendar(cx: ToolContext) -> Result<String, ToolError> {
    ///     let Some(token) = token_of(cx.owner()) else {
    ///         let page = |visit: &pmcp_tasks::context::Visit| format!("https://notes.example/connect/{}", visit.id());
    ///         return Err(cx.require_url("Give access to your calendar", page));
    ///     };
    ///     Ok(format!("the calendar, read with a token of {} bytes", token.len()))
    /// }
    /// ```
    pub fn require_url<U: Into<String>>(&self, message: impl Into<String>, url: impl FnOnce(&Visit) -> U) -> ToolError {
        let required = self.run().new_page().and_then(|id| {
            let visit = Visit { run: self.run().clone(), id };
            self.run().page_required(&visit.id, message.into(), url(&visit).into())
        });
        match required {
            Ok(error) => error.into(),
            Err(error) => error.into(),
        }
    }
}

impl Visit {
    /// Its id, which the URL was made of.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Waits until somebody says that the user is done, with
    /// [`TaskHandle::complete_elicitation`](crate::operate::TaskHandle::complete_elicitation): once in a run, as with
    /// [`signal`](super::TaskContext::signal), whose waits these are. The tool's timeout stands still; for an end of your own put a
    /// [`timer`](super::TaskContext::timer) beside it.
    ///
    /// # Errors
    /// The call is none that can become a task: then the application tells its function itself; it was waited for before in this run; the
    /// task was lost or cancelled; the store failed.
    pub async fn completed(&self) -> Result<(), ToolError> {
        self.run.page_completed(&self.id).await
    }

    /// Tells the client that the user is done, in a call that is no task, while it goes on or after its end. Clients of 2025-11-25
    /// take the page's question from the screen then, or make a call again that was refused for it; others have no such message.
    pub fn tell_completed(&self) {
        self.run.tell_page_completed(&self.id);
    }
}
