//! Elements that load something, and those that no host lets load anything.

use super::{PAGE, Walk, cdata, sheets, srcset};
use crate::{
    edits::Edits,
    html::{self, Attribute, Tag, Token},
    job::At,
    mistake::{Kind, Topic},
    policy::Directive,
    reference::{Target, target},
    text::{escape_style, escape_value},
};

impl Walk<'_, '_> {
    pub(super) fn element(&mut self, index: usize, tag: &Tag) {
        for attribute in &tag.attributes {
            if attribute.name == "style" {
                self.style_attribute(attribute);
            } else if attribute.name.starts_with("on") {
                self.handler(attribute.span.start, &attribute.value);
            }
        }
        match (tag.name.as_str(), tag.is_foreign) {
            ("script", _) => self.script(index, tag),
            ("style", _) => self.style(index, tag),
            ("a", _) | ("area", false) => self.anchor(tag),
            ("animate", true) => {}
            ("image" | "feimage", true) => self.files(tag, &["href", "xlink:href"]),
            (_, true) => self.foreign_reference(tag),
            ("link", _) => self.link(tag),
            ("img" | "source", _) => {
                self.files(tag, &["src"]);
                self.source_set(tag);
            }
            ("video", _) => self.files(tag, &["src", "poster"]),
            ("audio" | "track", _) => self.files(tag, &["src"]),
            ("body" | "table" | "thead" | "tbody" | "tfoot" | "tr" | "td" | "th", _) => {
                self.files(tag, &["background"]);
            }
            ("iframe" | "frame", _) => self.frame(tag),
            ("template", _) => self.templates.push(tag.attribute("shadowrootmode").is_none()),
            ("meta", _) => self.refresh(tag),
            ("object" | "embed" | "applet", _) => self.blocked(tag.span.start, &format!("`<{}>`", tag.name)),
            ("form", _) => self.action(tag, "action"),
            ("button", _) => self.action(tag, "formaction"),
            ("input", _) => {
                self.action(tag, "formaction");
                if tag.says("type", "image") {
                    self.files(tag, &["src"]);
                }
            }
            _ => {}
        }
    }

    /// Replaces an attribute's value.
    fn put(&mut self, attribute: &Attribute, value: &str) {
        let start = attribute.span.start;
        let name = self.page.get(start..start + attribute.name.len()).unwrap_or(&attribute.name).to_owned();
        self.edits.replace(attribute.span.clone(), format!("{name}=\"{}\"", escape_value(value)));
    }

    /// Puts the files that attributes name into these.
    fn files(&mut self, tag: &Tag, names: &[&str]) {
        for attribute in names.iter().filter_map(|name| tag.attribute(name)) {
            if let Some(url) = self.file(&attribute.value, attribute) {
                self.put(attribute, &url);
            }
        }
    }

    fn file(&mut self, url: &str, attribute: &Attribute) -> Option<String> {
        let at = At { file: PAGE, offset: attribute.span.start };
        let found = self.job.reach(url, at, &self.base, Directive::Resource)?;
        self.job.data_url(&found, at)
    }

    fn source_set(&mut self, tag: &Tag) {
        let Some(attribute) = tag.attribute("srcset") else { return };
        let mut edits = Edits::default();
        let mut is_changed = false;
        for span in srcset::addresses(&attribute.value) {
            if let Some(url) = self.file(&attribute.value[span.clone()], attribute) {
                edits.replace(span, url);
                is_changed = true;
            }
        }
        if is_changed {
            let value = edits.apply(&attribute.value);
            self.put(attribute, &value);
        }
    }

    fn style_attribute(&mut self, attribute: &Attribute) {
        let at = At { file: PAGE, offset: attribute.span.start };
        if let Some(value) = sheets::attribute(self.job, at, &self.base, &attribute.value) {
            self.put(attribute, &value);
        }
    }

    fn style(&mut self, index: usize, tag: &Tag) {
        if tag
            .value("type")
            .is_some_and(|kind| !kind.trim().is_empty() && !kind.trim().eq_ignore_ascii_case("text/css"))
        {
            return;
        }
        let span = tag.span.end..self.content_end(index);
        let text = self.raw_text(span.clone(), tag);
        let new = self.sheets.element(self.job, PAGE, &self.base, span.start, &text);
        if let Some(new) = new.filter(|new| *new != text) {
            let new = if tag.is_foreign { escape_foreign(&new, &self.page[span.clone()]) } else { escape_style(&new) };
            self.edits.replace(span, new);
        }
    }

    fn link(&mut self, tag: &Tag) {
        let Some(href) = tag.attribute("href") else { return };
        let rel = tag.value("rel").unwrap_or_default().to_ascii_lowercase();
        let is = |wanted: &str| rel.split_ascii_whitespace().any(|one| one == wanted);
        let at = At { file: PAGE, offset: href.span.start };
        let is_early = is("preload") || is("modulepreload") || is("prefetch");
        if (is("stylesheet") || is_early) && matches!(target(&href.value), Target::Local(_)) {
            self.check_load(tag, "link", "link the sheet plainly, as in `<link rel=\"stylesheet\" href=\"…\">`");
        }
        if is("stylesheet") {
            if is("alternate") {
                let help = "leave out `alternate`, and choose by a class or by `media`";
                self.job.error(at, "browsers offer no choice of an alternate style sheet in a widget", help);
            } else {
                self.linked_sheet(tag, href);
            }
        } else if rel.split_ascii_whitespace().any(|one| one.ends_with("icon")) {
            self.files(tag, &["href"]);
        } else if is_early {
            // What is in the document need not be loaded before.
            if self.job.reach(&href.value, at, &self.base, Directive::Resource).is_some() {
                self.edits.replace(tag.span.clone(), "");
            }
        }
    }

    fn linked_sheet(&mut self, tag: &Tag, href: &Attribute) {
        let at = At { file: PAGE, offset: href.span.start };
        let Some(found) = self.job.reach(&href.value, at, &self.base, Directive::Code) else { return };
        if let Some(disabled) = tag.attribute("disabled") {
            let at = At { file: PAGE, offset: disabled.span.start };
            let help = "link the sheet plainly, and choose by a class or by `media`";
            self.job.error(at, "a `disabled` sheet would hold as soon as it is put into the document", help);
        }
        let Some(text) = self.sheets.file(self.job, &found.path) else { return };
        let mut element = "<style".to_owned();
        for attribute in &tag.attributes {
            if ["media", "id", "class", "nonce", "title"].contains(&attribute.name.as_str())
                || attribute.name.starts_with("data-")
            {
                element.push(' ');
                element.push_str(&self.page[attribute.span.clone()]);
            }
        }
        let text = escape_style(&text);
        self.edits.replace(tag.span.clone(), format!("{element}>{text}</style>"));
    }

    /// Refuses a page that goes elsewhere by itself, or is loaded anew.
    fn refresh(&mut self, tag: &Tag) {
        if tag.says("http-equiv", "refresh") {
            let at = At { file: PAGE, offset: tag.span.start };
            let message = "this `<meta>` loads another document, and hosts then remove the view";
            self.job.error(at, message, "remove it, and let a script change what is shown");
        }
    }

    fn frame(&mut self, tag: &Tag) {
        if let Some(content) = tag.attribute("srcdoc") {
            return self.frame_content(content);
        }
        let Some(source) = tag.attribute("src") else { return };
        let at = At { file: PAGE, offset: source.span.start };
        match target(&source.value) {
            Target::Local(_) => {
                let message = format!("`{}` cannot be a frame, as a widget is one document", source.value);
                self.job.error(at, message, "put its content into the page, or into `srcdoc`");
            }
            other => self.job.check_remote(other, &source.value, at, Directive::Frame),
        }
    }

    /// Checks the document of a frame, into which no files are put.
    fn frame_content(&mut self, content: &Attribute) {
        const LOADING: [&str; 5] = ["src", "href", "poster", "data", "background"];
        let at = At { file: PAGE, offset: content.span.start };
        let (tokens, _) = html::tokens(&content.value);
        for (index, token) in tokens.iter().enumerate() {
            let Token::Start(inner) = token else { continue };
            if matches!(inner.name.as_str(), "a" | "area" | "base") {
                continue;
            }
            for loaded in LOADING.iter().filter_map(|name| inner.attribute(name)) {
                match target(&loaded.value) {
                    Target::Local(_) | Target::Absolute => {
                        let message = format!("`{}` in `srcdoc` is not put into the document", loaded.value);
                        self.job.error(at, message, "put the element into the page");
                    }
                    other if inner.name == "iframe" => {
                        self.job.check_remote(other, &loaded.value, at, Directive::Frame);
                    }
                    other => self.job.check_remote(other, &loaded.value, at, Directive::Resource),
                }
            }
            if inner.name == "script" {
                let end = tokens.get(index + 1).map_or(content.value.len(), |next| next.span().start);
                let text = content.value.get(inner.span.end..end).unwrap_or_default();
                self.handler(content.span.start, text);
            }
        }
    }

    /// Refuses references to elements of another file, which browsers do not follow into `data:`.
    fn foreign_reference(&mut self, tag: &Tag) {
        for attribute in ["href", "xlink:href"].iter().filter_map(|name| tag.attribute(name)) {
            let at = At { file: PAGE, offset: attribute.span.start };
            match target(&attribute.value) {
                Target::Local(local) => {
                    let written = &self.page[tag.span.start + 1..tag.span.start + 1 + tag.name.len()];
                    let message = format!("`<{written}>` cannot reach into another file, as a widget is one document");
                    let help = match local.fragment.as_str() {
                        "" => "put the element into this page, and name it by its `id`".to_owned(),
                        fragment => format!("put the element into this page, and name it `{fragment}`"),
                    };
                    self.job.error(at, message, help);
                }
                other => self.job.check_remote(other, &attribute.value, at, Directive::Resource),
            }
        }
    }

    fn action(&mut self, tag: &Tag, name: &str) {
        if let Some(action) = tag.attribute(name).filter(|action| !action.value.trim().is_empty()) {
            self.blocked(action.span.start, &format!("a form's `{name}`"));
        }
    }

    fn blocked(&mut self, at: usize, what: &str) {
        let help = "use `<img>`, a frame with `csp(frame = …)`, or a tool";
        let message = format!("{what} is blocked by every host");
        self.job.tell(Kind::Error, Topic::Addresses, At { file: PAGE, offset: at }, message, help);
    }
}

/// Escapes a sheet for `svg`, where it is text like others. References that it has stay as they are, unless it stood in a section without
/// references, of which the marks are gone.
fn escape_foreign(new: &str, written: &str) -> String {
    let has_references = written.contains('&') && !written.contains(cdata::OPEN);
    let new = if has_references { new.to_owned() } else { new.replace('&', "&amp;") };
    new.replace('<', "&lt;")
}
