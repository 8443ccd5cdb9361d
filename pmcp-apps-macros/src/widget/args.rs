//! The grammar of `#[widget(…)]`.

use pmcp_apps_bundle::Permissions;
use pmcp_macro_support::{Keys, error, visible};
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Expr, Lit, LitStr, Path, Token,
    parse::{ParseStream, Parser},
};

use super::lists::Lists;

/// The keys, in the order of the documentation.
const KEYS: [&str; 14] = [
    "dir",
    "uri",
    "title",
    "description",
    "csp",
    "permissions",
    "domain",
    "border",
    "tools",
    "modes",
    "invoking",
    "invoked",
    "bridge",
    "budget",
];

/// Those of them that have a list, with an example of one.
const LISTS: [(&str, &str); 4] = [
    ("csp", "csp(connect = [\"https://api.example.com\"])"),
    ("permissions", "permissions(camera)"),
    ("tools", "tools(move_piece)"),
    ("modes", "modes(\"inline\", \"fullscreen\")"),
];

/// Arguments of the attribute. `None`, and an empty list, is what it leaves out.
#[derive(Default)]
pub(super) struct WidgetArgs {
    pub(super) dir: Option<LitStr>,
    pub(super) uri: Option<LitStr>,
    pub(super) title: Option<LitStr>,
    pub(super) description: Option<LitStr>,
    pub(super) csp: Csp,
    pub(super) permissions: Permissions,
    pub(super) domain: Option<LitStr>,
    pub(super) border: Option<bool>,
    pub(super) tools: Vec<ToolArg>,
    /// With its name, to point at.
    pub(super) modes: Option<(Ident, Vec<LitStr>)>,
    pub(super) invoking: Option<LitStr>,
    pub(super) invoked: Option<LitStr>,
    pub(super) bridge: Option<bool>,
    pub(super) budget: Option<LitStr>,
    pub(super) krate: Option<Path>,
}

/// The origins of `csp(…)`.
#[derive(Default)]
pub(super) struct Csp {
    pub(super) connect: Vec<LitStr>,
    pub(super) resource: Vec<LitStr>,
    pub(super) frame: Vec<LitStr>,
    pub(super) base_uri: Vec<LitStr>,
    pub(super) redirect: Vec<LitStr>,
}

/// A tool of `tools(…)`.
pub(super) struct ToolArg {
    pub(super) path: Path,
    /// The name that clients know it by, if it is given.
    pub(super) name: Option<LitStr>,
}

impl WidgetArgs {
    /// Reads the arguments.
    pub(super) fn parse(args: TokenStream) -> syn::Result<Self> {
        let (mut lists, rest) = Lists::split(args, &LISTS.map(|(name, _)| name));
        let mut known = KEYS.to_vec();
        known.push("crate");
        let mut keys = Keys::parse(rest, &known);
        for error in std::mem::take(&mut lists.errors) {
            keys.report(error);
        }
        for (name, example) in LISTS {
            if let Some((key, value)) = keys.expr(name) {
                let at = value.map_or_else(|| key.to_token_stream(), ToTokens::into_token_stream);
                keys.report(error(
                    at,
                    format_args!("`{name}` has its list in parentheses"),
                    format_args!("write `{example}`"),
                ));
            }
        }
        let parsed = Self {
            dir: keys.string("dir"),
            uri: keys.string("uri"),
            title: keys.string("title"),
            description: keys.string("description"),
            csp: lists.take("csp").map(|(_, list)| Csp::parse(list, &mut keys)).unwrap_or_default(),
            permissions: lists.take("permissions").map(|(_, list)| permissions(list, &mut keys)).unwrap_or_default(),
            domain: keys.string("domain"),
            border: keys.flag("border"),
            tools: lists.take("tools").map(|(_, list)| tools(list, &mut keys)).unwrap_or_default(),
            modes: lists.take("modes").map(|(name, list)| (name, modes(list, &mut keys))),
            invoking: keys.string("invoking"),
            invoked: keys.string("invoked"),
            bridge: keys.flag("bridge"),
            budget: keys.string("budget"),
            krate: keys.path("crate"),
        };
        keys.finish(parsed)
    }
}

impl Csp {
    fn parse(list: TokenStream, outer: &mut Keys) -> Self {
        let mut keys = Keys::parse(list, &["connect", "resource", "frame", "base_uri", "redirect"]);
        let parsed = Self {
            connect: texts(&mut keys, "connect"),
            resource: texts(&mut keys, "resource"),
            frame: texts(&mut keys, "frame"),
            base_uri: texts(&mut keys, "base_uri"),
            redirect: texts(&mut keys, "redirect"),
        };
        keys.finish(parsed).unwrap_or_else(|error| {
            outer.report(error);
            Self::default()
        })
    }

    /// All origins, in the order in which they can be written.
    pub(super) fn origins(&self) -> impl Iterator<Item = (&'static str, &[LitStr])> {
        let Self { connect, resource, frame, base_uri, redirect } = self;
        [
            ("connect", &connect[..]),
            ("resource", resource),
            ("frame", frame),
            ("base_uri", base_uri),
            ("redirect", redirect),
        ]
        .into_iter()
    }
}

/// The abilities of `permissions(…)`.
fn permissions(list: TokenStream, outer: &mut Keys) -> Permissions {
    let mut keys = Keys::parse(list, &["camera", "microphone", "geolocation", "clipboard_write"]);
    let mut flag = |name| keys.flag(name).unwrap_or_default();
    let parsed = Permissions {
        camera: flag("camera"),
        microphone: flag("microphone"),
        geolocation: flag("geolocation"),
        clipboard_write: flag("clipboard_write"),
    };
    keys.finish(parsed).unwrap_or_else(|error| {
        outer.report(error);
        Permissions::default()
    })
}

/// The value of a key that takes a list of texts.
fn texts(keys: &mut Keys, key: &str) -> Vec<LitStr> {
    let Some((ident, value)) = keys.expr(key) else { return Vec::new() };
    let Some(Expr::Array(array)) = value else {
        let text = value.as_ref().map_or_else(|| "\"…\"".to_owned(), |value| value.to_token_stream().to_string());
        let at = value.map_or_else(|| ident.to_token_stream(), ToTokens::into_token_stream);
        keys.report(error(at, format_args!("`{key}` takes a list"), format_args!("write `{key} = [{text}]`")));
        return Vec::new();
    };
    let mut texts = Vec::new();
    for element in array.elems {
        match visible(element) {
            Expr::Lit(literal) if matches!(literal.lit, Lit::Str(_)) => {
                if let Lit::Str(text) = literal.lit {
                    texts.push(text);
                }
            }
            other => keys.report(error(
                other,
                format_args!("`{key}` takes texts"),
                format_args!("write `{key} = [\"https://api.example.com\"]`"),
            )),
        }
    }
    texts
}

/// Reads entries, of which each ends at the next comma. What follows a mistake is read on behind it.
fn entries<T>(list: TokenStream, keys: &mut Keys, entry: impl Fn(ParseStream<'_>) -> syn::Result<T>) -> Vec<T> {
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            match entry(input) {
                Ok(one) => {
                    found.push(one);
                    if !input.is_empty() && !input.peek(Token![,]) {
                        let token: TokenTree = input.fork().parse()?;
                        let help = format!("write a `,` before `{token}`");
                        errors.push(error(&token, format_args!("a `,` is missing before `{token}`"), help));
                    }
                }
                Err(error) => errors.push(error),
            }
            while !input.is_empty() && !input.peek(Token![,]) {
                input.parse::<TokenTree>()?;
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    };
    if let Err(error) = parser.parse2(list) {
        errors.push(error);
    }
    for error in errors {
        keys.report(error);
    }
    found
}

fn tools(list: TokenStream, keys: &mut Keys) -> Vec<ToolArg> {
    entries(list, keys, |input| {
        if input.peek(Lit) {
            let literal: Lit = input.parse()?;
            let name = literal.to_token_stream().to_string();
            let help =
                format!("write the function: `move_piece`, or `move_piece = {name}` if that is its name for clients");
            return Err(error(literal, "a tool is given by the path of its function", help));
        }
        let told = |error: syn::Error| {
            syn::Error::new(
                error.span(),
                format_args!("{error}\nhelp: name the functions of tools: `tools(move_piece)`"),
            )
        };
        let path = input.call(Path::parse_mod_style).map_err(told)?;
        let name = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            let value: Expr = input.parse().map_err(told)?;
            match visible(value) {
                Expr::Lit(literal) if matches!(literal.lit, Lit::Str(_)) => match literal.lit {
                    Lit::Str(text) => Some(text),
                    _ => None,
                },
                other => {
                    let help = "write it in quotes: `move_piece = \"move-piece\"`";
                    return Err(error(other, "the name of a tool for clients is a text", help));
                }
            }
        } else {
            None
        };
        Ok(ToolArg { path, name })
    })
}

fn modes(list: TokenStream, keys: &mut Keys) -> Vec<LitStr> {
    entries(list, keys, |input| {
        if input.peek(LitStr) {
            return input.parse();
        }
        let token: TokenTree = input.parse()?;
        let help = format!("write `modes(\"{token}\")`");
        Err(error(&token, "a display mode is a text", help))
    })
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    fn errors(args: TokenStream) -> Vec<String> {
        WidgetArgs::parse(args).err().into_iter().flatten().map(|error| error.to_string()).collect()
    }

    #[test]
    fn every_key_is_read() {
        let args = WidgetArgs::parse(quote!(
            dir = "w",
            csp(connect = ["https://a.example"], base_uri = []),
            uri = "board",
            permissions(camera, clipboard_write),
            tools(a, b::c = "d",),
            modes("inline", "pip"),
            border = false,
            bridge = false,
            budget = "1MiB",
            crate = ::x
        ))
        .unwrap();
        assert_eq!(args.dir.unwrap().value(), "w");
        assert_eq!(args.csp.connect[0].value(), "https://a.example");
        assert!(args.permissions.camera && args.permissions.clipboard_write && !args.permissions.microphone);
        let tools: Vec<_> = args.tools.iter().map(|tool| tool.name.as_ref().map(LitStr::value)).collect();
        assert_eq!(tools, [None, Some("d".to_owned())]);
        assert_eq!(args.modes.unwrap().1.len(), 2);
        assert_eq!((args.border, args.bridge), (Some(false), Some(false)));
    }

    #[test]
    fn every_mistake_of_grammar_is_told_with_its_edit() {
        let cases = [
            (quote!(dirr = "w"), "unknown key `dirr`\nhelp: did you mean `dir`?"),
            (quote!(dir = widgets), "`dir` takes a string\nhelp: write `dir = \"widgets\"`"),
            (
                quote!(csp = ["https://a.example"]),
                "`csp` has its list in parentheses\nhelp: write `csp(connect = [\"https://api.example.com\"])`",
            ),
            (quote!(csp(connct = [])), "unknown key `connct`\nhelp: did you mean `connect`?"),
            (
                quote!(csp(connect = "https://a.example")),
                "`connect` takes a list\nhelp: write `connect = [\"https://a.example\"]`",
            ),
            (
                quote!(csp(connect = [a])),
                "`connect` takes texts\nhelp: write `connect = [\"https://api.example.com\"]`",
            ),
            (
                quote!(modes("inline") tools(a)),
                "a `,` is missing before `tools`\nhelp: write a `,` between `modes(…)` and `tools`",
            ),
            (quote!(tools(a), tools(b)), "`tools` is given twice\nhelp: make one list of both"),
            (
                quote!(tools("a")),
                "a tool is given by the path of its function\n\
                 help: write the function: `move_piece`, or `move_piece = \"a\"` if that is its name for clients",
            ),
            (
                quote!(tools(a = b)),
                "the name of a tool for clients is a text\nhelp: write it in quotes: `move_piece = \"move-piece\"`",
            ),
            (quote!(tools(a b)), "a `,` is missing before `b`\nhelp: write a `,` before `b`"),
            (quote!(modes(inline)), "a display mode is a text\nhelp: write `modes(\"inline\")`"),
            (
                quote!(permissions(gps)),
                "unknown key `gps`\n\
                 help: the known keys are `camera`, `microphone`, `geolocation` and `clipboard_write`",
            ),
        ];
        for (args, expected) in cases {
            assert_eq!(errors(args.clone()), [expected], "{args}");
        }
    }
}
