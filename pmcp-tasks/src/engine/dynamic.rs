//! Tools that are made while the server runs: asking their sources, and going on with their tasks.
//!
//! A task knows of its tool what a run has to know before the tool is there. The run looks for the tool itself, so that its task is held,
//! cancelled and expires like any other while a source does not answer.

use std::{sync::Arc, time::Duration};

use super::{Engine, recovery::CHANGED};
use crate::{
    call::Caller,
    context::RunContext,
    error::ToolError,
    protocol::{RpcError, code},
    task::{Policy, TaskBody},
    tool::{Arguments, DynamicTool, DynamicTools, Output, Prepared, Work},
};

/// The time that a source is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The time between two looks for the tool of a task.
const PAUSE: Duration = Duration::from_secs(1);

/// The number of looks after which a tool that no source has is gone: whoever fills a source when a server starts has so many seconds.
const LOOKS: u32 = 30;

/// Message the client gets of a task whose tool has gone.
const GONE: &str = "the tool of this task is not there any more";

/// Message of a task while its tool is looked for.
const LOOKING: &str = "The server started again and looks for the tool of this task.";

/// Message of such a task once its tool is there, until its function tells something.
const FOUND: &str = "The tool of this task was found, and runs.";

/// The sources of such tools.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources(pub(crate) Vec<Arc<dyn DynamicTools>>);

impl Sources {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells whether a list of their tools may be kept: each source tells when it changes.
    pub(crate) fn tell_of_changes(&self) -> bool {
        self.0.iter().all(|source| source.changes().is_some())
    }
}

/// Tells whether this tool is for the caller: it may be another one than that which was called. A rule is not asked, as it may read claims,
/// which are not kept.
fn has_scopes(caller: &Caller, tool: &DynamicTool) -> bool {
    tool.work().scopes.iter().all(|scope| caller.has_scope(scope))
}

impl Engine {
    /// The tools of each source for this caller.
    pub(crate) async fn list_dynamic(&self, caller: &Caller) -> Result<Vec<Vec<DynamicTool>>, RpcError> {
        let mut lists = Vec::with_capacity(self.sources.0.len());
        for source in &self.sources.0 {
            lists.push(self.asked(source.list(caller)).await?);
        }
        Ok(lists)
    }

    /// The tool of this name that a source has for this caller. One that fails keeps back no tool of the others.
    pub(crate) async fn find_dynamic(&self, name: &str, caller: &Caller) -> Result<Option<DynamicTool>, RpcError> {
        let mut none = Ok(None);
        for source in &self.sources.0 {
            match self.asked(source.find(name, caller)).await {
                Ok(found) => {
                    if let Some(tool) = found.filter(|tool| tool.definition().name == name) {
                        return Ok(Some(tool));
                    }
                }
                Err(failed) => none = Err(failed),
            }
        }
        none
    }

    /// Waits for a source, for so long.
    async fn asked<T>(&self, asking: impl Future<Output = Result<T, ToolError>>) -> Result<T, RpcError> {
        let failed = || RpcError::internal("the server's tools cannot be told now; try again later");
        tokio::select! {
            biased;
            given = asking => given.map_err(|error| {
                tracing::warn!(error = %error, "a source of tools failed");
                failed()
            }),
            () = self.host.clock().sleep(PATIENCE) => {
                tracing::warn!(patience = ?PATIENCE, "a source of tools does not answer");
                Err(failed())
            }
        }
    }

    /// Tells whether a task of this request can run here: its work is here, or may be with a source.
    pub(super) fn has_work_of(&self, body: &TaskBody) -> bool {
        self.works.find(&body.tool).is_some() || (body.dynamic.is_some() && !self.sources.is_empty())
    }

    /// The work of a task of this request.
    pub(super) fn work_of(self: &Arc<Self>, body: &TaskBody) -> Option<Arc<Work>> {
        if let Some(work) = self.works.find(&body.tool) {
            return Some(work.clone());
        }
        let made = body.dynamic.as_ref().filter(|_| !self.sources.is_empty())?;
        let timeout = made.timeout.map(Duration::from_millis);
        let policy = Policy { timeout, on_crash: body.on_crash, ..Policy::default() };
        let (engine, name) = (self.clone(), body.tool.clone());
        let prepare = move |arguments: Arguments| {
            let (engine, name) = (engine.clone(), name.clone());
            Ok(Prepared::parking(async move |cx| engine.find_and_run(&name, arguments, cx).await))
        };
        Some(Arc::new(Work::to_be_found(&body.tool, policy, Box::new(prepare))))
    }

    /// Runs a tool as soon as a source has it.
    async fn find_and_run(&self, name: &str, arguments: Arguments, cx: RunContext) -> Result<Output, ToolError> {
        let (caller, task) = (cx.run().caller(), cx.task::<()>());
        let (mut looks, mut is_told) = (0, false);
        // What a source takes is no time of the function.
        let resting = cx.run().resting();
        let tool = loop {
            match self.find_dynamic(name, &caller).await {
                Ok(Some(tool)) if has_scopes(&caller, &tool) => break tool,
                Ok(_) if looks == LOOKS => {
                    crate::heard::warn!(task = ?cx.run().id(), tool = name, "the tool of a task has gone");
                    return Err(ToolError::rpc(code::INTERNAL_ERROR, GONE));
                }
                Ok(_) => looks += 1,
                // What is not known now is not gone.
                Err(_) => {}
            }
            if !is_told {
                task.status_message(LOOKING).await?;
                is_told = true;
            }
            task.sleep(PAUSE).await?;
        };
        drop(resting);
        if is_told {
            task.status_message(FOUND).await?;
        }
        let prepared = tool.work().prepare_again(arguments);
        let prepared = prepared.map_err(|_| ToolError::rpc(code::INTERNAL_ERROR, CHANGED))?;
        prepared.run(cx).await
    }
}
