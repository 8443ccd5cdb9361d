//! Results of tools.

use std::any::{Any, TypeId};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::ToolResult;
use crate::{error::ToolError, exact};

/// Type a tool may return: any that serialises and has a schema.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a tool",
    label = "not a tool's result",
    note = "derive `Serialize` and `JsonSchema` for `{Self}`, or return `ToolResult`"
)]
pub trait ToolOutput: Serialize + JsonSchema + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + JsonSchema + Send + 'static> ToolOutput for T {}

/// The result made of a tool's return value: a [`ToolResult`] as it is, text for `String` and `&'static str`, nothing for `()`, and
/// structured content with its text for everything else.
///
/// # Errors
/// The value does not serialise, or has a number that JSON does not have.
pub(crate) fn tool_result<T: ToolOutput>(value: T) -> Result<ToolResult, ToolError> {
    let any: Box<dyn Any> = Box::new(value);
    let any = match any.downcast::<ToolResult>() {
        Ok(result) => return Ok(*result),
        Err(any) => any,
    };
    let any = match any.downcast::<String>() {
        Ok(text) => return Ok(ToolResult::text(*text)),
        Err(any) => any,
    };
    let any = match any.downcast::<&'static str>() {
        Ok(text) => return Ok(ToolResult::text(*text)),
        Err(any) => any,
    };
    if any.is::<()>() {
        return Ok(ToolResult::default());
    }
    let Ok(value) = any.downcast::<T>() else {
        return Err(ToolError::new("the result has no value"));
    };
    let value = exact::value(&*value).map_err(|mistake| mistake.about("the result"))?;
    Ok(ToolResult::text(value.to_string()).with_structured(value))
}

/// The schema of a return type, if its value becomes structured content.
pub(crate) fn output_schema<T: ToolOutput>() -> Option<Value> {
    let plain = [TypeId::of::<ToolResult>(), TypeId::of::<String>(), TypeId::of::<&'static str>(), TypeId::of::<()>()];
    (!plain.contains(&TypeId::of::<T>())).then(|| crate::schema::json::of_output::<T>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tool::Content;

    #[test]
    fn a_string_is_text_and_an_object_is_structured_with_text() {
        assert_eq!(tool_result(String::from("hi")).unwrap(), ToolResult::text("hi"));
        assert_eq!(tool_result("hi").unwrap(), ToolResult::text("hi"));
        assert_eq!(tool_result(()).unwrap(), ToolResult::default());
        let list = tool_result(vec![1, 2]).unwrap();
        assert_eq!((list.first_text(), &list.structured), (Some("[1,2]"), &Some(json!([1, 2]))));
        let built = ToolResult::error("no").with(Content::image([1], "image/png"));
        assert_eq!(tool_result(built.clone()).unwrap(), built);
    }

    #[test]
    fn only_structured_results_have_a_schema() {
        assert!(output_schema::<String>().is_none() && output_schema::<()>().is_none());
        assert!(output_schema::<ToolResult>().is_none());
        assert_eq!(output_schema::<Vec<u8>>().unwrap()["type"], "array");
    }
}
