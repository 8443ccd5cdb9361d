//! The order in which files run: each after those it imports.

use super::super::facts::Form;
use super::linker::{Linker, Target};

/// A file on the way, as far as it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    No,
    /// The files that led here are still open.
    Open,
    Done,
}

impl Linker<'_> {
    /// The files that are reached from these, in the order in which they run. Files that import each other are a mistake.
    pub(super) fn order(&mut self, roots: &[usize]) -> Vec<usize> {
        let mut seen = vec![Seen::No; self.modules.len()];
        let mut order = Vec::new();
        let mut in_circle = false;
        // Files that are open, each with its imports in order and the next of them.
        let mut open: Vec<(usize, Vec<usize>, usize)> = Vec::new();
        for &root in roots {
            if seen[root] == Seen::No {
                seen[root] = Seen::Open;
                open.push((root, self.imports_in_order(root), 0));
            }
            while let Some((file, imports, next)) = open.last_mut() {
                let (file, import) = (*file, imports.get(*next).copied());
                *next += 1;
                let Some(import) = import else {
                    seen[file] = Seen::Done;
                    order.push(file);
                    open.pop();
                    continue;
                };
                let Target::File(target) = self.targets[file][import] else { continue };
                match seen[target] {
                    Seen::No => {
                        seen[target] = Seen::Open;
                        open.push((target, self.imports_in_order(target), 0));
                    }
                    // One circle is told: the next is often the same one from elsewhere.
                    Seen::Open if !in_circle => {
                        in_circle = true;
                        let from = open.iter().position(|(file, ..)| *file == target).unwrap_or_default();
                        let around = open[from..].iter().map(|(file, ..)| *file).chain([target]);
                        let names: Vec<_> = around.map(|file| format!("`{}`", self.modules[file].path)).collect();
                        let at = self.imports(file)[import].specifier.span.start;
                        let message = format!("modules import each other: {}", names.join(" → "));
                        self.mistake(self.modules[file].path, at, message, "move what both need into a third file");
                    }
                    Seen::Open | Seen::Done => {}
                }
            }
        }
        order
    }

    /// The imports of a file: statements run before its calls of `import`.
    fn imports_in_order(&self, file: usize) -> Vec<usize> {
        let imports = self.imports(file);
        let (calls, statements): (Vec<_>, Vec<_>) =
            (0..imports.len()).partition(|import| imports[*import].form == Form::Call);
        statements.into_iter().chain(calls).collect()
    }
}
