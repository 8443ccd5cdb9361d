//! Saying that a user is done with a page.

use super::{Delivery, SignalError, TaskHandle};
use crate::task::elicitation_signal;

impl TaskHandle {
    /// Says that the user has done what a page was for, to which the task sent them with
    /// [`elicit_url`](crate::ToolContext::elicit_url): as the handler does that serves the page, or a webhook.
    ///
    /// The task goes on where it waits with [`Visit::completed`](crate::context::Visit::completed), in whichever process it runs; a client
    /// of 2025-11-25 that was sent to the page is told with `notifications/elicitation/complete`. It may come before the client has said
    /// that the user goes there, and more than once.
    ///
    /// That it is the owner of this task who visited the page is for the handler to make sure, by a login of its own: a URL may have been
    /// passed on. The id is nobody's proof of anything.
    ///
    /// # Errors
    /// The id is none; too many things are kept that the task has not asked for; the store failed.
    pub async fn complete_elicitation(&self, id: &str) -> Result<Delivery, SignalError> {
        if id.is_empty() {
            return Err(SignalError::Name { size: 0, max: MAX_ID });
        }
        if id.len() > MAX_ID {
            return Err(SignalError::Name { size: id.len(), max: MAX_ID });
        }
        self.signal(&elicitation_signal(id), &true).await
    }
}

/// The longest id, in bytes: ours have 22.
const MAX_ID: usize = 64;
