//! A widget as its attribute declares it.

use pmcp_apps_bundle::{self as bundle, Declared, Identity, Permissions};
use pmcp_tasks::tool::ToolWidget;

/// A widget: a page that hosts show beside the result of a tool. `#[widget]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a widget",
    label = "not a widget",
    note = "annotate the struct with `#[widget(dir = \"…\")]`, and name it as it is imported: `.widget::<Board>()`"
)]
pub trait Widget: ToolWidget {
    /// Returns what its attribute and its directory say.
    fn definition() -> &'static WidgetDefinition;
}

/// Everything that is known of a widget when it is compiled.
#[derive(Clone, Debug)]
pub struct WidgetDefinition {
    /// The crate it is in.
    pub package: &'static str,
    /// The version of that crate.
    pub version: &'static str,
    /// Its part of its URI.
    pub name: &'static str,
    /// A name for people.
    pub title: Option<&'static str>,
    /// Description of what it shows.
    pub description: Option<&'static str>,
    /// Origins it may reach.
    pub csp: Csp,
    /// Abilities of the browser it may use.
    pub permissions: Permissions,
    /// The origin that hosts give it, in their form.
    pub domain: Option<&'static str>,
    /// Set if it wants a border, or wants none.
    pub border: Option<bool>,
    /// The names of the tools that it calls.
    pub tools: &'static [&'static str],
    /// Display modes it can be shown in.
    pub modes: &'static [&'static str],
    /// Text while the tool that opens it runs.
    pub invoking: Option<&'static str>,
    /// Text once that tool has ended.
    pub invoked: Option<&'static str>,
    /// Set if our bridge is put into the document.
    pub bridge: bool,
    /// Size the document may have, in bytes.
    pub budget: usize,
    /// The document as it was when it was compiled.
    pub document: &'static str,
    /// The directory, in a build for development: there the document is made anew whenever it is read.
    pub source: Option<WidgetSource>,
}

/// The directory of a widget.
#[derive(Clone, Copy, Debug)]
pub struct WidgetSource {
    /// The directory of the crate's manifest.
    pub crate_dir: &'static str,
    /// The widget's directory from there.
    pub dir: &'static str,
}

/// The origins of `csp(…)`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Csp {
    /// Origins that scripts may ask.
    pub connect: &'static [&'static str],
    /// Origins of scripts, styles, images, fonts and media.
    pub resource: &'static [&'static str],
    /// Origins of frames.
    pub frame: &'static [&'static str],
    /// Origins of `<base>`.
    pub base_uri: &'static [&'static str],
    /// Origins of links that open without a question.
    pub redirect: &'static [&'static str],
}

impl WidgetDefinition {
    /// The declaration that its files are checked against.
    pub(crate) fn declared(&self) -> Declared {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let Csp { connect, resource, frame, base_uri, redirect } = self.csp;
        Declared {
            csp: bundle::Csp {
                connect: owned(connect),
                resource: owned(resource),
                frame: owned(frame),
                base_uri: owned(base_uri),
                redirect: owned(redirect),
            },
            permissions: self.permissions,
            tools: Some(owned(self.tools)),
            bridge: self.bridge.then(|| Identity {
                name: self.name.to_owned(),
                version: self.version.to_owned(),
                modes: owned(self.modes),
            }),
            budget: self.budget,
        }
    }
}
