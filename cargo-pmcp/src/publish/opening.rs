//! The first sight of a server whose page has no recorded trace: a call that reads only and needs no arguments.

use serde_json::json;

use super::{
    served::{Served, Tool},
    trace::Trace,
};
use crate::{error::Result, target::Connected};

/// Calls the first tool that shows something, reads only, and needs nothing. `None` if there is no such tool, or it does not answer at once.
///
/// # Errors
/// The server is lost.
pub(crate) async fn opening(served: &Served, connected: &mut Connected) -> Result<Option<Trace>> {
    let Some(tool) = first(served) else { return Ok(None) };
    // As it is on the wire, which is what the view is told.
    match connected.client.request("tools/call", json!({ "name": tool.name, "arguments": {} })).await {
        Ok(result) => {
            let is_one = result["content"].is_array() && result["isError"] != true;
            Ok(is_one.then(|| Trace::of_call(tool, &result)))
        }
        // A tool may refuse; the page does without.
        Err(error) if error.rpc().is_some() => Ok(None),
        Err(error) => Err(connected.explain(error).await),
    }
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
    fn nothing_is_called_that_might_change_something() {
        let mut served = served();
        assert_eq!(first(&served).unwrap().name, "show_board");
        served.tools[0].annotations = json!({});
        assert!(first(&served).is_none());
    }
}
