//! The result of a run that has ended, as clients read the results of tasks: one of a tool.

use serde_json::{Value, json};

use super::view::{View, cut};
use crate::{task::Outcome, tool::ToolResult};

/// Size up to which the result of a step stands whole in it, in bytes.
const IN_RESULT: usize = 64 << 10;

/// The outcome of a run whose steps are all over.
pub(crate) fn completed(view: &View<'_>) -> Outcome {
    let definition = view.course.flow.definition();
    let last = definition.steps.iter().rev().filter(|step| !step.hidden);
    let result = last.map(|step| view.course.outputs.get(step.name)).find_map(Option::flatten);
    let object = view.object(IN_RESULT);
    let structured = json!({
        "workflow": definition.name,
        "taskId": view.subject.id.to_string(),
        "steps": object["steps"],
        "result": result.map_or(Value::Null, |result| cut(result, IN_RESULT)),
    });
    Outcome::Result(ToolResult::text(view.text()).with_structured(structured))
}
