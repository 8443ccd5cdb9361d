//! Widgets of MCP Apps: a directory of HTML that the compiler checks, as a resource of a server.
//!
//! - What a page needs is found and checked when the crate is compiled, and is one document in the binary: nothing is read from a disk in
//!   production. In development the document is made of the files as they are.
//! - A widget and its tools are types: a tool that does not exist, and one that goes by another name for clients, do not compile.
//! - MCP Apps and `ChatGPT` are told of a widget in their own keys each. Clients that do not declare that they show widgets are told of none.
//!
//! A server depends on `pmcp-server`, which has this crate as `pmcp_server::apps` and offers a widget with `.widget::<Board>()`: the whole of
//! one is in the documentation of `Server::widget`. [`widget`] makes one:
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
//! # The page
//!
//! The widget's directory has an `index.html`, and whatever that names: style sheets, modules, pictures. `tests/board/index.html` of the
//! example, and `board.js`:
//!
//! ```html
#![doc = include_str!("../tests/board/index.html")]
//! ```
//!
//! ```js
#![doc = include_str!("../tests/board/board.js")]
//! ```
//!
//! `mcp` is the bridge to the host, which is there before any script of the page:
//!
//! | `mcp.` | what |
//! |---|---|
//! | `on("result", f)`, `result` | the result of the call that opened the view: `isError`, `text` and, unless `isError` is set, `data`, which is what the tool returns. Who listens late is told, too |
//! | `on("input", f)`, `on("partial", f)`, `input` | that call's arguments; `partial`, as far as the model has written them |
//! | `on("cancelled", f)` | that call has no result, and will have none |
//! | `callTool(name, arguments)` | calls a tool of `tools(…)`, and is the promise of its result. `.cancel()` ends it. `.on("progress", f)` tells the steps of a tool that is no task; of a task `.on("task", f)` tells its state, message and variables, and `.on("question", f)` what it asks: `answer(value)` takes an object with the fields of the form, or `{ answer: value }` for what is asked for alone |
//! | `state` | any value of JSON, kept for when the same view is shown again; lost where a host keeps none and has a new origin for each view |
//! | `context`, `on("context", f)` | the host's theme, locale, time zone, display mode and sizes. Its colours are applied, as style variables |
//! | `sendMessage(text)`, `updateModelContext(text, data)` | something for the conversation, and for the model's next turn |
//! | `openLink(url)`, `download(uri, type, text)`, `requestDisplayMode(mode)`, `readResource(uri)`, `log(level, data)`, `close()` | other wishes to the host. Those that it answers are promises, and reject where it does not do them |
//! | `on("teardown", f)` | the view is about to be removed: the host waits for what `f` returns |
//! | `ready`, `host`, `capabilities` | the promise of the host's first answer, and what it says of itself. Calls wait by themselves |
//!
//! `Server::serve` writes `mcp.d.ts` into the directory of a build for development, the types of the bridge and of the widget's tools, unless
//! the variable `CI` is set. With `// @ts-check` and `/// <reference path="./mcp.d.ts" />` at the top of a script, an editor checks it
//! against the Rust types, with a `jsconfig.json` as the examples have it; so does `npx -p typescript tsc -p widgets/board/jsconfig.json`.
//! Commit the file, and have [`types_are_current`](testing::types_are_current), which is `pmcp_server::apps::testing::types_are_current` to a server,
//! tell in a test when it is old: it takes the definitions of the server's tools, `Server::tool_definitions`.
//!
//! A host may take a view away and show it anew, as a conversation is scrolled. The new one has no call of the old one: a task that it
//! should not outlive is ended by `on("teardown", () => call.cancel())`, and one that goes on is shown by what the page calls anew, such as
//! a tool with the state of the work. The task itself, its variables and its result are safe at the server either way.
//!
//! `cargo pmcp app new PATH` writes a server with a widget that does all of this; its README is the guide to the page.
//! `cargo pmcp preview` shows a server's widgets in a browser, and in its State panel what they keep.
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
pub use pmcp_apps_bundle::Permissions;
pub use types::TypesFile;
pub use typescript::{FILE as TYPES_FILE, typescript};
pub use widget::{Csp, Widget, WidgetDefinition, WidgetSource};
