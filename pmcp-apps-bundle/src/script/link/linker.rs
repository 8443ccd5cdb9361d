//! The files that are linked, and the file that each import means.

use super::super::facts::{Form, Import, Module};
use super::json;
use super::path::resolve;
use crate::{by_name::ByName, mistake::Fault};

/// The module that an import leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Target {
    /// A file, by its index.
    File(usize),
    /// A URL, which the browser loads.
    Url,
    /// Nothing: a mistake that was told.
    Nothing,
}

/// The files with what is known of them.
#[derive(Debug)]
pub(super) struct Linker<'a> {
    pub(super) directory: &'a str,
    pub(super) modules: &'a [Module<'a>],
    pub(super) by_path: ByName<usize>,
    /// By file and import.
    pub(super) targets: Vec<Vec<Target>>,
    pub(super) mistakes: Vec<(String, Fault)>,
}

impl<'a> Linker<'a> {
    pub(super) fn new(directory: &'a str, modules: &'a [Module<'a>]) -> Self {
        let mut by_path = ByName::default();
        for (index, module) in modules.iter().enumerate() {
            by_path.insert(module.path, index);
        }
        Self { directory, modules, by_path, targets: Vec::new(), mistakes: Vec::new() }
    }

    pub(super) fn mistake(&mut self, path: &str, at: usize, message: impl Into<String>, help: impl Into<String>) {
        self.add(path, Fault { at, message: message.into(), help: help.into() });
    }

    /// Adds a mistake in the order of files and places.
    fn add(&mut self, path: &str, fault: Fault) {
        let place = (path, fault.at);
        let at = self.mistakes.partition_point(|(path, known)| (path.as_str(), known.at) <= place);
        self.mistakes.insert(at, (path.to_owned(), fault));
    }

    pub(super) fn imports(&self, module: usize) -> &'a [Import] {
        self.modules[module].script.map_or(&[], |script| &script.imports)
    }

    pub(super) fn find_targets(&mut self) {
        for index in 0..self.modules.len() {
            let module = self.modules[index];
            let found = self.imports(index).iter().map(|import| self.target(&module, import)).collect();
            self.targets.push(found);
            let Some(script) = module.script else {
                if let Some(at) = json::fault(module.source) {
                    self.mistake(
                        module.path,
                        at,
                        "this is no JSON",
                        "write JSON, without comments and commas at the end",
                    );
                }
                continue;
            };
            if let Some(fault) = &script.fault {
                self.add(module.path, fault.clone());
            }
            for meta in &script.metas {
                let message = "`import.meta` has no meaning in an inlined document";
                self.mistake(module.path, meta.start, message, "name the file");
            }
        }
    }

    /// The module that an import of this file means.
    fn target(&mut self, module: &Module<'_>, import: &Import) -> Target {
        let specifier = &*import.specifier.value;
        let at = import.specifier.span.start;
        // A script within a page that has its base elsewhere imports from there.
        if is_url(specifier) || module.path.starts_with("https://") {
            return Target::Url;
        }
        let directory = self.directory;
        let (message, help) = if specifier.starts_with('/') {
            let message = format!("`{specifier}` is absolute; a widget has no server behind it");
            (message, "name the file relative to this one".to_owned())
        } else if !(specifier.starts_with("./") || specifier.starts_with("../")) {
            let message = format!("`\"{specifier}\"` is a bare specifier; browsers cannot resolve it");
            (message, format!("copy the module into `{directory}` and import it by path"))
        } else if let Some(path) = resolve(module.path, specifier) {
            if let Some(target) = self.by_path.get(&path) {
                let target = *target;
                return if self.check_kind(module, import, target) { Target::File(target) } else { Target::Nothing };
            }
            let near = self.near(&path, self.by_path.names());
            let help =
                near.map_or_else(|| format!("create `{directory}/{path}`"), |near| format!("did you mean `{near}`?"));
            (format!("`{specifier}` does not exist"), help)
        } else {
            let message = format!("`{specifier}` leaves the widget's directory");
            (message, format!("move the file into `{directory}`"))
        };
        self.mistake(module.path, at, message, help);
        Target::Nothing
    }

    /// The name that was probably meant. Who has many mistakes is not told it: each costs a look at all names.
    pub(super) fn near<'n>(&self, name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
        if self.mistakes.len() >= 100 {
            return None;
        }
        let likely = names.map(|other| (strsim::jaro_winkler(name, other), other));
        let likely = likely.filter(|(likeness, _)| *likeness > 0.85);
        likely.max_by(|(a, first), (b, second)| a.total_cmp(b).then_with(|| second.cmp(first))).map(|(_, name)| name)
    }

    /// JSON is imported as JSON, and scripts are not.
    fn check_kind(&mut self, module: &Module<'_>, import: &Import, target: usize) -> bool {
        let specifier = &*import.specifier.value;
        let is_json = self.modules[target].script.is_none();
        let kind = import.kind.as_ref().map(|kind| &*kind.value);
        let (at, message, help) = match (kind, is_json) {
            (None, false) | (Some("json"), true) => return true,
            (Some("json"), false) => {
                let message = format!("`{specifier}` is a script, which is not imported as JSON");
                (import.specifier.span.start, message, "remove `with { type: \"json\" }`".to_owned())
            }
            (None, true) => {
                let message = format!("`{specifier}` is JSON, which browsers import only as such");
                let help = match import.form {
                    Form::Call => format!("write `import(\"{specifier}\", {{ with: {{ type: \"json\" }} }})`"),
                    _ => format!("write `import x from \"{specifier}\" with {{ type: \"json\" }}`"),
                };
                (import.specifier.span.start, message, help)
            }
            (Some(other), _) => {
                let at = import.kind.as_ref().map_or(0, |kind| kind.span.start);
                (at, format!("modules of type `{other}` are not inlined"), "import a script, or JSON".to_owned())
            }
        };
        self.mistake(module.path, at, message, help);
        false
    }
}

/// Begins with a scheme, or is relative to that of the page.
fn is_url(specifier: &str) -> bool {
    specifier.starts_with("//")
        || specifier.split_once(':').is_some_and(|(scheme, _)| {
            scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.'))
        })
}
