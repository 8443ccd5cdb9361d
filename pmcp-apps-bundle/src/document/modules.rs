//! Modules of a page: found from its scripts, each read once, and linked into as few scripts as keep their meaning.

use std::{collections::HashSet, rc::Rc};

use crate::{
    by_name::ByName,
    code::{self, Places},
    job::{At, Job},
    mistake::{Kind, Topic},
    policy::Directive,
    reference::{Target, target},
    script::{self, Goal, Script},
};

#[derive(Debug, Default)]
pub(crate) struct Modules {
    files: ByName<Module>,
    entries: Vec<Entry>,
    /// Script elements of other origins that take turns with them: the number of each, and the place of its address.
    remote: Vec<(usize, At<'static>)>,
    /// A module was found that is no text. What imports it cannot be judged.
    is_broken: bool,
}

#[derive(Debug)]
struct Module {
    text: Rc<str>,
    /// None for JSON.
    script: Option<Script>,
    /// The paths that it imports.
    imports: ByName<()>,
    /// The file it stands in, and the byte it begins at.
    file: String,
    start: usize,
}

#[derive(Debug)]
struct Entry {
    key: String,
    /// The script element's number among the page's tokens.
    element: usize,
    is_inline: bool,
}

/// The text that a script element gets: nothing if another element has it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Linked {
    pub(crate) element: usize,
    pub(crate) text: Option<String>,
}

impl Modules {
    /// Adds a file that a script element names.
    pub(crate) fn add_file(&mut self, job: &mut Job<'_>, path: &str, element: usize) {
        self.entries.push(Entry { key: path.to_owned(), element, is_inline: false });
        self.follow(job, vec![(path.to_owned(), false)]);
    }

    /// Notes a script element that the browser loads from another origin in its turn. Its address is at this place.
    pub(crate) fn add_remote(&mut self, element: usize, at: At<'static>) {
        self.remote.push((element, at));
    }

    /// Adds the text of a script element, which is at a byte of the page. Its imports are relative to `base`.
    pub(crate) fn add_text(&mut self, job: &mut Job<'_>, at: At<'_>, base: &str, text: &str, element: usize) {
        let key = format!("{base}#{element}");
        self.entries.push(Entry { key: key.clone(), element, is_inline: true });
        let module = Module {
            text: text.into(),
            script: Some(script::scan(text, Goal::Module)),
            imports: ByName::default(),
            file: at.file.to_owned(),
            start: at.offset,
        };
        let mut next = Vec::new();
        self.take(job, &key, module, &mut next);
        self.follow(job, next);
    }

    /// Reads modules and what they import, and so on. The list keeps a long chain of imports from using up the stack.
    fn follow(&mut self, job: &mut Job<'_>, mut next: Vec<(String, bool)>) {
        while let Some((path, is_json)) = next.pop() {
            if self.files.has(&path) {
                continue;
            }
            let Some(text) = job.text(&path) else {
                self.is_broken = true;
                continue;
            };
            let script = (!is_json).then(|| script::scan(&text, Goal::Module));
            let module = Module { text, script, imports: ByName::default(), file: path.clone(), start: 0 };
            self.take(job, &path, module, &mut next);
        }
    }

    fn take(&mut self, job: &mut Job<'_>, key: &str, mut module: Module, next: &mut Vec<(String, bool)>) {
        if let Some(script) = &module.script {
            code::check(job, &module.file, Places::From(module.start), script);
            for import in &script.imports {
                let specifier = import.specifier.value.as_str();
                let at = At { file: &module.file, offset: module.start + import.specifier.span.start };
                let is_bare = matches!(target(specifier), Target::Local(_)) && !specifier.starts_with('.');
                // What is bare is told when the modules are linked; those that are served are not.
                if is_bare {
                    if job.folder.is_served() {
                        check_bare(job, specifier, at);
                    }
                    continue;
                }
                let base = key.split('#').next().unwrap_or(key);
                if let Some(found) = job.reach(specifier, at, base, Directive::Code) {
                    let is_typed = import.kind.as_ref().is_some_and(|kind| kind.value == "json");
                    let is_json = is_typed || found.path.to_ascii_lowercase().ends_with(".json");
                    next.push((found.path.clone(), is_json));
                    module.imports.insert(&found.path, ());
                }
            }
        }
        self.files.insert(key, module);
    }

    /// Links the modules. Script elements whose modules share none stay apart; others become one, which runs where the last of them is.
    pub(crate) fn link(&self, job: &mut Job<'_>) -> Vec<Linked> {
        // Browsers take the modules of a document that is served as they are.
        if job.folder.is_served() {
            return Vec::new();
        }
        let entries: Vec<&Entry> = self.entries.iter().filter(|entry| self.files.has(&entry.key)).collect();
        let reached: Vec<HashSet<&str>> = entries.iter().map(|entry| self.reached(&entry.key)).collect();
        let count = reached.iter().map(HashSet::len).sum::<usize>();
        let all: HashSet<&str> = reached.iter().flatten().copied().collect();
        if count > all.len() {
            self.check_turns(job, &entries);
            let keys: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
            let text = self.link_one(job, &all, &keys);
            let last = entries.len().saturating_sub(1);
            let text_at = |index| if index == last { text.clone() } else { None };
            return entries
                .iter()
                .enumerate()
                .map(|(index, entry)| Linked { element: entry.element, text: text_at(index) })
                .collect();
        }
        let mut linked = Vec::new();
        for (entry, reached) in entries.into_iter().zip(reached) {
            let text = self.link_one(job, &reached, &[&entry.key]);
            // What imports nothing stays in its place, byte for byte.
            if !(entry.is_inline && reached.len() == 1) {
                linked.push(Linked { element: entry.element, text });
            }
        }
        linked
    }

    /// Refuses scripts of other origins between these, which become one.
    fn check_turns(&self, job: &mut Job<'_>, entries: &[&Entry]) {
        let elements = || entries.iter().map(|entry| entry.element);
        let (Some(first), Some(last)) = (elements().min(), elements().max()) else { return };
        for &(_, at) in self.remote.iter().filter(|(element, _)| (first..last).contains(element)) {
            let message =
                "a script of another origin between modules that share a file cannot keep its turn in one document";
            job.error(at, message, "put it before these modules, or after them");
        }
    }

    fn link_one(&self, job: &mut Job<'_>, reached: &HashSet<&str>, entries: &[&str]) -> Option<String> {
        let files = self.files.iter().filter(|(key, _)| reached.contains(key));
        let modules: Vec<script::Module<'_>> = files
            .map(|(key, module)| script::Module { path: key, source: &module.text, script: module.script.as_ref() })
            .collect();
        for module in &modules {
            let file = module.path.split('#').next().unwrap_or(module.path);
            job.spend(file, module.source.len())?;
        }
        if self.is_broken {
            return None;
        }
        let dir = job.folder.dir.clone();
        match script::link(&dir, &modules, entries) {
            Ok(text) => Some(text),
            Err(faults) => {
                for (path, fault) in faults {
                    let Some(module) = self.files.get(&path) else { continue };
                    job.error(At { file: &module.file, offset: module.start + fault.at }, fault.message, fault.help);
                }
                None
            }
        }
    }

    fn reached<'a>(&'a self, key: &'a str) -> HashSet<&'a str> {
        let mut reached = HashSet::from([key]);
        let mut next = vec![key];
        while let Some(module) = next.pop().and_then(|key| self.files.get(key)) {
            for import in module.imports.names() {
                if self.files.has(import) && reached.insert(import) {
                    next.push(import);
                }
            }
        }
        reached
    }
}

/// Tells a name that means nothing to a browser, unless the page has a map of such.
fn check_bare(job: &mut Job<'_>, specifier: &str, at: At<'_>) {
    let has_map = job.folder.texts().any(|(_, text)| text.contains("importmap"));
    if !has_map {
        let message = format!("`\"{specifier}\"` is a bare specifier; browsers cannot resolve it");
        job.tell(
            Kind::Error,
            Topic::Addresses,
            at,
            message,
            "put the module into the document, or name it by its address",
        );
    }
}
