//! The result of a run that has ended, as clients read the results of tasks: one of a tool.

use serde_json::{Value, json};

use super::{
    room::Room,
    view::{View, cut},
};
use crate::{task::Outcome, tool::ToolResult};

/// Size up to which the result of a step stands whole in it, in bytes.
const IN_RESULT: usize = 64 << 10;

/// The same where all of them together are more than a result may have.
const LEAST: usize = 64;

/// The outcome of a run whose steps are all over. What is large in it is cut, so that there is room for it: each step has its own record.
pub(crate) fn completed(view: &View<'_>, room: Room) -> Outcome {
    let mut most = IN_RESULT;
    loop {
        let result = whole(view, most);
        // A result is told as a text and as a structure, the last one twice.
        let may_be_large = 4 * view.course.bytes > room.part();
        if !may_be_large || most <= LEAST || size(&result) <= room.part() {
            return Outcome::Result(result);
        }
        most /= 4;
    }
}

fn whole(view: &View<'_>, most: usize) -> ToolResult {
    let definition = view.course.flow.definition();
    let last = definition.steps.iter().rev().filter(|step| !step.hidden);
    let result = last.map(|step| view.course.outputs.get(step.name)).find_map(Option::flatten);
    let object = view.object(most);
    let structured = json!({
        "workflow": definition.name,
        "taskId": view.subject.id.to_string(),
        "steps": object["steps"],
        "result": result.map_or(Value::Null, |result| cut(result, most)),
    });
    ToolResult::text(view.text_of(most)).with_structured(structured)
}

fn size(result: &ToolResult) -> u64 {
    serde_json::to_vec(result).map_or(u64::MAX, |bytes| bytes.len() as u64)
}
