//! The grammar of `#[task_tool(…)]`.

use pmcp_macro_support::{Keys, did_you_mean, error, listed};
use proc_macro2::{Span, TokenStream};
use syn::{Ident, LitStr, Path};

/// The keys, in the order of the documentation.
const KEYS: [&str; 16] = [
    "name",
    "title",
    "description",
    "support",
    "ttl",
    "poll_interval",
    "inline",
    "timeout",
    "on_crash",
    "fallback",
    "read_only",
    "destructive",
    "idempotent",
    "open_world",
    "args",
    "crate",
];

/// Arguments of the attribute. `None` is what it leaves out.
#[derive(Default)]
pub(super) struct TaskToolArgs {
    pub(super) name: Option<LitStr>,
    pub(super) title: Option<LitStr>,
    pub(super) description: Option<LitStr>,
    pub(super) support: Option<Given<Support>>,
    pub(super) ttl: Option<Given<Millis>>,
    pub(super) poll_interval: Option<Given<Millis>>,
    /// Zero is "at once".
    pub(super) inline: Option<Given<Millis>>,
    pub(super) timeout: Option<Given<Millis>>,
    pub(super) on_crash: Option<Given<OnCrash>>,
    pub(super) fallback: Option<Given<Fallback>>,
    pub(super) hints: Hints,
    /// The key of that hint.
    pub(super) destructive: Option<Ident>,
    pub(super) args: Option<Ident>,
    pub(super) krate: Option<Path>,
}

/// A value and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Given<T> {
    pub(super) value: T,
    pub(super) span: Span,
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

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Millis(pub(super) u64);

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
            hints: Hints {
                read_only: keys.flag("read_only"),
                destructive: keys.flag("destructive"),
                idempotent: keys.flag("idempotent"),
                open_world: keys.flag("open_world"),
            },
            args: keys.ident("args"),
            krate: keys.path("crate"),
        };
        keys.finish(parsed)
    }
}

/// The value of a key that takes one of these strings.
fn choice<T: Copy>(keys: &mut Keys, key: &str, choices: &[(&str, T)]) -> Option<Given<T>> {
    let text = keys.string(key)?;
    let given = text.value();
    if let Some((_, value)) = choices.iter().find(|(name, _)| *name == given) {
        return Some(Given { value: *value, span: text.span() });
    }
    let meant = did_you_mean(&given, choices.iter().map(|(name, _)| *name));
    let help = meant.map_or_else(
        || {
            let names: Vec<String> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            format!("use {}", listed(&names, "or"))
        },
        |meant| format!("did you mean `\"{meant}\"`?"),
    );
    keys.report(error(&text, format_args!("`{key}` cannot be `\"{given}\"`"), help));
    None
}

/// The value of a key that takes a length of time.
fn duration(keys: &mut Keys, key: &str) -> Option<Given<Millis>> {
    let given = any_duration(keys, key)?;
    if given.value == Millis(0) {
        keys.report(syn::Error::new(given.span, format_args!("`{key}` is zero\nhelp: use at least `\"1ms\"`")));
        return None;
    }
    Some(given)
}

/// The same of a key for which zero means something.
fn any_duration(keys: &mut Keys, key: &str) -> Option<Given<Millis>> {
    let text = keys.string(key)?;
    let help = "write a number and one of `ms`, `s`, `m`, `h`, `d`, such as `\"90s\"`";
    let value = millis(&text.value());
    if value.is_none() {
        keys.report(error(&text, format_args!("`{}` is not a length of time", text.value()), help));
    }
    Some(Given { value: Millis(value?), span: text.span() })
}

fn millis(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit_at);
    let unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn lengths_of_time_have_a_unit() {
        let known = [("250ms", 250), ("0", 0), ("30s", 30_000), ("5m", 300_000), ("1h", 3_600_000), ("1d", 86_400_000)];
        for (text, expected) in known {
            assert_eq!(millis(text), Some(expected));
        }
        for text in ["", "1", "h", "1 h", "1.5h", "-1s", "1w", "99999999999999999999s", "9999999999999999d"] {
            assert_eq!(millis(text), None, "{text}");
        }
    }

    #[test]
    fn every_wrong_value_is_reported_at_itself() {
        let args = quote!(
            support = "optionl",
            ttl = "1w",
            timeout = "0s",
            on_crash = "never",
            fallback = "x",
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
                "`read_only` takes `true` or `false`\nhelp: write `read_only` or `read_only = false`",
            ]
        );
    }
}
