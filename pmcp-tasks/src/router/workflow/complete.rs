//! Completing the arguments of the prompts that begin workflows.

use serde_json::Value;

use super::{Flows, look::NEW};
use crate::{
    offer::Completion,
    protocol::RpcError,
    router::request::RequestCx,
    workflow::{TASK_ID, completions},
};

impl Flows {
    /// Handles `completion/complete` where the workflow's schema, or the caller's runs, say what an argument may be; `None` if they do not.
    pub(in crate::router) async fn complete(&self, rq: RequestCx<'_>) -> Option<Result<Value, RpcError>> {
        let text = |pointer: &str| rq.params.pointer(pointer).and_then(Value::as_str);
        if text("/ref/type") != Some("ref/prompt") {
            return None;
        }
        let name = text("/ref/name")?;
        let flow = self.of_prompt(name).filter(|_| self.permits(rq, name))?;
        let (argument, typed) = (text("/argument/name")?, text("/argument/value")?);
        let definition = flow.flow.definition();
        if argument == TASK_ID {
            return Some(self.runs(rq, &definition.name, typed).await.map(Completion::into_value));
        }
        let values = completions(&definition.arguments, argument, typed);
        if values.is_empty() {
            return None;
        }
        Some(Ok(Completion::from(values).into_value()))
    }

    /// The caller's open runs of a workflow, the newest first.
    async fn runs(&self, rq: RequestCx<'_>, workflow: &str, typed: &str) -> Result<Completion, RpcError> {
        let mut values = Vec::new();
        if rq.may_list() {
            let page = rq.engine.store().list(rq.owner()?, None, rq.engine.limits().page_size).await?;
            let tasks = page.into_iter().flat_map(|page| page.tasks);
            let open = tasks.filter(|task| !task.status().is_terminal());
            let of = open.filter(|task| task.head.workflow.as_ref().is_some_and(|head| head.workflow == workflow));
            values.extend(of.map(|task| task.id().to_string()));
        }
        values.push(NEW.to_owned());
        values.retain(|value| value.starts_with(typed));
        Ok(values.into())
    }
}
