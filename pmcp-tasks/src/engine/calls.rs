//! Calls of tools: accepted the same way whether a client or a run makes them.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Weak},
    time::Duration,
};

use futures_util::{FutureExt as _, future::BoxFuture};
use serde_json::{Map, Value};

use super::{Engine, PANICKED};
use crate::{
    error::{CancelCause, ToolError},
    panics::{self, told},
    protocol::RpcError,
    run::{AcceptedCall, Allowance, Callable, NotAccepted, Run},
    task::Outcome,
    tool::{Arguments, Output, Prepared, Work, WorkKind},
};

/// The tools of an engine, for its runs.
#[derive(Debug)]
pub(super) struct Tools(pub(super) Weak<Engine>);

impl Callable<Run> for Tools {
    fn accept(&self, run: &Run, tool: &str, arguments: Map<String, Value>) -> Result<AcceptedCall<Run>, NotAccepted> {
        let unknown = || NotAccepted::Unknown(tool.to_owned());
        let engine = self.0.upgrade().ok_or_else(unknown)?;
        let work = engine.works.find(tool).filter(|work| work.kind == WorkKind::Tool).ok_or_else(unknown)?.clone();
        if !engine.permits(&run.caller(), &work) {
            return Err(unknown());
        }
        let size = serde_json::to_vec(&arguments).map_or(usize::MAX, |bytes| bytes.len());
        let max = engine.limits().max_arguments;
        if size > max as usize {
            return Err(NotAccepted::Refused(format!("the arguments have {size} bytes; {max} are allowed")));
        }
        if work.asks {
            return Err(NotAccepted::Asks(tool.to_owned()));
        }
        let prepared = prepare(&work, Arguments { given: arguments, answers: Map::new() })?;
        let tool = work.name.clone();
        let begin = move |run| -> BoxFuture<'static, Outcome> {
            Box::pin(async move { engine.run_inside(run, work.policy.timeout, prepared).await })
        };
        Ok(AcceptedCall { tool, begin: Box::new(begin) })
    }

    fn must_not_repeat(&self, tool: &str) -> bool {
        let Some(engine) = self.0.upgrade() else { return true };
        engine.works.find(tool).is_none_or(|work| !work.is_repeatable)
    }

    fn told(&self, run: &Run, error: ToolError) -> String {
        let whose = (run.name(), run.id(), run.revision());
        self.0.upgrade().map_or_else(String::new, |engine| engine.told(error, whose))
    }

    fn contain(
        &self,
        run: Arc<Run>,
        timeout: Option<Duration>,
        work: BoxFuture<'static, Result<Value, ToolError>>,
    ) -> BoxFuture<'static, Outcome> {
        let Some(engine) = self.0.upgrade() else { return Box::pin(std::future::ready(Outcome::Cancelled)) };
        Box::pin(async move { engine.run_inside(run, timeout, Prepared::raw(|_| work)).await })
    }
}

/// Has work judge the arguments of a call. Their types are the tool's: reading them may panic as the tool itself may.
pub(crate) fn prepare(work: &Work, arguments: Arguments) -> Result<Prepared, NotAccepted> {
    match catch_unwind(AssertUnwindSafe(|| work.prepare(arguments))) {
        Ok(prepared) => prepared.map_err(|error| NotAccepted::Refused(error.message)),
        Err(panic) => {
            let text = panics::text(&*panic);
            crate::heard::error!(tool = &*work.name, panic = text, "reading the arguments panicked");
            Err(NotAccepted::Panicked(PANICKED))
        }
    }
}

impl Engine {
    /// Runs a tool, or what is like one, in its part of another run: it ends whatever it does.
    async fn run_inside(&self, run: Arc<Run>, timeout: Option<Duration>, prepared: Prepared) -> Outcome {
        let allowance = Allowance::of_part(self.limits(), timeout);
        let executed = AssertUnwindSafe(self.execute(&run, WorkKind::Tool, prepared, allowance)).catch_unwind().await;
        // What the tool left running learns that its call is over.
        run.cancel(CancelCause::Ended);
        let executed = executed.map(|output| match output {
            Output::Ended(outcome, _) => outcome,
            Output::Parked => Outcome::Cancelled,
        });
        executed.unwrap_or_else(|panic| {
            told(panic, |panic| crate::heard::error!(tool = run.name(), task = ?run.id(), panic, "the tool panicked"));
            Outcome::Error(RpcError::internal(PANICKED))
        })
    }
}
