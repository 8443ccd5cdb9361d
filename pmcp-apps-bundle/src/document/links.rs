//! Links: what a click on one does in a host, which lets a view go nowhere.

use super::{PAGE, Walk};
use crate::{
    html::{Attribute, Tag, Token},
    job::{At, Job},
    policy::Directive,
    reference::{Target, target},
};

/// Links to the web, of which the scripts may take care.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// The byte of each, and whether it asks for a window.
    found: Vec<(usize, bool)>,
    /// A script of the page opens links itself.
    is_handled: bool,
}

impl Walk<'_, '_> {
    /// Checks an `<a>` or `<area>`. One with an `onclick` does what that says.
    pub(super) fn anchor(&mut self, tag: &Tag) {
        let Some(href) = ["href", "xlink:href"].iter().find_map(|name| tag.attribute(name)) else { return };
        if tag.attribute("onclick").is_some() {
            return;
        }
        let at = At { file: PAGE, offset: href.span.start };
        let name = tag.value("target").unwrap_or_default().trim();
        if !name.is_empty() && self.has_frame(name) {
            return self.job.check_remote(target(&href.value), &href.value, at, Directive::Frame);
        }
        match target(&href.value) {
            Target::Remote(_) => {
                let is_window = !name.is_empty() && !name.eq_ignore_ascii_case("_self");
                self.links.found.push((href.span.start, is_window));
            }
            Target::Local(_) | Target::Absolute => self.leave(tag, href),
            Target::Nothing if is_reload(&href.value) => self.leave(tag, href),
            Target::Nothing | Target::Data(_) => {}
            other => self.job.check_remote(other, &href.value, at, Directive::Redirect),
        }
    }

    fn leave(&mut self, tag: &Tag, href: &Attribute) {
        let at = At { file: PAGE, offset: href.span.start };
        if tag.attribute("download").is_some() {
            let message = format!("`{}` cannot be downloaded, as a widget has no server behind it", href.value);
            return self.job.error(at, message, "use a `<button>` that calls `mcp.download`");
        }
        let message = format!("a link to `{}` leaves the document, and hosts then remove the view", href.value);
        self.job.error(at, message, "show it in this page, with a `<button>` or a link to `#…`");
    }

    fn has_frame(&self, name: &str) -> bool {
        self.tokens.iter().any(|token| match token {
            Token::Start(tag) => tag.name == "iframe" && tag.value("name").is_some_and(|known| known == name),
            _ => false,
        })
    }

    /// Looks at a script of the page itself for a way to open links.
    pub(super) fn look_for_opener(&mut self, text: &str) {
        self.links.is_handled |= opens(text);
    }
}

impl Links {
    /// Tells the links that nothing takes care of, once all scripts are read.
    pub(super) fn tell(self, job: &mut Job<'_>) {
        if self.is_handled || job.folder.texts().any(|(path, text)| path != PAGE && opens(text)) {
            return;
        }
        for (offset, is_window) in self.found {
            let message = if is_window {
                "a link with `target` opens nothing in hosts"
            } else {
                "a link to another page leaves the document, and hosts then remove the view"
            };
            let help = "add `onclick=\"mcp.openLink(this.href); return false\"`";
            job.warning(At { file: PAGE, offset }, message, help);
        }
    }
}

/// Tells whether a script names one of the ways to ask a host for it. Which links it means cannot be told.
fn opens(text: &str) -> bool {
    ["openLink", "ui/open-link", "openExternal"].iter().any(|name| text.contains(name))
}

/// Tells of an address that is the page's own, which a click loads anew. A fragment of it does not.
fn is_reload(url: &str) -> bool {
    let url = url.trim();
    url.is_empty() || url.starts_with('?')
}
