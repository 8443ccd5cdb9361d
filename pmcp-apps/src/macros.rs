//! The attribute, with its documentation.

/// Makes a widget of a directory of HTML.
///
/// It stands on a unit struct, which is what `widget = Board` of `#[task_tool]` and `.widget::<Board>()` of a server take. What stands in the
/// directory, and how its scripts reach the tools, is told by [the page](crate#the-page).
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
/// Everything that `index.html` reaches is read, and made one document: at most 16 MiB a file, 4,096 files and 64 MiB. A mistake in a file is
/// an error at the literal of `dir`, with the place in the file: `widgets/board/index.html:10:10: …`. What hosts block for certain is one,
/// too, such as a request to an origin that `csp` lacks.
///
/// Modules are linked, with every form of `import` and `export`, JSON and top-level `await`. Refused are imports by a bare name
/// (`import "d3"`), modules that import each other, `import.meta`, and an exported variable that is assigned later. Who has a bundler points
/// `dir` at its output.
///
/// Advice is a warning, and the document is made: what some hosts block (workers, `eval`, inlined fonts), what does nothing in a host
/// (`alert`), an origin that nothing uses. A macro's warning is the use of something deprecated: `#[allow(deprecated)]` on the struct
/// silences the advice about this widget.
///
/// Some things mean something else in one document, or destroy a view, and are told for that:
///
/// | in the page | why |
/// |---|---|
/// | a link to a file, `<meta http-equiv="refresh">` | The document is left, and hosts then remove the view |
/// | a link to the web, `location = …` (advice) | The same. `onclick="mcp.openLink(this.href); return false"` opens it in the host |
/// | a deferred script or module after, or between, those of another origin | It would run before them |
/// | `onload` of a script or sheet, a `disabled` sheet | Once its text is in the document, nothing is loaded, and it holds |
/// | a script with `src`, or a module, in a `<template>` | It is copied later, when there is no file |
/// | `data:` and `blob:` for scripts, sheets, frames and requests | Hosts let images and media in so, and nothing else |
/// | a text that looks like a key: `sk-…`, `sk_live_…`, `AKIA…`, `AIza…`, `ghp_…`, `github_pat_…`, `xoxb-…` | Who has the view has it |
/// | an element of HTML in `<svg>` outside of `<foreignObject>` | Browsers end the `<svg>` before it |
/// | a file that `srcdoc` names | Nothing is put into the document of a frame |
/// | `RTCPeerConnection` (advice) | No content policy covers it, nor `<link rel="preconnect">` |
///
/// `import("./x.js")` of a file runs that file before the module that calls it, whether the call is reached or not, as an `import` statement
/// does: what it throws ends the script, also within `try`. Of an `https` address it is called when it is reached.
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
/// use pmcp_tasks::prelude::*;
///
/// #[task_tool(support = "forbidden", visibility = "app")]
/// async fn move_piece(from: String, to: String) -> String {
///     format!("{from} to {to}")
/// }
///
/// /// The board, with its legal moves.
/// #[widget(dir = "tests/board", tools(move_piece), title = "Board", invoking = "Setting up")]
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
