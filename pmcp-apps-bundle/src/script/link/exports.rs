//! The names that each file exports, and where each comes from.

use super::super::facts::{Exported, Form, Import, Name};
use super::linker::{Linker, Target};
use crate::by_name::ByName;

/// Names of all files. Those of `export *` count for each file that has them, and a chain of such files multiplies them.
const MOST: usize = 1 << 18;

/// The place where the value of a name is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// A variable of a file.
    Local(usize, String),
    /// The default export of a file, which has no name there.
    Default(usize),
    /// All exports of a file.
    Namespace(usize),
    /// A name, or all names, of an import of a URL.
    Url(usize, usize, Option<String>),
    /// Two files that a third one exports whole.
    Ambiguous,
}

/// A name that a file exports.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) origin: Origin,
    /// The file of which it is read, under this name; none if it is the file's own.
    pub(super) through: Option<(usize, String)>,
}

/// The names of a file, in order.
pub(super) type Names = ByName<Named>;

/// A local name that an import binds: the import, and the name there if it is one.
type Bound<'a> = ByName<(usize, Option<&'a str>)>;

fn bound(imports: &[Import]) -> Bound<'_> {
    let mut bound = Bound::default();
    for (index, import) in imports.iter().enumerate() {
        match &import.form {
            Form::Names(names) => {
                for (name, local) in names {
                    bound.insert(&local.text, (index, Some(&*name.text)));
                }
            }
            Form::Namespace(default, local) => {
                if let Some(default) = default {
                    bound.insert(&default.text, (index, Some("default")));
                }
                bound.insert(&local.text, (index, None));
            }
            Form::Call | Form::Export => {}
        }
    }
    bound
}

impl Linker<'_> {
    /// The names of the files in this order, in which each comes after those it imports.
    pub(super) fn exports(&mut self, order: &[usize]) -> Vec<Names> {
        let mut all = vec![Names::default(); self.modules.len()];
        let mut told = ByName::default();
        let mut count = 0;
        for &file in order {
            self.check_imports(file, &all, &mut told);
            all[file] = self.exports_of(file, &all);
            count += all[file].len();
            if count > MOST {
                let message = format!("the modules up to this one export more than {MOST} names, each file's again");
                self.mistake(self.modules[file].path, 0, message, "import names from the files that declare them");
                break;
            }
        }
        all
    }

    fn exports_of(&mut self, file: usize, all: &[Names]) -> Names {
        let mut names = Names::default();
        let Some(script) = self.modules[file].script else {
            names.insert("default", Named { origin: Origin::Default(file), through: None });
            return names;
        };
        let bound = bound(self.imports(file));
        let mut whole = Vec::new();
        for export in &script.exports {
            let found = match &export.from {
                Exported::All(import) => {
                    whole.push((*import, &export.name));
                    continue;
                }
                Exported::Default => Some(Named { origin: Origin::Default(file), through: None }),
                Exported::Local(local) => match bound.get(local) {
                    Some((import, name)) => self.named(file, *import, *name, all),
                    None => Some(Named { origin: Origin::Local(file, local.clone()), through: None }),
                },
                Exported::Name(import, name) => {
                    if let Target::File(target) = self.targets[file][*import] {
                        self.check_name(file, *import, target, name, &export.name, all);
                    }
                    self.named(file, *import, Some(name), all)
                }
                Exported::Namespace(import) => self.named(file, *import, None, all),
            };
            let Name { text, span } = &export.name;
            let is_new = match found {
                Some(found) => names.insert(text, found),
                None => true,
            };
            if !is_new {
                let message = format!("`{text}` is exported twice");
                self.mistake(self.modules[file].path, span.start, message, "remove one of them");
            }
        }
        self.add_whole(file, &whole, &mut names, all);
        names
    }

    /// Adds what comes with `export * from`: what the file names itself goes before, and `default` never comes.
    fn add_whole(&mut self, file: usize, whole: &[(usize, &Name)], names: &mut Names, all: &[Names]) {
        let mut more = Names::default();
        for (import, specifier) in whole {
            let target = match self.targets[file][*import] {
                Target::File(target) => target,
                Target::Nothing => continue,
                Target::Url => {
                    let url = &self.imports(file)[*import].specifier.value;
                    let message = format!("`export *` from `{url}` exports names that nobody knows here");
                    let help = format!("write `export {{ name }} from \"{url}\"`");
                    self.mistake(self.modules[file].path, specifier.span.start, message, help);
                    continue;
                }
            };
            for (name, named) in all[target].iter().filter(|(name, _)| *name != "default" && !names.has(name)) {
                let other = more.get(name).map(|other: &Named| other.origin == named.origin);
                let origin = if other == Some(false) { Origin::Ambiguous } else { named.origin.clone() };
                more.insert(name, Named { origin, through: Some((target, name.to_owned())) });
            }
        }
        more.iter().for_each(|(name, named)| _ = names.insert(name, named.clone()));
    }

    /// The name that an import of this file brings, or all; none where that is a mistake told elsewhere.
    fn named(&self, file: usize, import: usize, name: Option<&str>, all: &[Names]) -> Option<Named> {
        let target = match self.targets[file][import] {
            Target::File(target) => target,
            Target::Url => {
                let origin = Origin::Url(file, import, name.map(str::to_owned));
                return Some(Named { origin, through: None });
            }
            Target::Nothing => return None,
        };
        let Some(name) = name else {
            return Some(Named { origin: Origin::Namespace(target), through: None });
        };
        let origin = all[target].get(name)?.origin.clone();
        Some(Named { origin, through: Some((target, name.to_owned())) })
    }

    /// Checks that what a file imports by name is there, and stays what it is.
    fn check_imports(&mut self, file: usize, all: &[Names], told: &mut ByName<()>) {
        for (index, import) in self.imports(file).iter().enumerate() {
            let Target::File(target) = self.targets[file][index] else { continue };
            let default = |local: &Name| (Name { text: "default".to_owned(), ..local.clone() }, local.clone());
            let of_default: Vec<_> = match &import.form {
                Form::Namespace(Some(local), _) => vec![default(local)],
                _ => Vec::new(),
            };
            let names = if let Form::Names(names) = &import.form { names } else { &of_default };
            for (name, _) in names {
                self.check_name(file, index, target, &name.text, name, all);
                let Some(Named { origin: Origin::Local(owner, local), .. }) = all[target].get(&name.text) else {
                    continue;
                };
                let assigned = self.modules[*owner].script.and_then(|script| script.assigned.get(local));
                let Some(at) = assigned else { continue };
                if told.insert(&format!("{owner} {local}"), ()) {
                    let message = format!("`{local}` is exported and assigned later; importers would not see it");
                    self.mistake(self.modules[*owner].path, *at, message, "export a function that returns it");
                }
            }
        }
    }

    /// Checks that a file exports a name that is imported here.
    fn check_name(&mut self, file: usize, import: usize, target: usize, name: &str, place: &Name, all: &[Names]) {
        let specifier = &self.imports(file)[import].specifier.value;
        let path = self.modules[target].path;
        let (message, help) = match all[target].get(name) {
            Some(named) if named.origin != Origin::Ambiguous => return,
            Some(_) => (
                format!("`{specifier}` exports `{name}` from two files"),
                format!("write `export {{ {name} }} from …` in `{path}`"),
            ),
            None => {
                let names = all[target].names();
                let help = self.near(name, names.clone()).map_or_else(
                    || {
                        let some: Vec<_> = names.take(5).map(|name| format!("`{name}`")).collect();
                        let some = if some.is_empty() { "nothing".to_owned() } else { some.join(", ") };
                        format!("`{path}` exports {some}{}", if all[target].len() > 5 { ", …" } else { "" })
                    },
                    |near| format!("did you mean `{near}`?"),
                );
                (format!("`{specifier}` exports no `{name}`"), help)
            }
        };
        self.mistake(self.modules[file].path, place.span.start, message, help);
    }
}
