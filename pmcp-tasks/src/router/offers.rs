//! Answers to requests for what is offered, run by a router.

use serde_json::Value;

use super::{Handled, TaskRouter};
use crate::{
    call::{CallContext, Caller},
    offer::{OfferCall, OfferRequest, Offers},
};

impl Offers {
    /// Handles a request, as [`TaskRouter::handle`] does those of tools and tasks: `prompts/*`, `resources/list`,
    /// `resources/templates/list`, `resources/read` and `completion/complete`. What has to be run, the router runs: it may ask
    /// the client as tools do.
    pub async fn handle(&self, router: &TaskRouter, method: &str, params: &Value, cx: &CallContext) -> Handled {
        Handled::Answer(match self.request(method, params, cx, (&router.engine.gate, router.limits().page_size)) {
            None => return Handled::NotMine,
            Some(Ok(OfferRequest::Ready(result))) => Ok(result),
            Some(Ok(OfferRequest::Call(OfferCall { name, arguments, prepared }))) => {
                router.run((method, &name, &arguments), prepared, params, cx).await
            }
            Some(Err(error)) => Err(error),
        })
    }

    /// The scopes of the prompt or resource that the caller of this request lacks, and could get, as
    /// [`TaskRouter::lacking_scopes`] tells them of tools and workflows.
    #[must_use]
    pub fn lacking_scopes(
        &self,
        router: &TaskRouter,
        method: &str,
        params: &Value,
        caller: &Caller,
    ) -> Option<&[String]> {
        self.lacking(method, params, (&router.engine.gate, caller))
    }
}
