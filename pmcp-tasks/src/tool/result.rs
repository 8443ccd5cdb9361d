//! Results of tools.

use std::any::{Any, TypeId};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Content, ToolResult};
use crate::{error::ToolError, exact};

/// Type a tool may return: any that serialises and has a schema, whose value becomes structured content ([`AsValue`]); or
/// content, which goes out as it is ([`AsContent`]).
///
/// Text for `String` and `&'static str`, and nothing for `()`. `Form` tells which of the two it is; the compiler finds it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a tool",
    label = "not a tool's result",
    note = "derive `Serialize` and `JsonSchema` (of schemars 1) for `{Self}` and the types inside it, or return `ToolResult`",
    note = "if it is of another crate, turn on the feature `serde` of that crate, and the feature of schemars for it, such as `chrono04` or `uuid1`",
    note = "content goes out as `Content`, `Vec<Content>` or `ToolResult`: put text beside it with `ToolResult::text(…).with(…)`"
)]
pub trait ToolOutput<Form>: Send + 'static {
    /// The result made of the value.
    ///
    /// # Errors
    /// The value does not serialise, or has a number that JSON does not have.
    fn into_result(self) -> Result<ToolResult, ToolError>;

    /// The JSON Schema of its structured content, if it has some.
    fn schema() -> Option<Value>;

    /// The same with the types inside it under their Rust names: see [`ToolTypes`](super::ToolTypes).
    #[must_use]
    fn named_schema() -> Option<Value> {
        Self::schema()
    }
}

/// The form of a [`ToolOutput`] that is structured content, with its text.
#[derive(Clone, Copy, Debug)]
pub struct AsValue;

/// The form of a [`ToolOutput`] that is content blocks.
#[derive(Clone, Copy, Debug)]
pub struct AsContent;

#[diagnostic::do_not_recommend]
impl<T: Serialize + JsonSchema + Send + 'static> ToolOutput<AsValue> for T {
    fn into_result(self) -> Result<ToolResult, ToolError> {
        let any: Box<dyn Any> = Box::new(self);
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

    fn schema() -> Option<Value> {
        is_structured::<T>().then(|| crate::schema::json::of_output::<T>())
    }

    fn named_schema() -> Option<Value> {
        is_structured::<T>().then(|| crate::schema::json::named_output::<T>())
    }
}

fn is_structured<T: 'static>() -> bool {
    let plain = [TypeId::of::<String>(), TypeId::of::<&'static str>(), TypeId::of::<()>()];
    !plain.contains(&TypeId::of::<T>())
}

/// What goes out as content. None of it has a schema, so that it is no value as well.
macro_rules! content {
    ($($type:ty: $value:ident => $result:expr;)*) => {$(
        impl ToolOutput<AsContent> for $type {
            fn into_result(self) -> Result<ToolResult, ToolError> {
                let $value = self;
                Ok($result)
            }

            fn schema() -> Option<Value> {
                None
            }
        }
    )*};
}

content! {
    ToolResult: result => result;
    Option<ToolResult>: result => result.unwrap_or_default();
    Content: block => ToolResult::default().with(block);
    Option<Content>: block => block.into_iter().fold(ToolResult::default(), ToolResult::with);
    Vec<Content>: blocks => blocks.into_iter().fold(ToolResult::default(), ToolResult::with);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tool_result<T: ToolOutput<Form>, Form>(value: T) -> (ToolResult, bool) {
        (value.into_result().unwrap(), T::schema().is_some())
    }

    #[test]
    fn a_string_is_text_and_an_object_is_structured_with_text() {
        assert_eq!(tool_result(String::from("hi")), (ToolResult::text("hi"), false));
        assert_eq!(tool_result("hi"), (ToolResult::text("hi"), false));
        assert_eq!(tool_result(()), (ToolResult::default(), false));
        let (list, has_schema) = tool_result(vec![1, 2]);
        assert_eq!((list.first_text(), &list.structured, has_schema), (Some("[1,2]"), &Some(json!([1, 2])), true));
        assert_eq!(<Vec<u8> as ToolOutput<AsValue>>::schema().unwrap()["type"], "array");
    }

    #[test]
    fn content_is_content() {
        let block = Content::image([1], "image/png");
        let built = ToolResult::error("no").with(block.clone());
        assert_eq!(tool_result(built.clone()), (built.clone(), false));
        assert_eq!(tool_result(Some(built.clone())), (built, false));
        assert_eq!(tool_result(None::<ToolResult>), (ToolResult::default(), false));
        let one = ToolResult::default().with(block.clone());
        assert_eq!(tool_result(block.clone()), (one.clone(), false));
        assert_eq!(tool_result(Some(block.clone())), (one, false));
        let two = ToolResult::text("a").with(block.clone());
        assert_eq!(tool_result(vec![Content::text("a"), block]), (two, false));
        assert_eq!(tool_result(Vec::<Content>::new()), (ToolResult::default(), false));
    }
}
