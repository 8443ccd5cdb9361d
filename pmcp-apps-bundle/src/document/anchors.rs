//! Anchors: what a click on one does in a host, which lets a view go nowhere.

use super::{PAGE, Walk};
use crate::{
    html::{Attribute, Tag, Token},
    job::At,
    mistake::{Kind, Topic},
    policy::Directive,
    reference::{Target, target},
};

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
                self.links.add(at, is_window);
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
            return self.job.tell(Kind::Error, Topic::Links, at, message, "use a `<button>` that calls `mcp.download`");
        }
        let message = format!("a link to `{}` leaves the document, and hosts then remove the view", href.value);
        self.job.tell(
            Kind::Error,
            Topic::Links,
            at,
            message,
            "show it in this page, with a `<button>` or a link to `#…`",
        );
    }

    fn has_frame(&self, name: &str) -> bool {
        self.tokens.iter().any(|token| match token {
            Token::Start(tag) => tag.name == "iframe" && tag.value("name").is_some_and(|known| known == name),
            _ => false,
        })
    }
}

/// Tells of an address that is the page's own, which a click loads anew. A fragment of it does not.
fn is_reload(url: &str) -> bool {
    let url = url.trim();
    url.is_empty() || url.starts_with('?')
}
