//! The attribute, with its documentation.

/// Makes a widget of a directory of HTML.
///
/// It stands on a unit struct, which is what `widget = Board` of `#[task_tool]` and `.widget::<Board>()` of a server take.
///
/// | argument | value | default |
/// |---|---|---|
/// | `dir` | The widget's directory, relative to the crate's `Cargo.toml`, with `index.html` in it | required |
/// | `uri` | Its part of the document's URI | the type's name in kebab case |
/// | `title` | A name for people | none |
/// | `description` | What it shows, for models and people | the doc comment, up to its first heading |
/// | `csp(connect = […], resource = […], frame = […], base_uri = […], redirect = […])` | Origins it reaches: by scripts; for scripts, styles, images, fonts and media; in frames; as base; by links without a question | none |
/// | `permissions(camera, microphone, geolocation, clipboard_write)` | Abilities of the browser | none |
/// | `domain` | The origin that hosts are to give it, in their form | the host's |
/// | `border` | `border` or `border = false`: whether it wants a border around it | the host's |
/// | `tools(move_piece, legal_moves = "legal-moves")` | The tools it calls, as paths; `= "…"` for one that has another name for clients | none |
/// | `modes("inline", "fullscreen", "pip")` | Display modes it can be shown in | `"inline"` |
/// | `invoking`, `invoked` | Texts of at most 64 characters while the tool that opens it runs, and after | none |
/// | `bridge` | `bridge = false` if the page speaks the protocol itself | our bridge |
/// | `budget` | Size the document may have: `"512KiB"`, `"1MiB"` | `"512KiB"` |
/// | `crate` | Where this crate is, for crates that re-export it | found in the manifest |
///
/// An origin is `https://` or `wss://` and a host, perhaps with a port; `http` and `ws` on a loopback name only. `*.` may be its first label.
///
/// # What is checked
///
/// Everything that `index.html` reaches is read, and made one document. A mistake in a file is an error at the literal of `dir`, with the
/// place in the file: `widgets/board/index.html:10:10: …`. What hosts block is one, too: requests to an origin that `csp` lacks, `eval`,
/// workers. Advice is a warning.
///
/// # Rebuilds
///
/// Each file that was read is tracked: a change of it compiles the crate anew. Cargo compares times, so a file that is replaced by an older
/// one is missed, as a Rust source would be; rust-analyzer shows what was until the Rust file is saved.
///
/// # What is generated
///
/// - The struct, as it was.
/// - [`Widget`](crate::Widget) and [`ToolWidget`](pmcp_tasks::tool::ToolWidget) for it.
///
/// In a build with `debug_assertions` the directory is named, too: the document is made of the files whenever it is read, and a mistake is a
/// page that tells it.
///
/// # Example
///
/// ```
/// use pmcp_apps::{Widget, widget};
///
/// /// The board, with its legal moves.
/// #[widget(dir = "tests/board", title = "Board", invoking = "Setting up")]
/// struct Board;
///
/// assert!(Board::definition().has_uri("ui://pmcp-apps/board/dev.html"));
/// ```
///
/// A file that is not there does not compile:
///
/// ```compile_fail
/// #[pmcp_apps::widget(dir = "tests/nowhere")]
/// struct Board;
/// ```
pub use pmcp_apps_macros::widget;
