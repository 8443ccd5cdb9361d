//! Path at which generated code finds the runtime.

use std::{env, fs, path::Path as FilePath};

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Ident, Path};

/// The crate that re-exports the others under their own names, for servers that name no other.
const REEXPORTER: &str = "pmcp-server";

/// The path of the runtime crate: absolute, and `crate = ::path` for those who re-export it.
#[derive(Clone, Debug)]
pub struct CratePath(TokenStream);

impl CratePath {
    /// The path given by the user, else the name that the manifest of the crate being compiled has for it, else its own.
    #[must_use]
    pub fn new(given: Option<&Path>, default: &str) -> Self {
        if let Some(given) = given {
            return Self(given.to_token_stream());
        }
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .and_then(|folder| fs::read_to_string(FilePath::new(&folder).join("Cargo.toml")).ok());
        Self(match manifest.and_then(|manifest| Known::find(&manifest, default)) {
            Some(Known::Renamed(name)) => {
                let name = Ident::new(&name, Span::call_site());
                quote!(::#name)
            }
            Some(Known::Reexported) => {
                let (host, name) =
                    (Ident::new(&underscored(REEXPORTER), Span::call_site()), Ident::new(default, Span::call_site()));
                quote!(::#host::#name)
            }
            None => {
                let name = Ident::new(default, Span::call_site());
                quote!(::#name)
            }
        })
    }

    /// The module that generated code may name.
    #[must_use]
    pub fn private(&self) -> TokenStream {
        let Self(path) = self;
        quote!(#path::__private)
    }
}

/// How a crate is known where it is not known by its own name.
#[derive(Debug, PartialEq, Eq)]
enum Known {
    /// By another.
    Renamed(String),
    /// As part of the one that re-exports it.
    Reexported,
}

impl Known {
    /// Looks for the crate in a manifest, as far as that needs no reading of TOML: what is missed is found at its own name,
    /// or told with `crate = ::path`.
    fn find(manifest: &str, name: &str) -> Option<Self> {
        let (mut table, mut renamed, mut has_reexporter) = ("", None, false);
        for line in manifest.lines().map(str::trim) {
            if line.starts_with('[') {
                table = line.trim_matches(['[', ']']);
            }
            let dependency = match table.rsplit_once("dependencies") {
                // `[dependencies]`, `[target.'cfg(unix)'.dev-dependencies]`
                Some((_, "")) => line.split(['=', '.']).next().map(str::trim),
                // `[dependencies.name]`
                Some((_, rest)) => rest.strip_prefix('.'),
                None => None,
            };
            let Some(dependency) = dependency.map(|dependency| underscored(dependency.trim_matches('"'))) else {
                continue;
            };
            let package = line.split_once("package").and_then(|(_, rest)| rest.trim_start().strip_prefix('='));
            let package = package.and_then(|rest| rest.split('"').nth(1)).map(underscored);
            match package {
                Some(package) if package == name && dependency != name => renamed = Some(dependency),
                None if dependency == name => return None,
                None if dependency == underscored(REEXPORTER) => has_reexporter = true,
                _ => {}
            }
        }
        // Comments say what they like.
        let is_named = underscored(manifest).lines().any(|line| names(line.split('#').next().unwrap_or(line), name));
        let is_name = |name: &String| syn::parse_str::<Ident>(name).is_ok();
        match renamed.filter(is_name) {
            Some(renamed) => Some(Self::Renamed(renamed)),
            None => (has_reexporter && !is_named).then_some(Self::Reexported),
        }
    }
}

/// Tells whether a line has the crate's name, and not only in a path or an address, or as a part of another name.
fn names(line: &str, name: &str) -> bool {
    let goes_on = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '\\');
    line.match_indices(name).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + name.len()..]);
        !before.ends_with(goes_on) && !after.starts_with(goes_on)
    })
}

fn underscored(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_known_by_the_name_in_the_manifest() {
        let renamed = || Some(Known::Renamed("tasks".into()));
        let cases = [
            ("[dependencies]\npmcp-tasks = \"0.1\"", None),
            ("[dependencies]\npmcp-tasks.workspace = true\npmcp-server = \"0.1\"", None),
            ("[dependencies.pmcp-tasks]\nversion = \"0.1\"", None),
            ("[dependencies]\ntasks = { package = \"pmcp-tasks\", version = \"0.1\" }", renamed()),
            ("[target.'cfg(unix)'.dependencies]\ntasks = { version = \"0.1\", package=\"pmcp-tasks\" }", renamed()),
            ("[dependencies.tasks]\nversion = \"0.1\"\npackage = \"pmcp-tasks\" # ours", renamed()),
            ("[dependencies]\ntasks = { package = \"pmcp-tasks\" }\n[dev-dependencies]\npmcp-tasks = \"0.1\"", None),
            ("[dependencies]\npmcp-server = \"0.1\"\nserde = \"1\"", Some(Known::Reexported)),
            ("[package]\nname = \"pmcp-tasks\"\n[dependencies]\npmcp-server = \"0.1\"", None),
            ("[dependencies]\nserver = { package = \"pmcp-server\" }", None),
            ("[dependencies]\npmcp-server = { path = \"../pmcp-tasks/pmcp-server\" }", Some(Known::Reexported)),
            ("# Beside pmcp-tasks.\n[dependencies]\npmcp-server = \"0.1\" # with pmcp-tasks", Some(Known::Reexported)),
            ("[dependencies]\npmcp-server = { git = \"https://example.com/pmcp-tasks\" }", Some(Known::Reexported)),
            ("[dependencies]\npmcp-server = { git = \"https://example.com/pmcp-tasks.git\" }", Some(Known::Reexported)),
            ("[dependencies]\npmcp-server = { path = 'C:\\pmcp-tasks-main\\pmcp-server' }", Some(Known::Reexported)),
            ("[dependencies]\n\"not a name\" = { package = \"pmcp-tasks\" }", None),
            ("[workspace]\nmembers = [\"a\"]", None),
        ];
        for (manifest, known) in cases {
            assert_eq!(Known::find(manifest, "pmcp_tasks"), known, "{manifest}");
        }
    }

    #[test]
    fn the_path_that_is_given_is_the_path() {
        let given = syn::parse_quote!(::a::b);
        assert_eq!(CratePath::new(Some(&given), "x").private().to_string(), quote!(::a::b::__private).to_string());
        assert_eq!(CratePath::new(None, "x").private().to_string(), quote!(::x::__private).to_string());
    }
}
