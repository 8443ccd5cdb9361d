//! The checked form of a widget.

use pmcp_apps_bundle::{Csp, Permissions};
use pmcp_macro_support::{CratePath, Diagnostics, description};
use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Attribute, LitStr, Path};

use super::{
    args::WidgetArgs,
    item::UnitStruct,
    named::{name, tool_name},
    read::Read,
};

/// The longest text beside a running tool, in characters: hosts cut what is longer.
const LONGEST: usize = 64;

/// A widget.
pub(super) struct Widget {
    pub(super) ident: Ident,
    pub(super) carried: Vec<Attribute>,
    pub(super) krate: CratePath,
    pub(super) dir: LitStr,
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) csp: Csp,
    pub(super) permissions: Permissions,
    pub(super) domain: Option<String>,
    pub(super) border: Option<bool>,
    pub(super) tools: Vec<Tool>,
    pub(super) modes: Vec<String>,
    pub(super) invoking: Option<String>,
    pub(super) invoked: Option<String>,
    pub(super) bridge: bool,
    pub(super) budget: usize,
    pub(super) document: String,
    pub(super) warnings: Vec<String>,
}

/// A tool that the widget calls.
pub(super) struct Tool {
    pub(super) path: Path,
    /// The name by which clients know it.
    pub(super) name: String,
}

impl Widget {
    /// Checks everything that grammar and the directory leave open.
    pub(super) fn build(
        args: Option<&WidgetArgs>,
        item: Option<&UnitStruct>,
        read: Option<Read>,
        diag: &mut Diagnostics,
    ) -> Option<Self> {
        let args = args?;
        check_uri(args, item, diag);
        check_text("invoking", args.invoking.as_ref(), diag);
        check_text("invoked", args.invoked.as_ref(), diag);
        let tools = tools(args, diag);
        let (item, read, dir) = (item?, read?, args.dir.clone()?);
        let document = read.document?;
        if diag.has_errors() {
            return None;
        }
        let text = |literal: &Option<LitStr>| literal.as_ref().map(LitStr::value);
        Some(Self {
            ident: item.ident.clone(),
            carried: item.carried().cloned().collect(),
            krate: CratePath::new(args.krate.as_ref(), "pmcp_apps"),
            dir,
            name: name(args, item),
            title: text(&args.title),
            description: text(&args.description).or_else(|| description(&item.attrs)),
            csp: read.declared.csp,
            permissions: read.declared.permissions,
            domain: text(&args.domain),
            border: args.border,
            tools,
            modes: read.modes,
            invoking: text(&args.invoking),
            invoked: text(&args.invoked),
            bridge: args.bridge.unwrap_or(true),
            budget: read.declared.budget,
            document,
            warnings: read.warnings,
        })
    }
}

/// Checks the part of the URI, which may come from the name of the type.
fn check_uri(args: &WidgetArgs, item: Option<&UnitStruct>, diag: &mut Diagnostics) {
    let (at, text, help): (&dyn ToTokens, _, _) = match (&args.uri, item) {
        (Some(uri), _) => (uri, uri.value(), "write letters, digits, `-` and `_`, such as `\"board\"`"),
        (None, Some(item)) => (&item.ident, name(args, item), "add `uri = \"…\"` with letters, digits, `-` and `_`"),
        (None, None) => return,
    };
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if let Some(wrong) = text.chars().find(|c| !is_allowed(*c)) {
        diag.error(at, format_args!("a widget's part of its URI cannot contain `{}`", wrong.escape_debug()), help);
    } else if text.is_empty() {
        diag.error(at, "a widget's part of its URI cannot be empty", help);
    }
}

fn check_text(key: &str, text: Option<&LitStr>, diag: &mut Diagnostics) {
    let Some(text) = text else { return };
    let length = text.value().chars().count();
    if length > LONGEST {
        let help = format!("make it {LONGEST} characters or shorter: hosts cut what is longer");
        diag.error(text, format_args!("`{key}` has {length} characters"), help);
    }
}

fn tools(args: &WidgetArgs, diag: &mut Diagnostics) -> Vec<Tool> {
    let mut tools: Vec<Tool> = Vec::new();
    for tool in &args.tools {
        let name = tool_name(tool);
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if let Some(given) = &tool.name
            && (name.is_empty() || name.len() > 128 || !name.chars().all(is_allowed))
        {
            let help = "write the `name` of its `#[task_tool]`: 1 to 128 of `A-Z a-z 0-9 _ - .`";
            diag.error(given, format_args!("no tool can be named `{name}`"), help);
        } else if tools.iter().any(|other| other.name == name) {
            diag.error(&tool.path, format_args!("the tool `{name}` is given twice"), "remove one of them");
        } else {
            tools.push(Tool { path: tool.path.clone(), name });
        }
    }
    tools
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::widget::surroundings::Surroundings;

    /// The mistakes in a widget: what is underlined, and the first line of what is said.
    fn mistakes(args: &str, item: &str) -> Vec<(String, String)> {
        let mut diag = Diagnostics::new();
        let args = diag.take(WidgetArgs::parse(args.parse().unwrap()));
        let of = diag.take(UnitStruct::parse(item.parse().unwrap()));
        let around = Surroundings { crate_dir: PathBuf::from(env!("CARGO_MANIFEST_DIR")), version: "1".into() };
        let read = args.as_ref().and_then(|args| Read::of(args, of.as_ref(), &around, &mut diag));
        assert!(Widget::build(args.as_ref(), of.as_ref(), read, &mut diag).is_none(), "no mistake in {item}");
        let found = diag.errors().iter().map(|error| {
            let message = error.to_string();
            let (first, help) = message.split_once('\n').unwrap();
            assert!(help.starts_with("help: ") && !help.contains('\n'), "{message}");
            (error.span().source_text().unwrap_or_default(), first.into())
        });
        let found = found.collect();
        drop(diag.finish(proc_macro2::TokenStream::new()));
        found
    }

    /// Arguments beside a right `dir`, an item, what is underlined, and what is said.
    const MISTAKES: &[(&str, &str, &str, &str)] = &[
        ("", "struct Board {}", "{}", "a widget is a unit struct"),
        ("", "pub struct Board(u8);", "(u8)", "a widget is a unit struct"),
        ("", "/** Docs. */ pub enum Board {}", "enum", "a widget is a unit struct"),
        ("", "pub(crate) fn board() {}", "fn", "a widget is a unit struct"),
        ("", "impl Board {}", "impl", "a widget is a unit struct"),
        ("", "struct Board<T>;", "<T>", "a widget cannot be generic"),
        ("uri = \"a/b\"", "struct Board;", "\"a/b\"", "a widget's part of its URI cannot contain `/`"),
        ("uri = \"..\"", "struct Board;", "\"..\"", "a widget's part of its URI cannot contain `.`"),
        ("uri = \"\"", "struct Board;", "\"\"", "a widget's part of its URI cannot be empty"),
        ("", "struct Échecs;", "Échecs", "a widget's part of its URI cannot contain `é`"),
        ("", "struct __;", "__", "a widget's part of its URI cannot be empty"),
        (
            "invoked = \"0123456789012345678901234567890123456789012345678901234567890123ü\"",
            "struct Board;",
            "\"0123456789012345678901234567890123456789012345678901234567890123ü\"",
            "`invoked` has 65 characters",
        ),
        ("modes(\"full\")", "struct Board;", "\"full\"", "`\"full\"` is not a display mode"),
        ("modes(\"inline\", \"inline\")", "struct Board;", "\"inline\"", "`\"inline\"` is given twice"),
        ("modes()", "struct Board;", "modes", "a widget without display modes is never shown"),
        ("budget = \"512\"", "struct Board;", "\"512\"", "`512` is not a size of a document"),
        ("budget = \"0KiB\"", "struct Board;", "\"0KiB\"", "`0KiB` is not a size of a document"),
        (
            "budget = \"99999999999999999999MiB\"",
            "struct Board;",
            "\"99999999999999999999MiB\"",
            "`99999999999999999999MiB` is not a size of a document",
        ),
        ("tools(a, x::a)", "struct Board;", "x::a", "the tool `a` is given twice"),
        ("tools(a = \"b c\")", "struct Board;", "\"b c\"", "no tool can be named `b c`"),
        (
            "csp(connect = [\"https://a.example\", \"https://a.example\"])",
            "struct Board;",
            "\"https://a.example\"",
            "`connect` has `https://a.example` twice",
        ),
    ];

    #[test]
    fn a_mistake_is_told_once_at_the_smallest_token() {
        for (args, item, underlined, message) in MISTAKES {
            let found = mistakes(&format!("dir = \"tests/board\", {args}"), item);
            assert_eq!(found, [((*underlined).into(), (*message).into())], "{args} {item}");
        }
    }

    #[test]
    fn a_wrong_origin_is_told_at_itself() {
        for origin in
            ["http://example.com", "https://a b", "https://a.example/path", "example.com", "https://*.*.example"]
        {
            let found = mistakes(&format!("dir = \"tests/board\", csp(frame = [\"{origin}\"])"), "struct Board;");
            assert_eq!(found.len(), 1, "{origin}: {found:?}");
            assert_eq!(found[0].0, format!("\"{origin}\""));
        }
    }

    #[test]
    fn a_mistake_in_the_directory_is_told_at_the_literal_that_names_it() {
        let found = mistakes("dir = \"tests/nowhere\"", "struct Board;");
        assert_eq!(found[0].0, "\"tests/nowhere\"");
        assert_eq!(found[0].1, "widget directory `tests/nowhere` does not exist");
        assert_eq!(mistakes("", "struct Board;")[0].1, "`dir` is missing");
    }
}
