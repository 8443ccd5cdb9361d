//! Calls of tools by their types, from inside a function.
//!
//! The call itself is by name; here are the types around it: what the compiler knows of the tool is judged by it, and what it can
//! infer is written nowhere.

use futures_util::future::BoxFuture;

use super::{ArgumentsOf, Gives, NamedTool, ReadableResult, WritableArguments, read_result};
use crate::{context::TaskContext, error::ToolError, exact};

/// Calls of tools of the same server by their types, which [`TaskContext`] has. It is in the
/// [prelude](crate::prelude).
///
/// `R` is the result of the tool that is called. It stands here, and not at the function, so that the tool is all that is named at a
/// call.
pub trait CallTools<R> {
    /// Calls a tool once, as a step of this task, as [`call_named`](TaskContext::call_named) does. The tool is named as its function
    /// is, takes the struct of its arguments, and gives what its function returns.
    ///
    /// ```
    /// # use pmcp_tasks::prelude::*;
    /// #[task_tool(read_only)]
    /// async fn rows(file: String) -> Result<u64, ToolError> {
    ///     Ok(file.len() as u64)
    /// }
    ///
    /// #[task_tool(on_crash = "restart")]
    /// async fn all_rows(files: Vec<String>, task: TaskContext) -> Result<u64, ToolError> {
    ///     let mut sum = 0;
    ///     for file in files {
    ///         sum += task.call::<rows>(format!("rows of {file}"), RowsArgs { file }).await?;
    ///     }
    ///     Ok(sum)
    /// }
    /// ```
    ///
    /// The arguments of another tool are an error of the compiler, at them:
    ///
    /// ```compile_fail,E0277
    /// # use pmcp_tasks::prelude::*;
    /// # #[task_tool]
    /// # async fn rows(file: String) -> u64 { file.len() as u64 }
    /// # #[task_tool]
    /// # async fn columns(file: String) -> u64 { file.len() as u64 }
    /// #[task_tool]
    /// async fn cells(file: String, task: TaskContext) -> Result<u64, ToolError> {
    ///     Ok(task.call::<rows>("rows", ColumnsArgs { file }).await?)
    /// }
    /// ```
    ///
    /// The compiler does not know the server: a tool that is not registered there is an error of the call, "there is no tool `rows`".
    ///
    /// # Errors
    /// As [`call_named`](TaskContext::call_named); and what was recorded by an earlier version of the program is not of the type of
    /// the result.
    fn call<T>(
        &self,
        step: impl Into<String>,
        arguments: impl ArgumentsOf<T::Itself> + WritableArguments,
    ) -> BoxFuture<'_, Result<R, ToolError>>
    where
        T: NamedTool<Itself: Gives<R>>,
        R: ReadableResult;
}

impl<V, R> CallTools<R> for TaskContext<V> {
    fn call<T>(
        &self,
        step: impl Into<String>,
        arguments: impl ArgumentsOf<T::Itself> + WritableArguments,
    ) -> BoxFuture<'_, Result<R, ToolError>>
    where
        T: NamedTool<Itself: Gives<R>>,
        R: ReadableResult,
    {
        // Boxed, and written before: else the compiler repeats a mistake in the arguments for the future, and for its `.await`.
        let (step, arguments) = (step.into(), exact::value(&arguments));
        Box::pin(async move {
            let arguments =
                arguments.map_err(|mistake| mistake.about(format_args!("the arguments of `{}`", T::NAME)))?;
            let value = self.call_named(T::NAME, step, arguments).await?;
            read_result(&value)
                .map_err(|reason| ToolError::new(format!("the result of `{}` is not of its type: {reason}", T::NAME)))
        })
    }
}
