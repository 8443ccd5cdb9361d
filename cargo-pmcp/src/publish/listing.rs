//! `[package.metadata.pmcp]`: what a directory shows of a server and no manifest of Cargo has a field for.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use super::names;
use crate::{
    error::{Error, Result},
    text,
};

/// The table in a package's manifest.
const TABLE: &str = "[package.metadata.pmcp]";

/// The most characters of a line in the registry.
const SUMMARY: usize = 100;
/// The most characters of a title and a short text in a directory of plugins, and of a long one.
const SHORT: usize = 30;
pub(super) const LONG: usize = 4000;
/// The most prompts that are proposed, and characters of one.
const PROMPTS: usize = 3;
const PROMPT: usize = 128;

/// The words for directories. All may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Listing {
    /// The name in the registry, such as `com.example/chess`.
    pub(crate) registry_name: Option<String>,
    /// The name for people.
    pub(crate) title: Option<String>,
    /// A line for the registry, in place of the package's description.
    pub(crate) summary: Option<String>,
    pub(crate) short_description: Option<String>,
    pub(crate) long_description: Option<String>,
    pub(crate) category: Option<String>,
    /// Whoever stands behind it.
    pub(crate) developer: Option<String>,
    /// Addresses of pages.
    pub(crate) privacy_policy: Option<String>,
    pub(crate) terms_of_service: Option<String>,
    pub(crate) support: Option<String>,
    /// A picture, relative to the package.
    pub(crate) icon: Option<PathBuf>,
    /// Prompts to begin with.
    pub(crate) prompts: Vec<String>,
}

impl Listing {
    /// Reads it from `[package.metadata]`.
    ///
    /// # Errors
    /// A field is unknown, too long, or is not what it stands for.
    pub(crate) fn read(metadata: &Value) -> Result<Self> {
        let table = metadata.get("pmcp");
        if let Some(error) = table.and_then(unknown_field) {
            return Err(error);
        }
        let listing = match table {
            None => Self::default(),
            Some(table) => {
                Self::deserialize(table).map_err(|error| Error::failed(format!("`{TABLE}` cannot be read: {error}")))?
            }
        };
        listing.check()?;
        Ok(listing)
    }

    fn check(&self) -> Result {
        if let Some(name) = &self.registry_name {
            names::check_registry(name)?;
        }
        for (field, text, most) in [
            ("title", &self.title, SHORT),
            ("summary", &self.summary, SUMMARY),
            ("short-description", &self.short_description, SHORT),
            ("long-description", &self.long_description, LONG),
            ("category", &self.category, SHORT),
            ("developer", &self.developer, SUMMARY),
        ] {
            if let Some(text) = text {
                check_length(&format!("`{field}` in `{TABLE}`"), text, most)?;
            }
        }
        if self.prompts.len() > PROMPTS {
            let is = self.prompts.len();
            return Err(too(&format!("`prompts` in `{TABLE}` has {is} entries; directories take {PROMPTS}"))
                .help("keep those that show best what the server is for"));
        }
        for prompt in &self.prompts {
            check_length(&format!("a prompt in `{TABLE}`"), prompt, PROMPT)?;
        }
        for (field, address) in [
            ("privacy-policy", &self.privacy_policy),
            ("terms-of-service", &self.terms_of_service),
            ("support", &self.support),
        ] {
            if let Some(address) = address
                && !names::is_page(address)
            {
                return Err(Error::failed(format!("`{field}` in `{TABLE}` is no page of the web"))
                    .help("write an address that begins with `https://`"));
            }
        }
        Ok(())
    }
}

/// The fields, for whoever mistypes one.
const FIELDS: [&str; 12] = [
    "registry-name",
    "title",
    "summary",
    "short-description",
    "long-description",
    "category",
    "developer",
    "privacy-policy",
    "terms-of-service",
    "support",
    "icon",
    "prompts",
];

/// The error of a field that the table does not have.
fn unknown_field(table: &Value) -> Option<Error> {
    let field = table.as_object()?.keys().find(|field| !FIELDS.contains(&field.as_str()))?;
    let error = Error::failed(format!("`{TABLE}` has no field `{}`", text::line(field)));
    Some(match text::meant(field, FIELDS) {
        Some(meant) => error.help(format!("did you mean `{meant}`?")),
        None => error.help(format!("it may have {}", text::quoted(FIELDS))),
    })
}

/// The package's description as the registry takes it.
///
/// # Errors
/// There is none, or it is too long.
pub(super) fn summary(listing: &Listing, description: Option<&str>) -> Result<String> {
    let summary = listing.summary.as_deref().or(description).map(str::trim).filter(|text| !text.is_empty());
    let Some(summary) = summary else {
        return Err(Error::failed("the server has no description")
            .help("write `description = \"…\"` under `[package]` in its `Cargo.toml`"));
    };
    let length = summary.chars().count();
    if length > SUMMARY {
        return Err(too(&format!("the description has {length} characters; the registry takes {SUMMARY}"))
            .help(format!("write a shorter `summary = \"…\"` under `{TABLE}` in `Cargo.toml`")));
    }
    Ok(text::line(summary))
}

/// The text, if it is as short as a title or a short text in a directory has to be.
pub(super) fn if_short(text: &str) -> Option<&str> {
    (text.chars().count() <= SHORT).then_some(text)
}

fn check_length(what: &str, text: &str, most: usize) -> Result {
    let length = text.chars().count();
    if text.trim().is_empty() {
        return Err(Error::failed(format!("{what} is empty")).help("leave it out, or write what it is for"));
    }
    if length > most {
        return Err(too(&format!("{what} has {length} characters; directories take {most}"))
            .help(format!("shorten it by {}", length - most)));
    }
    Ok(())
}

fn too(message: &str) -> Error {
    Error::failed(message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(table: &Value) -> String {
        Listing::read(&json!({ "pmcp": table })).unwrap_err().message.unwrap()
    }

    #[test]
    fn a_package_needs_no_table() {
        for metadata in [json!(null), json!({}), json!({ "docs": {} })] {
            assert_eq!(Listing::read(&metadata).unwrap(), Listing::default());
        }
    }

    #[test]
    fn words_are_as_short_as_directories_want_them() {
        assert!(Listing::read(&json!({ "pmcp": { "title": "é".repeat(30) } })).is_ok());
        for (table, words) in [
            (
                json!({ "title": "t".repeat(31) }),
                "`title` in `[package.metadata.pmcp]` has 31 characters; directories take 30",
            ),
            (json!({ "short-description": "t".repeat(31) }), "has 31 characters"),
            (json!({ "long-description": "t".repeat(4001) }), "has 4001 characters"),
            (json!({ "developer": " " }), "is empty"),
            (json!({ "prompts": ["a", "b", "c", "d"] }), "has 4 entries"),
            (json!({ "prompts": ["p".repeat(129)] }), "has 129 characters"),
            (json!({ "privacy-policy": "http://example.com" }), "is no page of the web"),
            (json!({ "privacy-policy": "javascript:alert(1)" }), "is no page of the web"),
            (json!({ "registry-name": "chess" }), "`chess` is no name for the registry"),
            (json!({ "tite": "Chess" }), "`[package.metadata.pmcp]` has no field `tite`"),
        ] {
            assert!(refused(&table).contains(words), "{table}: {}", refused(&table));
        }
        let mistyped = Listing::read(&json!({ "pmcp": { "categry": "Games" } })).unwrap_err();
        assert_eq!(mistyped.help, ["did you mean `category`?"]);
    }

    #[test]
    fn the_registry_has_a_line_of_its_own() {
        let listing = Listing { summary: Some("A line.".into()), ..Listing::default() };
        assert_eq!(summary(&listing, Some(&"d".repeat(101))).unwrap(), "A line.");
        assert_eq!(summary(&Listing::default(), Some(" Two\nlines. ")).unwrap(), "Two lines.");
        assert!(summary(&Listing::default(), Some(&"d".repeat(101))).is_err());
        assert!(summary(&Listing::default(), Some(" ")).is_err());
    }
}
