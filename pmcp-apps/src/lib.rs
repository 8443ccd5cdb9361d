//! Widgets of MCP Apps: a directory of HTML that the compiler checks, as a resource of a server.
//!
//! - What a page needs is found and checked when the crate is compiled, and is one document in the binary: nothing is read from a disk in
//!   production. In development the document is made of the files as they are.
//! - A widget and its tools are types: a tool that does not exist, and one that goes by another name for clients, do not compile.
//! - Each host is told what it needs in its own keys, MCP Apps and `ChatGPT`, and nobody is told who did not say that it shows widgets.
//!
//! Most of it is reached through `pmcp-server`, whose `.widget::<Board>()` offers one. [`widget`] makes one:
//!
//! ```
//! use pmcp_apps::{Widget, widget};
//! use pmcp_tasks::{TaskRouter, TaskStore, prelude::*};
//! # use schemars::JsonSchema;
//! # use serde::Serialize;
//!
//! /// The board, with its legal moves.
//! #[widget(dir = "tests/board", tools(move_piece), modes("inline", "fullscreen"))]
//! pub struct Board;
//!
//! # #[derive(Serialize, JsonSchema)]
//! # struct BoardView { pieces: Vec<String> }
//! /// Show the board.
//! #[task_tool(support = "forbidden", widget = Board)]
//! async fn show_board() -> Result<BoardView, ToolError> {
//!     # Ok(BoardView { pieces: Vec::new() })
//!     // …
//! }
//!
//! /// Called by the page: no model is told of it.
//! #[task_tool(support = "forbidden", visibility = "app")]
//! async fn move_piece(from: String, to: String) -> Result<BoardView, ToolError> {
//!     # let _ = (from, to);
//!     # Ok(BoardView { pieces: Vec::new() })
//!     // …
//! }
//!
//! let board = Board::definition();
//! assert!(board.document().contains("<title>Board</title>"));
//! assert_eq!(board.description, Some("The board, with its legal moves."));
//!
//! let router = TaskRouter::builder().tool::<show_board>().tool::<move_piece>();
//! assert_eq!(pmcp_apps::check(&[board], router.definitions()), Ok(()));
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
