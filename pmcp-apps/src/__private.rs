//! Names for generated code. No compatibility promise: the macro crate is pinned to this version.

pub use pmcp_tasks::tool::{NamedTool, ToolWidget};
pub use serde_json::{Map, Value};

pub use crate::{Csp, Permissions, Widget, WidgetDefinition, WidgetSource};

/// The name of a tool, for a constant to compare.
#[must_use]
pub const fn tool_name<T: NamedTool>() -> &'static str {
    T::NAME
}

/// Tells whether two names are one.
#[must_use]
pub const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// The definition of a widget with mistakes, which is compiled and never run.
#[must_use]
pub fn no_widget() -> &'static WidgetDefinition {
    static NONE: WidgetDefinition = WidgetDefinition {
        package: "",
        version: "",
        name: "",
        title: None,
        description: None,
        csp: Csp { connect: &[], resource: &[], frame: &[], base_uri: &[], redirect: &[] },
        permissions: Permissions { camera: false, microphone: false, geolocation: false, clipboard_write: false },
        domain: None,
        border: None,
        tools: &[],
        modes: &[],
        invoking: None,
        invoked: None,
        bridge: false,
        budget: 0,
        document: "",
        source: None,
    };
    &NONE
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn names_are_the_same_letter_by_letter() {
        assert!(same("", "") && same("a-b", "a-b"));
        assert!(!same("a-b", "a_b") && !same("a", "ab") && !same("ab", "a"));
    }
}
