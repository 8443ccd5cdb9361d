//! The content policy of a widget: which directive an address falls under, and what the attribute lets it reach.

use std::collections::{HashMap, HashSet};

use crate::{declared::Csp, mistake::Kind, origin::Origin};

/// Keys of `csp(…)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Directive {
    Connect,
    Resource,
    /// Scripts and style sheets. They come from where `resource` says, but not from addresses that hold them.
    Code,
    Frame,
    BaseUri,
    Redirect,
}

impl Directive {
    pub(crate) const ALL: [Self; 5] = [Self::Connect, Self::Resource, Self::Frame, Self::BaseUri, Self::Redirect];

    /// The directive whose key in `csp(…)` it is under.
    pub(crate) fn declared(self) -> Self {
        if self == Self::Code { Self::Resource } else { self }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Resource | Self::Code => "resource",
            Self::Frame => "frame",
            Self::BaseUri => "base_uri",
            Self::Redirect => "redirect",
        }
    }

    pub(crate) fn origins(self, csp: &Csp) -> &[String] {
        match self {
            Self::Connect => &csp.connect,
            Self::Resource | Self::Code => &csp.resource,
            Self::Frame => &csp.frame,
            Self::BaseUri => &csp.base_uri,
            Self::Redirect => &csp.redirect,
        }
    }

    /// The mistake of an origin that the attribute does not name.
    pub(crate) fn refusal(self, origin: &Origin) -> (Kind, String, String) {
        let key = self.key();
        if self == Self::Redirect {
            let message = format!("`openLink` to `{origin}`, which is not in `csp(redirect = […])`");
            return (Kind::Warning, message, "ChatGPT asks users before it opens other origins".to_owned());
        }
        let message = format!("`{origin}` is not in `csp({key} = […])`, so hosts block this request");
        (Kind::Error, message, format!("add `csp({key} = [\"{origin}\"])` to the attribute"))
    }

    /// The same for a document that is served, of which nobody knows whether it has an attribute.
    pub(crate) fn refusal_of_served(self, origin: &Origin) -> (Kind, String, String) {
        let field = match self {
            Self::Connect => "connectDomains",
            Self::Resource | Self::Code => "resourceDomains",
            Self::Frame => "frameDomains",
            Self::BaseUri => "baseUriDomains",
            Self::Redirect => return self.refusal(origin),
        };
        let message = format!("`{origin}` is used, but not among its `{field}`, so hosts block this request");
        let help =
            format!("add it to `_meta.ui.csp.{field}`, as `csp({} = [\"{origin}\"])` of `#[widget]` does", self.key());
        (Kind::Error, message, help)
    }

    /// The mistake of an address that holds its content, or stands for some: hosts let images and media in so, and nothing else.
    pub(crate) fn refusal_of_data(self, scheme: &str) -> Option<(String, &'static str)> {
        let (what, help) = match self {
            Self::Resource | Self::Redirect => return None,
            Self::Connect => ("requests to", "write the data into the script, or ask a tool"),
            Self::Code => ("scripts and style sheets from", "write it into a file of the widget, or into the page"),
            Self::Frame => ("frames of", "put its content into the page, or into `srcdoc`"),
            Self::BaseUri => ("a base of", "remove it"),
        };
        Some((format!("{what} `{scheme}:` addresses are blocked by hosts that follow the specification"), help))
    }
}

/// Declared origins by their hosts: a document may name many, and many may be declared.
#[derive(Debug)]
pub(crate) struct Declarations(HashMap<(Directive, String), Vec<Origin>>);

impl Declarations {
    pub(crate) fn new(csp: &Csp) -> Self {
        let mut by_host: HashMap<_, Vec<Origin>> = HashMap::new();
        for directive in Directive::ALL {
            for origin in directive.origins(csp).iter().filter_map(|declared| Origin::of(declared)) {
                by_host.entry((directive, origin.host.clone())).or_default().push(origin);
            }
        }
        Self(by_host)
    }

    /// Tells whether an origin is covered by one that is declared for this.
    pub(crate) fn cover(&self, directive: Directive, origin: &Origin) -> bool {
        origin.covering().any(|host| {
            let declared = self.0.get(&(directive.declared(), host.into_owned()));
            declared.into_iter().flatten().any(|declared| origin.is_covered_by(declared))
        })
    }
}

/// Origins that are declared and that no text names, in the order of the keys.
///
/// The texts are in small letters. An origin that stands in one in any form counts: a script may put its addresses together.
pub(crate) fn unused<'a>(csp: &'a Csp, used: &HashSet<(Directive, Origin)>, texts: &[String]) -> Vec<&'a str> {
    // By each host of a declaration that would cover them.
    let mut by_host: HashMap<_, Vec<&Origin>> = HashMap::new();
    for (directive, origin) in used {
        for host in origin.covering() {
            by_host.entry((*directive, host)).or_default().push(origin);
        }
    }
    let mut named = HashMap::new();
    let mut is_used = |directive: Directive, declared: &str| {
        let Some(declared) = Origin::of(declared) else { return true };
        let used = by_host.get(&(directive, declared.host.as_str().into()));
        if used.into_iter().flatten().any(|origin| origin.is_covered_by(&declared)) {
            return true;
        }
        let host = declared.host.trim_start_matches("*.").to_owned();
        *named.entry(host).or_insert_with_key(|host| texts.iter().any(|text| text.contains(host.as_str())))
    };
    Directive::ALL
        .into_iter()
        .flat_map(|directive| directive.origins(csp).iter().map(move |declared| (directive, declared)))
        .filter(|(directive, declared)| !is_used(*directive, declared))
        .map(|(_, declared)| declared.as_str())
        .collect()
}
