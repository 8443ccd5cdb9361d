//! Names that the arguments come to: of the widget, its tools and its display modes.

use heck::ToKebabCase;
use pmcp_macro_support::{Diagnostics, did_you_mean};
use syn::{LitStr, ext::IdentExt};

use super::{
    args::{ToolArg, WidgetArgs},
    item::UnitStruct,
};

/// Display modes that hosts know.
const MODES: [&str; 3] = ["inline", "fullscreen", "pip"];

/// The widget's part of its URI.
pub(super) fn name(args: &WidgetArgs, item: &UnitStruct) -> String {
    let given = args.uri.as_ref().map(LitStr::value);
    given.unwrap_or_else(|| item.ident.unraw().to_string().to_kebab_case())
}

/// The name by which clients know a tool.
pub(super) fn tool_name(tool: &ToolArg) -> String {
    let function = || tool.path.segments.last().map(|last| last.ident.unraw().to_string());
    tool.name.as_ref().map(LitStr::value).or_else(function).unwrap_or_default()
}

/// The display modes; `None` if they have a mistake, which is reported once however often they are asked for.
pub(super) fn modes(args: &WidgetArgs, diag: &mut Diagnostics) -> Option<Vec<String>> {
    let Some((key, given)) = &args.modes else { return Some(vec![MODES[0].to_owned()]) };
    let mut modes: Vec<String> = Vec::new();
    let mut is_right = true;
    if given.is_empty() {
        diag.error(key, "a widget without display modes is never shown", "write `modes(\"inline\")`, or leave it out");
        is_right = false;
    }
    for literal in given {
        let mode = literal.value();
        if !MODES.contains(&mode.as_str()) {
            let help = did_you_mean(&mode, MODES).map_or_else(
                || "use `\"inline\"`, `\"fullscreen\"` or `\"pip\"`".to_owned(),
                |meant| format!("did you mean `\"{meant}\"`?"),
            );
            diag.error(literal, format_args!("`\"{mode}\"` is not a display mode"), help);
            is_right = false;
        } else if modes.contains(&mode) {
            diag.error(literal, format_args!("`\"{mode}\"` is given twice"), "remove one of them");
            is_right = false;
        } else {
            modes.push(mode);
        }
    }
    is_right.then_some(modes)
}
