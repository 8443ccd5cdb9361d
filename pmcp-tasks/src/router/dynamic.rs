//! The tools that are made while the server runs, as a caller sees them.

use std::{collections::HashSet, sync::Arc, time::Duration};

use super::{registered::Registered, request::RequestCx};
use crate::{
    error::ToolError,
    protocol::RpcError,
    tool::{DynamicTool, DynamicTools, MOST_DYNAMIC_TOOLS, is_name},
};

/// The time that a source is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The sources of such tools.
#[derive(Debug, Default)]
pub(super) struct Dynamic(pub(super) Vec<Arc<dyn DynamicTools>>);

impl Dynamic {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells whether a list of them may be kept: each source tells when it changes.
    pub(super) fn tells_of_changes(&self) -> bool {
        self.0.iter().all(|source| source.changes().is_some())
    }

    /// Those that the caller of this request may use, by name; not those whose name is taken.
    pub(super) async fn list(
        &self,
        rq: RequestCx<'_>,
        is_taken: impl Fn(&str) -> bool + Sync,
    ) -> Result<Vec<Registered>, RpcError> {
        let (mut seen, mut all) = (HashSet::new(), Vec::new());
        for source in &self.0 {
            let given = asked(rq, source.list(&rq.cx.caller)).await?;
            if given.len() > MOST_DYNAMIC_TOOLS {
                tracing::warn!(
                    count = given.len(),
                    max = MOST_DYNAMIC_TOOLS,
                    "a source has more tools than are listed"
                );
            }
            for tool in given.into_iter().take(MOST_DYNAMIC_TOOLS) {
                let name = &tool.definition().name;
                if is_taken(name) || !seen.insert(name.clone()) {
                    tracing::warn!(tool = name, "a tool made at run time is left out: another one has its name");
                    continue;
                }
                all.extend(permitted(rq, tool));
            }
        }
        all.sort_by(|one, other| one.definition.name.cmp(&other.definition.name));
        Ok(all)
    }

    /// The one of this name, which nothing else has, if the caller may use it.
    pub(super) async fn find(&self, rq: RequestCx<'_>, name: &str) -> Result<Option<Registered>, RpcError> {
        if !is_name(name) {
            return Ok(None);
        }
        for source in &self.0 {
            let found = asked(rq, source.find(name, &rq.cx.caller)).await?;
            if let Some(tool) = found.filter(|tool| tool.definition().name == name) {
                return Ok(permitted(rq, tool));
            }
        }
        Ok(None)
    }
}

/// The tool as others are registered, if the caller may use it.
fn permitted(rq: RequestCx<'_>, tool: DynamicTool) -> Option<Registered> {
    let (definition, work) = tool.into_parts();
    let is_permitted = rq.engine.permits(&rq.cx.caller, &work);
    is_permitted.then_some(Registered { definition, with_ui: None, is_called_by_views: false, work })
}

/// Waits for a source, for so long.
async fn asked<T>(rq: RequestCx<'_>, asking: impl Future<Output = Result<T, ToolError>>) -> Result<T, RpcError> {
    let failed = || RpcError::internal("the server's tools cannot be told now; try again later");
    tokio::select! {
        biased;
        given = asking => given.map_err(|error| {
            tracing::warn!(error = %error, "a source of tools failed");
            failed()
        }),
        () = rq.engine.host.clock().sleep(PATIENCE) => {
            tracing::warn!(patience = ?PATIENCE, "a source of tools does not answer");
            Err(failed())
        }
        () = rq.cx.cancellation.cancelled() => Err(RpcError::cancelled()),
    }
}
