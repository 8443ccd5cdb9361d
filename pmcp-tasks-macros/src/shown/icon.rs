//! `icons = ["https://…", "icon.svg", icon("dark.png", theme = "dark")]`: pictures, by their addresses or as files of the crate (schema, `Icon`).

use std::{
    env, fs,
    path::{Component, Path, PathBuf},
};

use pmcp_macro_support::{Keys, error, visible};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Expr, ExprCall, ExprLit, Lit, LitStr};

use crate::{
    uri,
    values::{choice, list},
};

/// The most bytes a file has that is embedded. It goes out, a third longer, with every list.
const MAX_BYTES: u64 = 16 * 1024;

/// The kinds of pictures that clients know ("`icons`"): the endings of their files, the MIME type, and bytes that each file of them has.
const KINDS: [(&[&str], &str, &[u8]); 4] = [
    (&["png"], "image/png", b"\x89PNG"),
    (&["jpg", "jpeg"], "image/jpeg", b"\xff\xd8\xff"),
    (&["svg"], "image/svg+xml", b"<svg"),
    (&["webp"], "image/webp", b"WEBP"),
];

/// The keys of `icon(…)` beside the address.
const DETAILS: [&str; 3] = ["mime", "sizes", "theme"];

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Icon {
    source: Source,
    mime: Option<String>,
    sizes: Vec<String>,
    theme: Option<Theme>,
}

/// The place of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Address(String),
    /// The file with this path, from the crate's directory, whose MIME type is known.
    File(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Theme {
    Light,
    Dark,
}

/// The value of the key.
pub(crate) fn icons(keys: &mut Keys) -> Vec<Icon> {
    let Some(list) = list(keys, "icons", ("list", "icon.svg")) else { return Vec::new() };
    if list.elems.is_empty() {
        keys.report(error(&list, "`icons` has no icon", "name one, or remove the key"));
    }
    let icons = list.elems.into_iter().filter_map(|element| match Icon::parse(element) {
        Ok(icon) => Some(icon),
        Err(mistakes) => {
            keys.report(mistakes);
            None
        }
    });
    icons.collect()
}

impl Icon {
    /// Reads an element of the list.
    fn parse(element: Expr) -> syn::Result<Self> {
        match visible(element) {
            Expr::Lit(ExprLit { lit: Lit::Str(address), .. }) => Self::build(&address, Details::default()),
            Expr::Call(call) if matches!(&*call.func, Expr::Path(path) if path.path.is_ident("icon")) => {
                let mut given = call.args.iter();
                let Some(Expr::Lit(ExprLit { lit: Lit::Str(address), .. })) = given.next() else {
                    let help = "write it first: `icon(\"icon.svg\", theme = \"dark\")`";
                    return Err(error(wrong(&call), "an icon needs its address", help));
                };
                let details = Details::parse(quote!(#(#given),*))?;
                Self::build(address, details)
            }
            other => {
                let help = "write its address, as in `\"icon.svg\"`, or `icon(\"icon.svg\", theme = \"dark\")`";
                Err(error(other, "this is not an icon", help))
            }
        }
    }

    /// Checks the address, and the file if it names one.
    fn build(address: &LitStr, Details { mime, sizes, theme }: Details) -> syn::Result<Self> {
        let written = address.value();
        if let Some(scheme) = uri::scheme(&written) {
            check_address(address, scheme)?;
            return Ok(Self { source: Source::Address(written), mime, sizes, theme });
        }
        let (path, mime) = file(address, mime)?;
        Ok(Self { source: Source::File(path), mime: Some(mime), sizes, theme })
    }

    /// Writes it.
    pub(crate) fn expand(&self, p: &TokenStream) -> TokenStream {
        let Self { source, mime, sizes, theme } = self;
        let theme = theme.map(|theme| match theme {
            Theme::Light => quote!(.theme(#p::IconTheme::Light)),
            Theme::Dark => quote!(.theme(#p::IconTheme::Dark)),
        });
        let sizes = (!sizes.is_empty()).then(|| quote!(.sizes([#(#sizes),*])));
        match source {
            Source::Address(address) => {
                let mime = mime.as_ref().map(|mime| quote!(.mime_type(#mime)));
                quote!(#p::Icon::new(#address) #mime #sizes #theme)
            }
            Source::File(path) => {
                let path = format!("/{path}");
                // So the compiler knows of the file, too.
                let bytes = quote!(::core::include_bytes!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), #path)));
                quote!(#p::Icon::embedded(#bytes, #mime) #sizes #theme)
            }
        }
    }
}

/// The first thing that a call is given, or all of it.
fn wrong(call: &ExprCall) -> TokenStream {
    call.args.first().map_or_else(|| call.to_token_stream(), ToTokens::to_token_stream)
}

/// Details beside the address.
#[derive(Default)]
struct Details {
    mime: Option<String>,
    sizes: Vec<String>,
    theme: Option<Theme>,
}

impl Details {
    fn parse(tokens: TokenStream) -> syn::Result<Self> {
        let mut keys = Keys::parse(tokens, &DETAILS);
        let mime = keys.string("mime").and_then(|mime| {
            let is_image = mime.value().strip_prefix("image/").is_some_and(|rest| {
                !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
            });
            if !is_image {
                let help = "use one such as `\"image/png\"` or `\"image/svg+xml\"`";
                keys.report(error(&mime, format_args!("`{}` is no MIME type of a picture", mime.value()), help));
            }
            is_image.then(|| mime.value())
        });
        let theme = choice(&mut keys, "theme", &[("light", Theme::Light), ("dark", Theme::Dark)]);
        let details = Self { mime, sizes: sizes(&mut keys), theme: theme.map(|theme| theme.value) };
        keys.finish(details)
    }
}

fn sizes(keys: &mut Keys) -> Vec<String> {
    let Some(list) = list(keys, "sizes", ("list of strings", "48x48")) else { return Vec::new() };
    if list.elems.is_empty() {
        keys.report(error(&list, "`sizes` has no size", "name one, or remove the key: then it fits every size"));
    }
    let is_length = |text: &str| !text.starts_with('0') && text.parse::<u32>().is_ok() && !text.starts_with('+');
    let is_size = |text: &str| text == "any" || text.split_once('x').is_some_and(|(w, h)| is_length(w) && is_length(h));
    let mut sizes = Vec::new();
    for element in list.elems {
        match &element {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if is_size(&text.value()) => sizes.push(text.value()),
            other => {
                let help = "write width and height in pixels, as in `\"48x48\"`, or `\"any\"`";
                keys.report(error(other, "this is not a size of an icon", help));
            }
        }
    }
    sizes
}

/// Fails unless clients load a picture from there: they refuse other schemes ("`icons`").
fn check_address(address: &LitStr, scheme: &str) -> syn::Result<()> {
    let written = address.value();
    if let Some(c) = uri::forbidden(&written) {
        return Err(error(
            address,
            format_args!("a URI cannot contain `{c}`"),
            format_args!("write it as `{}`", uri::percent(c)),
        ));
    }
    let scheme = scheme.to_ascii_lowercase();
    match scheme.as_str() {
        "http" | "https" if written.get(scheme.len()..).is_some_and(|rest| rest.starts_with("://")) => Ok(()),
        "data" if written.starts_with("data:image/") && written.contains(";base64,") => Ok(()),
        "data" => {
            let help = "write `data:image/png;base64,…`, or name a file: it is embedded so";
            Err(error(address, "a picture in a `data:` URI is in Base64", help))
        }
        _ => {
            let help = "use `https://…`, or the path of a file from the crate's `Cargo.toml`, which is embedded";
            Err(error(address, format_args!("clients load no icon from `{scheme}:`"), help))
        }
    }
}

/// The path of a file that can be embedded, from the crate's directory, and its MIME type.
fn file(address: &LitStr, mime: Option<String>) -> syn::Result<(String, String)> {
    let written = address.value();
    let path = Path::new(&written);
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => parts.push(part.to_string_lossy()),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                let help = "move the file into the crate, and write its path from the crate's `Cargo.toml`";
                return Err(error(address, format_args!("`{written}` leaves the crate"), help));
            }
        }
    }
    let clean = parts.join("/");
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let kind = KINDS.into_iter().find(|(endings, ..)| endings.contains(&&*ending));
    let crate_dir = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let found = crate_dir.join(&clean);
    let Some(size) = fs::metadata(&found).ok().filter(fs::Metadata::is_file).map(|file| file.len()) else {
        let help = "paths are relative to the crate's `Cargo.toml`; an address begins with `https://`";
        return Err(error(address, format_args!("icon file `{written}` does not exist"), help));
    };
    let Some(mime) = mime.or_else(|| kind.map(|(_, mime, _)| mime.to_owned())) else {
        let help = format!("say it: `icon(\"{written}\", mime = \"image/…\")`; clients know PNG, JPEG, SVG and WebP");
        return Err(error(address, format_args!("the MIME type of `{written}` is not known by its name"), help));
    };
    if size > MAX_BYTES {
        let help = "make it smaller, or give its address: it is a part of every list";
        let message = format!("icon file `{written}` has {size} bytes, and at most {MAX_BYTES} are embedded");
        return Err(error(address, message, help));
    }
    let has = |bytes: &[u8]| fs::read(&found).is_ok_and(|file| file.windows(bytes.len()).any(|part| part == bytes));
    if let Some((.., bytes)) = KINDS.into_iter().find(|(_, known, _)| *known == mime)
        && !has(bytes)
    {
        let help = "give one that is, or say what it is: `icon(\"…\", mime = \"image/…\")`";
        return Err(error(address, format_args!("icon file `{written}` is not a picture of type `{mime}`"), help));
    }
    Ok((clean, mime))
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    fn read(args: TokenStream) -> syn::Result<Vec<Icon>> {
        let mut keys = Keys::parse(args, &["icons"]);
        let read = icons(&mut keys);
        keys.finish(read)
    }

    fn mistakes(args: TokenStream) -> Vec<String> {
        read(args).err().unwrap().into_iter().map(|error| error.to_string()).collect()
    }

    #[test]
    fn icons_are_addresses_and_files() {
        let icons = read(quote!(
            icons = [
                "https://example.com/a.png",
                "data:image/png;base64,AA==",
                "./tests/icons/board.svg",
                icon("HTTPS://example.com/b", mime = "image/png", sizes = ["48x48", "any"], theme = "dark"),
            ]
        ))
        .unwrap();
        let plain =
            |source, mime: Option<&str>| Icon { source, mime: mime.map(Into::into), sizes: vec![], theme: None };
        assert_eq!(icons[0], plain(Source::Address("https://example.com/a.png".into()), None));
        assert_eq!(icons[2], plain(Source::File("tests/icons/board.svg".into()), Some("image/svg+xml")));
        let detailed = Icon {
            source: Source::Address("HTTPS://example.com/b".into()),
            mime: Some("image/png".into()),
            sizes: vec!["48x48".into(), "any".into()],
            theme: Some(Theme::Dark),
        };
        assert_eq!(icons[3], detailed);
    }

    #[test]
    fn an_icon_that_no_client_could_show_is_told() {
        let found = mistakes(quote!(
            icons = [
                "file:///a.png",
                "https:a.png",
                "https://example.com/a b.png",
                "data:image/svg+xml,<svg/>",
                "data:text/plain;base64,AA==",
                "nowhere.svg",
                "../a.svg",
                "/a.svg",
                "src",
                "Cargo.toml",
                icon("src/lib.rs", mime = "image/png"),
                icon("tests/expand/workflow_everything.rs", mime = "image/png"),
            ]
        ));
        let expected = [
            "clients load no icon from `file:`\nhelp: use `https://…`, or the path of a file from the crate's `Cargo.toml`, which is embedded",
            "clients load no icon from `https:`\nhelp: use `https://…`, or the path of a file from the crate's `Cargo.toml`, which is embedded",
            "a URI cannot contain ` `\nhelp: write it as `%20`",
            "a URI cannot contain `<`\nhelp: write it as `%3C`",
            "a picture in a `data:` URI is in Base64\nhelp: write `data:image/png;base64,…`, or name a file: it is embedded so",
            "icon file `nowhere.svg` does not exist\nhelp: paths are relative to the crate's `Cargo.toml`; an address begins with `https://`",
            "`../a.svg` leaves the crate\nhelp: move the file into the crate, and write its path from the crate's `Cargo.toml`",
            "`/a.svg` leaves the crate\nhelp: move the file into the crate, and write its path from the crate's `Cargo.toml`",
            "icon file `src` does not exist\nhelp: paths are relative to the crate's `Cargo.toml`; an address begins with `https://`",
            "the MIME type of `Cargo.toml` is not known by its name\nhelp: say it: `icon(\"Cargo.toml\", mime = \"image/…\")`; clients know PNG, JPEG, SVG and WebP",
            "icon file `src/lib.rs` is not a picture of type `image/png`\nhelp: give one that is, or say what it is: `icon(\"…\", mime = \"image/…\")`",
        ];
        assert_eq!(found[..expected.len()], expected);
        let large = &found[expected.len()];
        assert!(large.contains("bytes, and at most 16384 are embedded\nhelp: make it smaller"), "{large}");
    }

    #[test]
    fn what_is_no_icon_is_told_once() {
        let cases = [
            (quote!(icons = "a.svg"), "`icons` takes a list\nhelp: write `icons = [\"a.svg\"]`"),
            (quote!(icons = []), "`icons` has no icon\nhelp: name one, or remove the key"),
            (
                quote!(icons = [Icon::new("a")]),
                "this is not an icon\nhelp: write its address, as in `\"icon.svg\"`, or `icon(\"icon.svg\", theme = \"dark\")`",
            ),
            (
                quote!(icons = [icon()]),
                "an icon needs its address\nhelp: write it first: `icon(\"icon.svg\", theme = \"dark\")`",
            ),
            (
                quote!(icons = [icon(theme = "dark")]),
                "an icon needs its address\nhelp: write it first: `icon(\"icon.svg\", theme = \"dark\")`",
            ),
            (
                quote!(icons = [icon("https://a", mime_type = "image/png")]),
                "unknown key `mime_type`\nhelp: did you mean `mime`?",
            ),
            (
                quote!(icons = [icon("https://a", theme = "drak")]),
                "`theme` cannot be `\"drak\"`\nhelp: did you mean `\"dark\"`?",
            ),
            (
                quote!(icons = [icon("https://a", mime = "text/plain")]),
                "`text/plain` is no MIME type of a picture\nhelp: use one such as `\"image/png\"` or `\"image/svg+xml\"`",
            ),
            (
                quote!(icons = [icon("https://a", sizes = "48x48")]),
                "`sizes` takes a list of strings\nhelp: write `sizes = [\"48x48\"]`",
            ),
            (
                quote!(icons = [icon("https://a", sizes = ["48"])]),
                "this is not a size of an icon\nhelp: write width and height in pixels, as in `\"48x48\"`, or `\"any\"`",
            ),
        ];
        for (args, expected) in cases {
            assert_eq!(mistakes(args), [expected]);
        }
    }
}
