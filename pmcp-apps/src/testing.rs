//! A test that a server can have of its widgets' types.

use pmcp_tasks::tool::ToolDefinition;

use crate::{Widget, typescript::FILE};

/// The reason why a widget's types are not known to be current.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TypesError {
    /// The file is not what would be written now.
    #[error(
        "`{dir}/{FILE}` is out of date: the tools have other types now; start the server once in development, or run `cargo pmcp app types`"
    )]
    Stale {
        /// The widget's directory.
        dir: &'static str,
    },
    /// This build does not know the directory, or it is not there.
    #[error("the widget `{widget}` has no directory here: compare its types where it is built for development")]
    NoDirectory {
        /// The widget.
        widget: &'static str,
    },
}

/// Compares `mcp.d.ts` in the widget's directory with the types of these tools.
///
/// `Server::serve` writes it in development, where the variable `CI` is not set. No way to start a server that tests use does, so that
/// nothing mends the file before it is compared.
///
/// ```no_run
/// # use pmcp_apps::{Widget, testing::{TypesError, types_are_current}};
/// # use pmcp_tasks::tool::ToolDefinition;
/// # fn test<Board: Widget>(tools: Vec<ToolDefinition>) -> Result<(), TypesError> {
/// types_are_current::<Board>(&tools)?;
/// # Ok(()) }
/// ```
///
/// # Errors
/// It is not, or there is nothing to compare with.
pub fn types_are_current<'a, W: Widget>(tools: impl IntoIterator<Item = &'a ToolDefinition>) -> Result<(), TypesError> {
    let widget = W::definition();
    let file = widget.types(tools).zip(widget.source);
    let (file, source) = file.ok_or(TypesError::NoDirectory { widget: widget.name })?;
    if file.is_current() { Ok(()) } else { Err(TypesError::Stale { dir: source.dir }) }
}
