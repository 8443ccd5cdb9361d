//! The names a file takes from other files of its crate.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Attribute, File, Item, ItemUse, Macro, Path, UseTree,
    visit::{self, Visit},
};

/// A path of names, from the root of the crate.
pub(super) type Names = Vec<String>;

/// The names a file takes, and those it hands on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Imports {
    pub(super) taken: Vec<Names>,
    /// By the name that is handed on.
    pub(super) handed_on: BTreeMap<String, Names>,
    /// Names handed on from other crates.
    pub(super) abroad: BTreeSet<String>,
}

/// Reads the imports of a file that is the module `module`; those of its tests do not count.
///
/// # Errors
/// It is no Rust.
pub(super) fn read(text: &str, module: &[String], is_child: impl Fn(&str) -> bool) -> syn::Result<Imports> {
    let mut file: File = syn::parse_file(text)?;
    file.items.retain(|item| !is_test(item));
    let mut reader = Reader { module, is_child, imports: Imports::default() };
    reader.visit_file(&file);
    Ok(reader.imports)
}

fn is_test(item: &Item) -> bool {
    let attributes: &[Attribute] = match item {
        Item::Mod(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        _ => &[],
    };
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.parse_args::<Path>().is_ok_and(|cfg| cfg.is_ident("test"))
    })
}

struct Reader<'a, F> {
    module: &'a [String],
    is_child: F,
    imports: Imports,
}

impl<F: Fn(&str) -> bool> Reader<'_, F> {
    /// A path from the root of the crate; `None` if it leads elsewhere.
    fn absolute(&self, names: Names) -> Option<Names> {
        let mut names = names.into_iter();
        let mut path = match names.next()?.as_str() {
            "crate" => Names::new(),
            "self" => self.module.to_vec(),
            "super" => self.module.split_last()?.1.to_vec(),
            child if (self.is_child)(child) => [self.module, &[child.to_owned()]].concat(),
            _ => return None,
        };
        for name in names {
            if name == "super" {
                path.pop()?;
            } else {
                path.push(name);
            }
        }
        Some(path)
    }

    fn take(&mut self, names: Names) {
        let path = self.absolute(names);
        self.imports.taken.extend(path.filter(|path| !path.is_empty()));
    }

    fn take_from_tokens(&mut self, tokens: &TokenStream) {
        let mut path: Option<Names> = None;
        for token in tokens.clone() {
            match token {
                TokenTree::Ident(name) if name == "crate" => path = Some(vec![name.to_string()]),
                TokenTree::Ident(name) => path.iter_mut().for_each(|path| path.push(name.to_string())),
                TokenTree::Punct(punct) if punct.as_char() == ':' => {}
                TokenTree::Group(group) => self.take_from_tokens(&group.stream()),
                _ => {
                    if let Some(path) = path.take() {
                        self.take(path);
                    }
                }
            }
        }
        if let Some(path) = path {
            self.take(path);
        }
    }
}

/// Every path a `use` names, with the name it is used by.
fn leaves(tree: &UseTree, before: &Names, found: &mut Vec<(String, Names)>) {
    let with = |name: &syn::Ident| [before.as_slice(), &[name.to_string()]].concat();
    match tree {
        UseTree::Path(path) => leaves(&path.tree, &with(&path.ident), found),
        UseTree::Name(name) if name.ident == "self" => {
            found.push((before.last().cloned().unwrap_or_default(), before.clone()));
        }
        UseTree::Name(name) => found.push((name.ident.to_string(), with(&name.ident))),
        UseTree::Rename(rename) => found.push((rename.rename.to_string(), with(&rename.ident))),
        UseTree::Glob(_) => found.push(("*".to_owned(), before.clone())),
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, before, found)),
    }
}

impl<'ast, F: Fn(&str) -> bool> Visit<'ast> for Reader<'_, F> {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let mut found = Vec::new();
        leaves(&item.tree, &Names::new(), &mut found);
        let is_handed_on = !matches!(item.vis, syn::Visibility::Inherited);
        for (name, path) in found {
            let Some(path) = self.absolute(path) else {
                self.imports.abroad.extend(is_handed_on.then_some(name));
                continue;
            };
            let is_own = path.len() > self.module.len() && path.starts_with(self.module);
            if is_handed_on {
                self.imports.handed_on.insert(name, path.clone());
            }
            // To hand on what a room of its own has is no arrow.
            if !(path.is_empty() || is_handed_on && is_own) {
                self.imports.taken.push(path);
            }
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let names: Names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if names.first().is_some_and(|first| ["crate", "self", "super"].contains(&first.as_str())) && names.len() > 1 {
            self.take(names);
        }
        visit::visit_path(self, path);
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {
        // `pub(in crate::router)` names nothing that is used.
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        // A module inside a file is part of it; what it takes from there is no import.
        let _ = module;
    }

    fn visit_macro(&mut self, invoked: &'ast Macro) {
        self.take_from_tokens(&invoked.tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_name_another_file_is_an_import() {
        let text = r#"
            use std::fmt;
            use crate::{task::{self, Task as Job}, time::*};
            use super::seat::Seat;
            use slots::Slots;
            pub use steps::Steps;
            pub(in crate::router) fn f() -> crate::error::Error { select! { x => crate::engine::run() } }
            #[cfg(test)]
            mod tests { use crate::testing::Clock; }
        "#;
        let module = ["run".to_owned(), "host".to_owned()];
        let imports = read(text, &module, |name| ["slots", "steps"].contains(&name)).unwrap();
        let taken: Vec<String> = imports.taken.iter().map(|path| path.join("::")).collect();
        assert_eq!(
            taken,
            ["task", "task::Task", "time", "run::seat::Seat", "run::host::slots::Slots", "error::Error", "engine::run"]
        );
        assert_eq!(imports.handed_on["Steps"].join("::"), "run::host::steps::Steps");
    }
}
