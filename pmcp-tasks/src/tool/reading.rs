//! Reading of a tool's result, as a step recorded it, as the type that the tool's function returns.

use std::any::{Any, TypeId};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Content, ToolResult};
use crate::{
    error::plain,
    protocol::bounds::{self, shortened},
};

/// Reads a tool's value ([`ToolResult::value`]).
///
/// # Errors
/// It does not fit the type; one sentence that says where.
pub(crate) fn read_result<T: DeserializeOwned + 'static>(value: &Value) -> Result<T, String> {
    as_content(value).unwrap_or_else(|| read_as_written(value))
}

/// Reads a value as its type wrote it.
///
/// # Errors
/// It does not fit the type; one sentence that says where.
pub(crate) fn read_as_written<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| misfit(&error))
}

/// What is told of a value that does not fit.
pub(crate) fn misfit(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let reason = plain(&error.inner().to_string());
    let message = match error.path().to_string() {
        root if root == "." => reason,
        path => format!("`{path}`: {reason}"),
    };
    shortened(&message, bounds::ERROR)
}

/// The result, where its type is one of those that go out as content and not as a value.
fn as_content<T: 'static>(value: &Value) -> Option<Result<T, String>> {
    let content: Box<dyn Any> = match TypeId::of::<T>() {
        id if id == TypeId::of::<ToolResult>() => Box::new(whole(value)),
        id if id == TypeId::of::<Option<ToolResult>>() => Box::new((!value.is_null()).then(|| whole(value))),
        id if id == TypeId::of::<Vec<Content>>() => Box::new(whole(value).content),
        id if id == TypeId::of::<Option<Content>>() => Box::new(whole(value).content.into_iter().next()),
        id if id == TypeId::of::<Content>() => match whole(value).content.into_iter().next() {
            Some(block) => Box::new(block),
            None => return Some(Err("it has no content".into())),
        },
        _ => return None,
    };
    content.downcast().ok().map(|content| Ok(*content))
}

/// The result that has this value: it may be told by its text or its structured content alone.
fn whole(value: &Value) -> ToolResult {
    match value {
        Value::String(text) => return ToolResult::text(text),
        Value::Null => return ToolResult::default(),
        Value::Object(fields) if fields.contains_key("content") => {
            if let Ok(whole) = read_as_written(value) {
                return whole;
            }
        }
        _ => {}
    }
    ToolResult::text(value.to_string()).with_structured(value.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tool::ToolOutput;

    /// The result that a tool gave, after it was recorded.
    fn recorded<T: ToolOutput<Form> + DeserializeOwned, Form>(given: T) -> T {
        read_result(&given.into_result().unwrap().value()).unwrap()
    }

    #[test]
    fn a_result_is_read_as_what_the_function_returned() {
        assert_eq!(recorded(String::from("7")), "7");
        assert_eq!(recorded(vec![1, 2]), [1, 2]);
        recorded(());
    }

    #[test]
    fn content_is_read_as_content() {
        let (text, image) = (Content::text("a"), Content::image([1], "image/png"));
        for block in [text.clone(), image.clone()] {
            assert_eq!(recorded(block.clone()), block);
            assert_eq!(recorded(Some(block.clone())), Some(block.clone()));
            assert_eq!(recorded(vec![block.clone()]), [block]);
        }
        assert_eq!(recorded(vec![text.clone(), image.clone()]), [text, image]);
        assert_eq!(recorded(Vec::<Content>::new()), []);
        assert_eq!(recorded(None::<Content>), None);
        assert_eq!(recorded(None::<ToolResult>), None);
        let structured = json!({ "content": "not blocks" });
        let whole = ToolResult::text(structured.to_string()).with_structured(structured);
        assert_eq!(recorded(whole.clone()), whole);
        assert_eq!(recorded(Some(whole.clone())), Some(whole));
    }

    #[test]
    fn a_value_of_another_type_is_refused_with_its_place() {
        let error = read_result::<Vec<u8>>(&json!([1, "two"])).unwrap_err();
        assert!(error.starts_with("`[1]`: "), "{error}");
        assert!(read_result::<Content>(&Value::Null).is_err());
    }
}
