//! The linker: one module of several. Each file becomes a function that runs once, in the order of imports.
//!
//! Modules that import each other are refused, so each file runs after all it imports, and what it imports has its final value, unless a
//! function assigns to it later. Objects of exports have getters: who reads a name through one sees such changes, too.

mod emit;
mod exports;
mod json;
mod linker;
mod order;
mod path;

use super::facts::Module;
use crate::mistake::Fault;
use linker::Linker;

pub use path::resolve;

/// Makes one module of several: the text for a script of `type="module"`. Mistakes come with the path of their module.
///
/// `directory` is the widget's directory as messages show it. The `entries` run in their order. A single one that imports no file is left
/// as it is.
///
/// # Errors
///
/// The modules cannot be linked.
pub fn link(directory: &str, modules: &[Module<'_>], entries: &[&str]) -> Result<String, Vec<(String, Fault)>> {
    let mut linker = Linker::new(directory, modules);
    let mut roots = Vec::new();
    for entry in entries {
        match linker.by_path.get(entry) {
            Some(index) => roots.push(*index),
            None => linker.mistake(entry, 0, format!("`{entry}` does not exist"), format!("create `{entry}`")),
        }
    }
    linker.find_targets();
    let order = linker.order(&roots);
    let exports = linker.exports(&order);
    if !linker.mistakes.is_empty() {
        return Err(linker.mistakes);
    }
    if let ([root], [_]) = (&*roots, &*order) {
        return Ok(modules[*root].source.to_owned());
    }
    Ok(linker.emit(&order, &exports))
}
