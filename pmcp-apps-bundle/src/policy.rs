//! The content policy of a widget: which directive an address falls under, and what the attribute lets it reach.

use std::collections::BTreeSet;

use crate::{
    declared::Csp,
    mistake::{Kind, Mistake, Place},
    origin::Origin,
};

/// Keys of `csp(…)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Directive {
    Connect,
    Resource,
    Frame,
    BaseUri,
    Redirect,
}

impl Directive {
    pub(crate) const ALL: [Self; 5] = [Self::Connect, Self::Resource, Self::Frame, Self::BaseUri, Self::Redirect];

    fn key(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Resource => "resource",
            Self::Frame => "frame",
            Self::BaseUri => "base_uri",
            Self::Redirect => "redirect",
        }
    }

    pub(crate) fn origins(self, csp: &Csp) -> &[String] {
        match self {
            Self::Connect => &csp.connect,
            Self::Resource => &csp.resource,
            Self::Frame => &csp.frame,
            Self::BaseUri => &csp.base_uri,
            Self::Redirect => &csp.redirect,
        }
    }

    pub(crate) fn covers(self, csp: &Csp, origin: &Origin) -> bool {
        self.origins(csp).iter().any(|declared| origin.is_covered_by(declared))
    }

    /// The mistake of an origin that the attribute does not name.
    pub(crate) fn refusal(self, origin: &Origin, place: Option<Place>) -> Mistake {
        let key = self.key();
        if self == Self::Redirect {
            return Mistake {
                place,
                message: format!("`openLink` to `{origin}`, which is not in `csp(redirect = […])`"),
                help: "ChatGPT asks users before it opens other origins".to_owned(),
                kind: Kind::Warning,
            };
        }
        Mistake {
            place,
            message: format!("`{origin}` is not in `csp({key} = […])`, so hosts block this request"),
            help: format!("add `csp({key} = [\"{origin}\"])` to the attribute"),
            kind: Kind::Error,
        }
    }
}

/// Origins that are declared and that no text names, in the order of the keys.
///
/// The texts are in small letters. An origin that stands in one in any form counts: a script may put its addresses together.
pub(crate) fn unused<'a>(csp: &'a Csp, used: &BTreeSet<(Directive, Origin)>, texts: &[String]) -> Vec<&'a str> {
    let is_used = |directive: Directive, declared: &str| {
        let host =
            Origin::of(declared).map(|origin| origin.host.trim_start_matches("*.").to_owned()).unwrap_or_default();
        used.iter().any(|(by, origin)| *by == directive && origin.is_covered_by(declared))
            || texts.iter().any(|text| text.contains(&host))
    };
    Directive::ALL
        .into_iter()
        .flat_map(|directive| directive.origins(csp).iter().map(move |declared| (directive, declared)))
        .filter(|(directive, declared)| !is_used(*directive, declared))
        .map(|(_, declared)| declared.as_str())
        .collect()
}
