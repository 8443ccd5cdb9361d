//! The grammar of `#[task_tool(…)]`.

use pmcp_macro_support::Keys;
use proc_macro2::TokenStream;
use syn::{Ident, LitStr, Path};

use crate::{
    shown::{Icon, MetaObject, icons, meta},
    values::{Given, Millis, any_duration, choice, duration, scopes},
};

/// The keys, in the order of the documentation.
const KEYS: [&str; 21] = [
    "name",
    "title",
    "description",
    "icons",
    "support",
    "ttl",
    "poll_interval",
    "inline",
    "timeout",
    "on_crash",
    "fallback",
    "widget",
    "visibility",
    "scopes",
    "read_only",
    "destructive",
    "idempotent",
    "open_world",
    "meta",
    "args",
    "crate",
];

/// Arguments of the attribute. `None` is what it leaves out.
#[derive(Default)]
pub(super) struct TaskToolArgs {
    pub(super) name: Option<LitStr>,
    pub(super) title: Option<LitStr>,
    pub(super) description: Option<LitStr>,
    pub(super) icons: Vec<Icon>,
    pub(super) support: Option<Given<Support>>,
    pub(super) ttl: Option<Given<Millis>>,
    pub(super) poll_interval: Option<Given<Millis>>,
    /// Zero is "at once".
    pub(super) inline: Option<Given<Millis>>,
    pub(super) timeout: Option<Given<Millis>>,
    pub(super) on_crash: Option<Given<OnCrash>>,
    pub(super) fallback: Option<Given<Fallback>>,
    pub(super) widget: Option<Path>,
    pub(super) visibility: Option<Given<Visibility>>,
    /// The scopes that its callers need.
    pub(super) scopes: Vec<String>,
    pub(super) hints: Hints,
    /// The key of that hint.
    pub(super) destructive: Option<Ident>,
    pub(super) meta: Option<MetaObject>,
    pub(super) args: Option<Ident>,
    pub(super) krate: Option<Path>,
}

/// Support of tasks by the tool's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Support {
    Forbidden,
    Optional,
    Required,
}

/// Fate of a task whose process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnCrash {
    Fail,
    Restart,
}

/// Service for clients without tasks when a call takes long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fallback {
    Handle,
    None,
}

/// The one caller a tool is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visibility {
    Model,
    App,
}

/// The annotations of MCP.
#[derive(Clone, Copy, Default)]
pub(super) struct Hints {
    pub(super) read_only: Option<bool>,
    pub(super) destructive: Option<bool>,
    pub(super) idempotent: Option<bool>,
    pub(super) open_world: Option<bool>,
}

impl TaskToolArgs {
    /// Reads the arguments.
    pub(super) fn parse(args: TokenStream) -> syn::Result<Self> {
        let mut keys = Keys::parse(args, &KEYS);
        let destructive = keys.key("destructive").cloned();
        let parsed = Self {
            destructive,
            name: keys.string("name"),
            title: keys.string("title"),
            description: keys.string("description"),
            icons: icons(&mut keys),
            support: choice(
                &mut keys,
                "support",
                &[("forbidden", Support::Forbidden), ("optional", Support::Optional), ("required", Support::Required)],
            ),
            ttl: duration(&mut keys, "ttl"),
            poll_interval: duration(&mut keys, "poll_interval"),
            inline: any_duration(&mut keys, "inline"),
            timeout: duration(&mut keys, "timeout"),
            on_crash: choice(&mut keys, "on_crash", &[("fail", OnCrash::Fail), ("restart", OnCrash::Restart)]),
            fallback: choice(&mut keys, "fallback", &[("handle", Fallback::Handle), ("none", Fallback::None)]),
            widget: keys.path("widget"),
            visibility: choice(&mut keys, "visibility", &[("app", Visibility::App), ("model", Visibility::Model)]),
            scopes: scopes(&mut keys, "scopes"),
            hints: Hints {
                read_only: keys.flag("read_only"),
                destructive: keys.flag("destructive"),
                idempotent: keys.flag("idempotent"),
                open_world: keys.flag("open_world"),
            },
            meta: meta(&mut keys),
            args: keys.ident("args"),
            krate: keys.path("crate"),
        };
        keys.finish(parsed)
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn every_wrong_value_is_reported_at_itself() {
        let args = quote!(
            support = "optionl",
            ttl = "1w",
            timeout = "0s",
            on_crash = "never",
            fallback = "x",
            widget = "Board",
            visibility = "user",
            scopes = ["a b", "ä", "c", "c", 1],
            name = 3,
            read_only = 1
        );
        let errors: Vec<String> =
            TaskToolArgs::parse(args).err().unwrap().into_iter().map(|error| error.to_string()).collect();
        assert_eq!(
            errors,
            [
                "`name` takes a string\nhelp: write `name = \"3\"`",
                "`support` cannot be `\"optionl\"`\nhelp: did you mean `\"optional\"`?",
                "`1w` is not a length of time\nhelp: write a number and one of `ms`, `s`, `m`, `h`, `d`, such as `\"90s\"`",
                "`timeout` is zero\nhelp: use at least `\"1ms\"`",
                "`on_crash` cannot be `\"never\"`\nhelp: use `\"fail\"` or `\"restart\"`",
                "`fallback` cannot be `\"x\"`\nhelp: use `\"handle\"` or `\"none\"`",
                "`widget` takes a path\nhelp: write `widget = Board`",
                "`visibility` cannot be `\"user\"`\nhelp: use `\"app\"` or `\"model\"`",
                "`a b` is not a scope\nhelp: write each by itself: `\"a\", \"b\"`",
                "`ä` is not a scope\nhelp: a scope has ASCII characters, and neither spaces nor `\"` nor `\\`",
                "the scope `c` is given twice\nhelp: remove one of them",
                "a scope is a string\nhelp: write it as `\"files:write\"`",
                "`read_only` takes `true` or `false`\nhelp: write `read_only` or `read_only = false`",
            ]
        );
    }

    #[test]
    fn scopes_are_a_list_with_something_in_it() {
        let mistake = |args| TaskToolArgs::parse(args).err().unwrap().to_string();
        assert_eq!(
            mistake(quote!(scopes = "a b")),
            "`scopes` takes a list of strings\nhelp: write `scopes = [\"a\", \"b\"]`"
        );
        for args in [quote!(scopes), quote!(scopes = files)] {
            assert_eq!(mistake(args), "`scopes` takes a list of strings\nhelp: write `scopes = [\"files:write\"]`");
        }
        assert_eq!(
            mistake(quote!(scopes = [])),
            "`scopes` has no scope\nhelp: name one, or remove the key: then everybody may use it"
        );
        assert_eq!(TaskToolArgs::parse(quote!(scopes = ["a", "b:c"])).ok().unwrap().scopes, ["a", "b:c"]);
    }
}
