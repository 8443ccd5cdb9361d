//! Links to the web, which go nowhere in a host unless a script opens them.

use crate::{
    job::{At, Job},
    mistake::{Kind, Topic},
};

/// Links of a page, of which its scripts may take care.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// The place of each, and whether it asks for a window.
    found: Vec<(At<'static>, bool)>,
    /// A script of the page opens links itself.
    is_handled: bool,
}

impl Links {
    pub(super) fn add(&mut self, at: At<'static>, is_window: bool) {
        self.found.push((at, is_window));
    }

    /// Looks at a script of the page itself for a way to open links.
    pub(super) fn look_for_opener(&mut self, text: &str) {
        self.is_handled |= opens(text);
    }

    /// Tells the links that nothing takes care of, once all scripts are read.
    pub(super) fn tell(self, job: &mut Job<'_>, page: &str) {
        if self.is_handled || job.folder.texts().any(|(path, text)| path != page && opens(text)) {
            return;
        }
        for (at, is_window) in self.found {
            let message = if is_window {
                "a link with `target` opens nothing in hosts"
            } else {
                "a link to another page leaves the document, and hosts then remove the view"
            };
            let help = "add `onclick=\"mcp.openLink(this.href); return false\"`";
            job.tell(Kind::Warning, Topic::Links, at, message, help);
        }
    }
}

/// Tells whether a script names one of the ways to ask a host for it. Which links it means cannot be told.
fn opens(text: &str) -> bool {
    ["openLink", "ui/open-link", "openExternal"].iter().any(|name| text.contains(name))
}
