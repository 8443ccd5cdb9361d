//! Widgets of MCP Apps: a directory of HTML that the compiler checks, as a resource of a server.
//!
//! - What a page needs is found and checked when the crate is compiled, and is one document in the binary: nothing is read from a disk in
//!   production. In development the document is made of the files as they are.
//! - A widget and its tools are types: a tool that does not exist, and one that goes by another name for clients, do not compile.
//! - Each host is told what it needs in its own keys, MCP Apps and `ChatGPT`, and nobody is told who did not say that it shows widgets.
//!
//! Most of it is reached through `pmcp-server`, whose `.widget::<Board>()` offers one. [`widget`] makes one:
//!
//! ```ignore
//! # // The directory of a widget is that of the crate which is compiled, and documentation has none: see the example `chess`.
//! /// The board, with its legal moves.
//! #[widget(dir = "widgets/board", tools(move_piece), modes("inline", "fullscreen"))]
//! pub struct Board;
//!
//! #[task_tool(support = "forbidden", widget = Board)]
//! async fn show_board() -> Result<BoardView, ToolError> { … }
//!
//! #[task_tool(support = "forbidden", visibility = "app")]
//! async fn move_piece(from: String, to: String) -> Result<BoardView, ToolError> { … }
//! ```
//!
//! # Modules
//!
//! | item | what |
//! |---|---|
//! | [`widget`] | the attribute |
//! | [`Widget`], [`WidgetDefinition`] | what it makes: the document, its URIs and all that hosts are told |
//! | [`typescript()`], [`testing`] | types of the tools for the page's scripts |
//! | [`mcp_ui`] | the widget as a part of a result, for hosts of MCP-UI |
//! | [`check`] | widgets and tools of one server have to fit together |
//! | [`Landing`] | the page at `/` of a server |

mod check;
mod document;
#[cfg(test)]
mod fixture;
mod landing;
mod macros;
mod meta;
pub mod testing;
mod types;
mod typescript;
mod uri;
mod widget;

#[doc(hidden)]
pub mod __private;

pub use check::{WidgetError, check};
pub use landing::Landing;
pub use macros::widget;
pub use meta::{MIME_TYPE, mcp_ui};
pub use typescript::{FILE as TYPES_FILE, typescript};
pub use widget::{Csp, Permissions, Widget, WidgetDefinition, WidgetSource};
