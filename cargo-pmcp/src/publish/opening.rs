//! The first sight of a server whose page has no recorded trace: a call that reads only and needs no arguments.

use std::time::Duration;

use pmcp_client::ClientError;
use serde_json::{Value, json};

use super::{
    served::{Served, Tool},
    trace::{LARGEST, Trace},
};
use crate::{error::Result, target::Connected};

/// The time within which the call has to be answered.
const PATIENCE: Duration = Duration::from_secs(10);

/// Calls the first tool that shows something, reads only, and needs nothing. `None` if there is no such tool, it asks something first, does
/// not answer at once, or says more than a page takes.
///
/// # Errors
/// The server is lost.
pub(crate) async fn opening(served: &Served, connected: &mut Connected) -> Result<Option<Trace>> {
    let Some(tool) = first(served) else { return Ok(None) };
    // As it is on the wire, which is what the view is told.
    let call = connected.client.request("tools/call", json!({ "name": tool.name, "arguments": {} }));
    match tokio::time::timeout(PATIENCE, call).await {
        Ok(Ok(result)) => Ok(is_shown(&result).then(|| Trace::of_call(tool, &result))),
        Ok(Err(error @ (ClientError::Closed | ClientError::Transport(_)))) => Err(connected.explain(error).await),
        // A tool may refuse, or wait for somebody; the page does without.
        _ => Ok(None),
    }
}

/// Set for a result that a page takes.
fn is_shown(result: &Value) -> bool {
    result["content"].is_array() && result["isError"] != true && result.to_string().len() <= LARGEST
}

fn first(served: &Served) -> Option<&Tool> {
    served
        .tools
        .iter()
        .find(|tool| tool.is_for_model && tool.is_read_only() && tool.needs_nothing() && served.view_of(tool).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::served::tests::served;

    #[test]
    fn a_result_that_is_an_error_or_has_no_end_is_not_shown() {
        let result = |text: &str| json!({ "content": [{ "type": "text", "text": text }] });
        assert!(is_shown(&result("White to move.")));
        assert!(!is_shown(&result(&"x".repeat(LARGEST))));
        assert!(!is_shown(&json!({ "content": [], "isError": true })));
        assert!(!is_shown(&json!({ "resultType": "input_required" })));
    }

    #[test]
    fn nothing_is_called_that_might_change_something() {
        let mut served = served();
        assert_eq!(first(&served).unwrap().name, "show_board");
        served.tools[0].annotations = json!({});
        assert!(first(&served).is_none());
    }
}
