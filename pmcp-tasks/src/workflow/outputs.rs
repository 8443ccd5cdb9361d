//! Results of the steps of one run, as the steps after them read them.

use std::collections::HashMap;

use serde_json::Value;

use crate::tool::ToolResult;

/// Results of the steps of a run, by name. A step that is not in it has yet to end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outputs(HashMap<String, Option<Value>>);

impl Outputs {
    /// Those of a run that has just begun.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes the result of a step.
    pub fn insert(&mut self, step: impl Into<String>, result: Value) {
        self.0.insert(step.into(), Some(result));
    }

    /// Notes that a step is skipped.
    pub fn skip(&mut self, step: impl Into<String>) {
        self.0.insert(step.into(), None);
    }

    /// The result of a step: `None` if it has yet to end, `Some(None)` if it is skipped.
    #[must_use]
    pub fn get(&self, step: &str) -> Option<Option<&Value>> {
        self.0.get(step).map(Option::as_ref)
    }

    /// Tells whether a step has ended, or is skipped.
    #[must_use]
    pub fn has(&self, step: &str) -> bool {
        self.0.contains_key(step)
    }
}

/// A tool's result as a later step reads it: the structured content; without one the only text; `null` of no content; else
/// all of the result.
#[must_use]
pub fn value_of(result: &ToolResult) -> Value {
    result.value()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tool::Content;

    #[test]
    fn a_result_is_what_the_function_returned() {
        assert_eq!(value_of(&ToolResult::text("{\"a\":1}").with_structured(json!({ "a": 1 }))), json!({ "a": 1 }));
        assert_eq!(value_of(&ToolResult::text("1.2.0")), json!("1.2.0"));
        assert_eq!(value_of(&ToolResult::default()), Value::Null);
        let both = ToolResult::text("a").with(Content::text("b"));
        assert_eq!(serde_json::from_value::<ToolResult>(value_of(&both)).unwrap(), both);
    }

    #[test]
    fn a_skipped_step_has_ended_without_a_result() {
        let mut outputs = Outputs::new();
        outputs.insert("read", json!(1));
        outputs.skip("notes");
        assert_eq!(
            (outputs.get("read"), outputs.get("notes"), outputs.get("write")),
            (Some(Some(&json!(1))), Some(None), None)
        );
        assert!(outputs.has("notes") && !outputs.has("write"));
    }
}
