//! The content policy of a view, as data: each source of each directive, and where it comes from.
//!
//! The strict policy of MCP Apps is a table in `policy.json`, which the sandbox of opaque views (in TypeScript) is made from, too.

use std::{collections::BTreeMap, sync::LazyLock};

use regex_lite::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::profile::{Profile, Source};

/// The most origins of one list that count.
const MOST: usize = 100;
/// The longest origin that counts, in bytes.
const LONGEST: usize = 300;

#[derive(Debug, Deserialize)]
struct Table {
    source: String,
    directives: Vec<Directive>,
    features: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct Directive {
    name: String,
    always: Vec<String>,
    /// The list whose origins are added.
    declared: Option<String>,
    /// The source in place of none.
    otherwise: Option<String>,
}

/// The table. A test sees to it that the file can be read.
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let nothing = Table { source: "^$".into(), directives: Vec::new(), features: BTreeMap::new() };
    serde_json::from_str(include_str!("policy.json")).unwrap_or(nothing)
});

/// An origin, with a path at most: nothing that ends a source, a directive or a header.
static SOURCE: LazyLock<Option<Regex>> =
    LazyLock::new(|| RegexBuilder::new(&TABLE.source).case_insensitive(true).build().ok());

/// The reason that a source is in a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum From {
    /// Every view has it.
    Specification,
    /// The resource asks for it.
    Declared,
    /// The host that is emulated adds it.
    Profile,
    /// Somebody tries the view with it.
    Tried,
}

/// A source of a directive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Sourced {
    source: String,
    from: From,
}

/// Origins that a view is tried with, though it does not declare them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Extra {
    resource: Vec<String>,
    connect: Vec<String>,
}

impl Extra {
    fn list(&self, name: &str) -> &[String] {
        match name {
            "resource" => &self.resource,
            "connect" => &self.connect,
            _ => &[],
        }
    }
}

/// The policy of a view. One without directives holds nothing back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Policy(Vec<(String, Vec<Sourced>)>);

impl Policy {
    /// The policy that a host makes of what a resource declares in `_meta`, opened for what it is tried with.
    pub(crate) fn new(profile: &Profile, meta: &Value, extra: &Extra) -> Self {
        let declared = declared(profile.policy.from, meta);
        if declared.is_null() && !profile.policy.strict_without {
            return Self::default();
        }
        let lists = match profile.policy.from {
            Source::McpApps | Source::None => MCP_APPS,
            Source::Openai => OPENAI,
        };
        let mut policy = Self::of(declared, &lists, extra);
        for (name, sources) in &profile.policy.additions {
            policy.add(name, sources.iter().map(|source| Sourced { source: source.clone(), from: From::Profile }));
        }
        if !profile.sandbox.nested_frames {
            let none = Sourced { source: "'none'".into(), from: From::Profile };
            policy.0.retain(|(name, _)| name != "frame-src");
            policy.add("frame-src", [none]);
        }
        policy
    }

    fn of(declared: &Value, lists: &[(&str, &str)], extra: &Extra) -> Self {
        let one = |directive: &Directive| {
            let mut sources: Vec<_> = directive.always.iter().map(|source| specified(source)).collect();
            if let Some(list) = &directive.declared {
                let field = lists.iter().find(|(name, _)| name == list).map_or("", |(_, field)| field);
                let origins = declared.get(field).and_then(Value::as_array).into_iter().flatten();
                push(&mut sources, origins.filter_map(Value::as_str), From::Declared);
                push(&mut sources, extra.list(list).iter().map(String::as_str), From::Tried);
            }
            if sources.is_empty() {
                sources.extend(directive.otherwise.as_deref().map(specified));
            }
            (directive.name.clone(), sources)
        };
        Self(TABLE.directives.iter().map(one).collect())
    }

    /// Adds sources to a directive, which is none of nothing then.
    fn add(&mut self, name: &str, more: impl IntoIterator<Item = Sourced>) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, sources)) => {
                sources.retain(|Sourced { source, .. }| source != "'none'");
                for one in more {
                    if !sources.iter().any(|known| known.source == one.source) {
                        sources.push(one);
                    }
                }
            }
            None => self.0.push((name.to_owned(), more.into_iter().collect())),
        }
    }

    /// The value of the header, without what the sandbox adds.
    pub(crate) fn header(&self) -> String {
        let directive = |(name, sources): &(String, Vec<Sourced>)| {
            sources.iter().fold(name.clone(), |text, Sourced { source, .. }| format!("{text} {source}"))
        };
        self.0.iter().map(directive).collect::<Vec<_>>().join("; ")
    }

    /// The sources by directive.
    pub(crate) fn plain(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut plain: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, sources) in &self.0 {
            plain.entry(name).or_default().extend(sources.iter().map(|one| one.source.as_str()));
        }
        plain
    }

    /// The sources by directive, with where each comes from.
    pub(crate) fn sourced(&self) -> BTreeMap<&str, &[Sourced]> {
        self.0.iter().map(|(name, sources)| (name.as_str(), sources.as_slice())).collect()
    }
}

/// Lists of `_meta.ui.csp`.
const MCP_APPS: [(&str, &str); 4] = [
    ("resource", "resourceDomains"),
    ("connect", "connectDomains"),
    ("frame", "frameDomains"),
    ("baseUri", "baseUriDomains"),
];

/// Lists of `_meta["openai/widgetCSP"]`.
const OPENAI: [(&str, &str); 4] =
    [("resource", "resource_domains"), ("connect", "connect_domains"), ("frame", "frame_domains"), ("baseUri", "")];

/// What a host reads of a resource's `_meta`.
fn declared(from: Source, meta: &Value) -> &Value {
    match from {
        Source::McpApps => &meta["ui"]["csp"],
        Source::Openai => &meta["openai/widgetCSP"],
        Source::None => &Value::Null,
    }
}

fn specified(source: &str) -> Sourced {
    Sourced { source: source.to_owned(), from: From::Specification }
}

/// Adds the origins among these, each once.
fn push<'a>(sources: &mut Vec<Sourced>, origins: impl Iterator<Item = &'a str>, from: From) {
    for origin in origins.filter(|origin| is_source(origin)).take(MOST) {
        if !sources.iter().any(|known| known.source == origin) {
            sources.push(Sourced { source: origin.to_owned(), from });
        }
    }
}

fn is_source(text: &str) -> bool {
    text.len() <= LONGEST && SOURCE.as_ref().is_some_and(|source| source.is_match(text))
}

/// The strict policy of MCP Apps 2026-01-26, opened for what a resource declares in `_meta.ui.csp`. What is no origin is left out: it
/// could end a source or a directive.
#[must_use]
pub fn policy(csp: &Value) -> String {
    Policy::of(csp, &MCP_APPS, &Extra::default()).header()
}

/// The features that the frame of a view may use: those of `_meta.ui.permissions` that the host grants. A `Permissions-Policy` that grants
/// nothing else.
pub(crate) fn permissions(profile: &Profile, meta: &Value) -> String {
    let declared = &meta["ui"]["permissions"];
    let grant = |(name, feature): (&String, &String)| {
        let is_asked = declared.get(name).is_some_and(Value::is_object);
        let is_granted = is_asked && profile.sandbox.permissions.contains(name);
        if is_granted { format!("{feature}=*") } else { format!("{feature}=()") }
    };
    TABLE.features.iter().map(grant).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::profile::find;

    fn of(profile: &str, meta: &Value) -> String {
        Policy::new(find(profile).unwrap(), meta, &Extra::default()).header()
    }

    #[test]
    fn nothing_is_open_that_was_not_declared() {
        let strict = policy(&Value::Null);
        assert!(strict.starts_with("default-src 'none'; script-src 'self' 'unsafe-inline'; "));
        assert!(strict.contains("connect-src 'none'; frame-src 'none'; base-uri 'self'; object-src 'none'"));
        assert_eq!(of("specification", &json!({})), strict);
        let granted = permissions(find("specification").unwrap(), &json!({}));
        let none = "camera=(), clipboard-write=(), geolocation=(), microphone=()";
        assert_eq!(granted, none);
        // The specification has an object for each that is asked for.
        let meta = json!({ "ui": { "permissions": { "camera": false, "microphone": null, "geolocation": true } } });
        assert_eq!(permissions(find("specification").unwrap(), &meta), none);
    }

    #[test]
    fn what_is_declared_is_open() {
        let csp = json!({ "connectDomains": ["https://a.example"], "resourceDomains": ["https://*.b.example:8443"] });
        let open = policy(&csp);
        assert!(open.contains("connect-src https://a.example;"));
        assert!(open.contains("img-src 'self' data: https://*.b.example:8443;"));
        let meta = json!({ "ui": { "csp": csp, "permissions": { "camera": {}, "clipboardWrite": {} } } });
        assert_eq!(of("specification", &meta), open);
        assert!(permissions(find("specification").unwrap(), &meta).starts_with("camera=*, clipboard-write=*"));
        assert!(permissions(find("claude").unwrap(), &meta).starts_with("camera=(), clipboard-write=*"));
    }

    #[test]
    fn what_is_no_origin_opens_nothing() {
        for origin in [
            "https://a.example; script-src *",
            "*",
            "'unsafe-eval'",
            "https://a b",
            "data:",
            "javascript://x",
            "https://",
            "https://*",
            "https://a.example\nframe-src *",
            "https://a.example\n",
            "https://a,b",
            "https://a:x",
            "https://a:",
            "https://a\"",
            "https://a.example/\u{e9}",
            &format!("https://{}", "a".repeat(LONGEST)),
        ] {
            let csp = json!({ "connectDomains": [origin] });
            assert_eq!(policy(&csp), policy(&Value::Null), "{origin}");
            let openai = json!({ "openai/widgetCSP": { "connect_domains": [origin] } });
            assert_eq!(of("chatgpt-published", &openai), policy(&Value::Null), "{origin}");
            let extra = Extra { resource: vec![origin.to_owned()], connect: vec![origin.to_owned()] };
            let tried = Policy::new(find("specification").unwrap(), &Value::Null, &extra).header();
            assert_eq!(tried, policy(&Value::Null), "{origin}");
        }
        let many: Vec<_> = (0..10_000).map(|number| format!("https://{number}.example")).collect();
        assert!(policy(&json!({ "connectDomains": many })).len() < 4096);
    }

    #[test]
    fn each_host_reads_what_it_reads() {
        let apps = json!({ "ui": { "csp": { "connectDomains": ["https://apps.example"], "frameDomains": ["https://f.example"] } } });
        let openai = json!({ "openai/widgetCSP": { "connect_domains": ["https://openai.example"] } });
        assert!(of("chatgpt-published", &openai).contains("connect-src https://openai.example;"));
        assert_eq!(of("chatgpt-published", &apps), policy(&Value::Null));
        assert_eq!(of("specification", &openai), policy(&Value::Null));
        assert_eq!(of("chatgpt-developer", &apps), "", "it holds nothing back");
        let claude = of("claude", &apps);
        assert!(claude.contains("connect-src https://apps.example 'self' https://esm.sh;"), "{claude}");
        assert!(claude.contains("'unsafe-eval'") && claude.contains("frame-src 'none'"), "{claude}");
        assert!(of("vscode", &apps).contains("frame-src https://f.example"));
    }

    #[test]
    fn each_source_tells_where_it_comes_from() {
        let meta = json!({ "ui": { "csp": { "connectDomains": ["https://a.example"] } } });
        let extra =
            Extra { resource: Vec::new(), connect: vec!["https://a.example".into(), "https://t.example".into()] };
        let policy = Policy::new(find("claude").unwrap(), &meta, &extra);
        let told = json!(policy.sourced()["connect-src"]);
        assert_eq!(
            told,
            json!([
                { "source": "https://a.example", "from": "declared" },
                { "source": "https://t.example", "from": "tried" },
                { "source": "'self'", "from": "profile" },
                { "source": "https://esm.sh", "from": "profile" },
            ])
        );
        assert_eq!(json!(policy.sourced()["object-src"]), json!([{ "source": "'none'", "from": "specification" }]));
    }
}
