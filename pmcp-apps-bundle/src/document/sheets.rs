//! Style sheets put into one: imports where they stand, within their conditions, and files as `data:` addresses.

use std::rc::Rc;

use crate::{
    by_name::ByName,
    edits::Edits,
    job::{At, Found, Job},
    mistake::{Kind, Topic},
    policy::Directive,
    reference::{Target, target},
    style::{self, Form, Import, Reference, Sheet},
};

/// Imports within each other.
const DEEPEST: usize = 32;

/// Sheets that are done, by path.
#[derive(Debug, Default)]
pub(crate) struct Sheets {
    done: ByName<Option<Rc<Done>>>,
    /// The files that are being read, each imported by the one before.
    chain: Vec<String>,
}

#[derive(Debug)]
struct Done {
    text: String,
    /// An import from another origin, which may stand only before all rules.
    has_remote_import: bool,
    /// Names that hold for a file of its own.
    has_namespace: bool,
}

/// The text that a sheet is read from.
#[derive(Clone, Copy)]
struct Text<'a> {
    file: &'a str,
    /// The file that addresses are relative to.
    base: &'a str,
    /// The byte of the file at which the text begins.
    start: usize,
}

impl Text<'_> {
    fn at(&self, offset: usize) -> At<'_> {
        At { file: self.file, offset: self.start + offset }
    }
}

impl Sheets {
    /// A file, ready to be put into a page.
    pub(crate) fn file(&mut self, job: &mut Job<'_>, path: &str) -> Option<String> {
        let done = self.done(job, path, None)?;
        job.spend(path, done.text.len())?;
        Some(done.text.clone())
    }

    /// A style element of a page.
    pub(crate) fn element(
        &mut self,
        job: &mut Job<'_>,
        file: &str,
        base: &str,
        start: usize,
        text: &str,
    ) -> Option<String> {
        let origin = Text { file, base, start };
        self.rewrite(job, origin, text).map(|done| done.text)
    }

    fn done(&mut self, job: &mut Job<'_>, path: &str, from: Option<At<'_>>) -> Option<Rc<Done>> {
        if let Some(at) = from {
            if let Some(first) = self.chain.iter().position(|open| open == path) {
                let around: Vec<String> =
                    self.chain[first..].iter().chain([&path.to_owned()]).map(|file| format!("`{file}`")).collect();
                let message = format!("style sheets import each other: {}", around.join(" → "));
                job.error(at, message, "move what both need into a third file");
                return None;
            }
            if self.chain.len() >= DEEPEST {
                job.error(
                    at,
                    format!("imports are nested more than {DEEPEST} deep"),
                    "import fewer sheets within each other",
                );
                return None;
            }
        }
        if let Some(done) = self.done.get(path) {
            return done.clone();
        }
        let text = job.text(path)?;
        self.chain.push(path.to_owned());
        let done = self.rewrite(job, Text { file: path, base: path, start: 0 }, &text).map(Rc::new);
        self.chain.pop();
        self.done.insert(path, done.clone());
        done
    }

    fn rewrite(&mut self, job: &mut Job<'_>, origin: Text<'_>, text: &str) -> Option<Done> {
        let sheet = style::sheet(text);
        for fault in &sheet.faults {
            job.error(origin.at(fault.at), &*fault.message, &*fault.help);
        }
        let mut edits = Edits::default();
        let mut remote = false;
        let mut has_rules = false;
        let mut is_whole = sheet.faults.is_empty();
        for import in &sheet.imports {
            let at = origin.at(import.at);
            match job.reach(&import.url, at, origin.base, Directive::Code) {
                Some(Found { path, .. }) => {
                    let Some(done) =
                        self.done(job, &path, Some(at)).filter(|done| job.spend(&path, done.text.len()).is_some())
                    else {
                        is_whole = false;
                        continue;
                    };
                    if done.has_remote_import && (has_rules || import.is_conditional()) {
                        late(job, at);
                    }
                    if done.has_namespace {
                        namespace(job, at);
                    }
                    remote |= done.has_remote_import;
                    has_rules = true;
                    edits.replace(import.span.clone(), wrap(&done.text, import));
                }
                None => match target(&import.url) {
                    Target::Remote(_) | Target::Nothing if has_rules => late(job, at),
                    Target::Remote(_) | Target::Nothing => remote = true,
                    _ => is_whole = false,
                },
            }
        }
        if let Some(at) = sheet.namespace.filter(|_| has_rules) {
            namespace(job, origin.at(at));
        }
        // It has no meaning where the sheet is put.
        if let Some(charset) = sheet.charset.clone().filter(|_| origin.start == 0) {
            edits.replace(charset, "");
        }
        for reference in &sheet.references {
            let at = origin.at(reference.span.start);
            if let Some(new) = inline(job, reference, at, origin.base) {
                edits.replace(reference.span.clone(), new);
            }
        }
        let end = closing(&sheet);
        is_whole.then(|| Done {
            text: edits.apply(text) + end,
            has_remote_import: remote,
            has_namespace: sheet.namespace.is_some(),
        })
    }
}

/// A value of a style attribute with its files within it, if anything changes.
pub(crate) fn attribute(job: &mut Job<'_>, at: At<'_>, base: &str, value: &str) -> Option<String> {
    let mut edits = Edits::default();
    let mut is_changed = false;
    for reference in style::attribute(value) {
        if let Some(new) = inline(job, &reference, at, base) {
            edits.replace(reference.span, new);
            is_changed = true;
        }
    }
    is_changed.then(|| edits.apply(value))
}

fn late(job: &mut Job<'_>, at: At<'_>) {
    let message = "this import from another origin would come after rules of other files";
    job.error(at, message, "put it before all others, in a sheet that the page links");
}

fn namespace(job: &mut Job<'_>, at: At<'_>) {
    let help = "link the sheet from the page, or do without the namespace";
    job.error(at, "`@namespace` holds for a file of its own, and imports are put into one", help);
}

fn inline(job: &mut Job<'_>, reference: &Reference, at: At<'_>, base: &str) -> Option<String> {
    let found = job.reach(&reference.url, at, base, Directive::Resource);
    if reference.is_font && (found.is_some() || is_data(&reference.url)) {
        let message = "an inlined font is blocked by hosts that follow the specification";
        job.once(Kind::Warning, Topic::Addresses, Some(at), message, "use `var(--font-sans)` from the host");
    }
    let url = job.data_url(&found?, at)?;
    let quoted = format!("\"{}\"", url.replace('\\', "\\\\").replace('"', "\\\""));
    Some(match reference.form {
        Form::Text => quoted,
        Form::Url => format!("url({quoted})"),
    })
}

fn is_data(url: &str) -> bool {
    url.trim_start().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
}

/// The rules of an imported sheet within the conditions of its import.
fn wrap(text: &str, import: &Import) -> String {
    let mut out = text.to_owned();
    if let Some(layer) = &import.layer {
        let space = if layer.trim().is_empty() { "" } else { " " };
        out = format!("@layer{space}{}{{{out}\n}}", layer.trim());
    }
    if let Some(condition) = &import.supports {
        out = format!("@supports ({condition}){{{out}\n}}");
    }
    if !import.media.is_empty() {
        out = format!("@media {}{{{out}\n}}", import.media);
    }
    out
}

/// Text that ends what the end of the file ended.
fn closing(sheet: &Sheet) -> &'static str {
    if sheet.is_unfinished { ";" } else { "" }
}
