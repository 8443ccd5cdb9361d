//! The text of the linked module.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::super::facts::{Edit, Form, Script};
use super::exports::{Named, Names, Origin};
use super::linker::{Linker, Target};
use crate::{by_name::ByName, edits::Edits};

/// The text so far.
#[derive(Debug)]
struct Output<'l, 'a> {
    linker: &'l Linker<'a>,
    exports: &'l [Names],
    /// The beginning of all names of ours.
    prefix: String,
    /// By file, whether others read its exports.
    read: Vec<bool>,
    /// Our names of what imports of URLs bring, by file, import and name.
    urls: HashMap<(usize, usize, Option<String>), String>,
    text: String,
}

/// What is taken of an import of a URL.
#[derive(Debug, Default)]
struct Taken {
    /// All exports, as one object.
    is_whole: bool,
    names: ByName<()>,
}

impl Taken {
    /// Adds a name, or all exports.
    fn add(&mut self, name: Option<&str>) {
        match name {
            Some(name) => _ = self.names.insert(name, ()),
            None => self.is_whole = true,
        }
    }
}

impl Linker<'_> {
    /// Writes these files in this order.
    pub(super) fn emit(&self, order: &[usize], exports: &[Names]) -> String {
        let mut read = vec![false; self.modules.len()];
        for &file in order {
            for (import, target) in self.imports(file).iter().zip(&self.targets[file]) {
                let Target::File(target) = target else { continue };
                read[*target] |= !matches!(&import.form, Form::Names(names) if names.is_empty());
            }
        }
        let mut output =
            Output { linker: self, exports, prefix: self.prefix(), read, urls: HashMap::new(), text: String::new() };
        output.urls(order);
        if output.read.contains(&true) {
            let prefix = &output.prefix;
            let _ = writeln!(
                output.text,
                "const {prefix} = names => Object.freeze(Object.defineProperty(names, Symbol.toStringTag, {{ value: \"Module\" }}));"
            );
        }
        let calls = |file: &usize| {
            let mut imports = self.imports(*file).iter().zip(&self.targets[*file]);
            imports.any(|(import, target)| import.form == Form::Call && matches!(target, Target::File(_)))
        };
        if order.iter().any(calls) {
            // A file may have a `Promise` of its own.
            let _ = writeln!(output.text, "const {}_import = async names => names;", output.prefix);
        }
        for &file in order {
            output.file(file);
        }
        output.text
    }

    /// A beginning that no name of the files has.
    fn prefix(&self) -> String {
        let taken =
            self.modules.iter().filter_map(|module| module.script).fold(0, |taken, script| taken | script.taken);
        let run = (1..63).find(|run| taken & (1 << run) == 0).unwrap_or(64);
        format!("__{}", "m".repeat(run))
    }
}

impl Output<'_, '_> {
    /// Writes the imports of URLs, which only the browser can load. They come first, as they run first.
    fn urls(&mut self, order: &[usize]) {
        let mut number = 0;
        for &file in order {
            let mut exported: Vec<Taken> = self.linker.imports(file).iter().map(|_| Taken::default()).collect();
            for (_, named) in self.exports[file].iter() {
                if let Origin::Url(owner, import, name) = &named.origin
                    && *owner == file
                    && let Some(taken) = exported.get_mut(*import)
                {
                    taken.add(name.as_deref());
                }
            }
            for ((index, import), mut taken) in self.linker.imports(file).iter().enumerate().zip(exported) {
                if self.linker.targets[file][index] != Target::Url || import.form == Form::Call {
                    continue;
                }
                let kind = import.kind.as_ref().map(|kind| format!(" with {{ type: {} }}", quoted(&kind.value)));
                let from = format!("{}{}", quoted(&import.specifier.value), kind.unwrap_or_default());
                match &import.form {
                    Form::Names(bound) => bound.iter().for_each(|(name, _)| taken.add(Some(&name.text))),
                    Form::Namespace(default, _) => {
                        taken.add(None);
                        if default.is_some() {
                            taken.add(Some("default"));
                        }
                    }
                    Form::Call | Form::Export => {}
                }
                let mut alias = || {
                    number += 1;
                    format!("{}_{}", self.prefix, number - 1)
                };
                if taken.is_whole {
                    let alias = alias();
                    let _ = writeln!(self.text, "import * as {alias} from {from};");
                    self.urls.insert((file, index, None), alias);
                }
                let mut list = Vec::new();
                for name in taken.names.names() {
                    let alias = alias();
                    list.push(format!("{} as {alias}", key(name)));
                    self.urls.insert((file, index, Some(name.to_owned())), alias);
                }
                if !list.is_empty() {
                    let _ = writeln!(self.text, "import {{ {} }} from {from};", list.join(", "));
                } else if !taken.is_whole {
                    let _ = writeln!(self.text, "import {from};");
                }
            }
        }
    }

    /// Our name of what an import of a URL brings.
    fn of_url(&self, file: usize, index: usize, name: Option<&str>) -> String {
        self.urls.get(&(file, index, name.map(str::to_owned))).cloned().unwrap_or_default()
    }

    /// Our name of the exports of a file.
    fn exports_of(&self, file: usize) -> String {
        format!("{}{file}", self.prefix)
    }

    fn file(&mut self, file: usize) {
        let module = self.linker.modules[file];
        if module.path.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'/' | b'-')) {
            let _ = writeln!(self.text, "// {}", module.path);
        }
        let exports = self.exports_of(file);
        let prefix = self.prefix.clone();
        let Some(script) = module.script else {
            if self.read[file] {
                let json = quoted(module.source.trim_start_matches('\u{feff}'));
                let _ = writeln!(
                    self.text,
                    "const {exports} = {prefix}({{ __proto__: null, default: JSON.parse({json}) }});"
                );
            }
            return;
        };
        let (wait, kind) = if script.awaits { ("await ", "async ") } else { ("", "") };
        let result = if self.read[file] { format!("const {exports} = ") } else { String::new() };
        let bindings = self.bindings(file);
        let _ = writeln!(self.text, "{result}{wait}({kind}() => {{{bindings}");
        self.source(file, script);
        if !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        if self.read[file] {
            let getters = self.getters(file);
            let _ = writeln!(self.text, "return {prefix}({{ __proto__: null{getters} }});");
        }
        self.text.push_str("})();\n");
    }

    /// Declarations of what a file imports.
    fn bindings(&self, file: usize) -> String {
        let mut text = String::new();
        for (index, import) in self.linker.imports(file).iter().enumerate() {
            let target = self.linker.targets[file][index];
            let of = if let Target::File(target) = target { Some(self.exports_of(target)) } else { None };
            match (&import.form, &of) {
                (Form::Names(names), Some(of)) if !names.is_empty() => {
                    let names: Vec<_> =
                        names.iter().map(|(name, local)| format!("{}: {}", key(&name.text), local.text)).collect();
                    let _ = write!(text, " const {{ {} }} = {of};", names.join(", "));
                }
                (Form::Names(names), None) => {
                    for (name, local) in names {
                        let _ = write!(text, " const {} = {};", local.text, self.of_url(file, index, Some(&name.text)));
                    }
                }
                (Form::Namespace(default, local), of) => {
                    if let Some(default) = default {
                        let value = match of {
                            Some(of) => format!("{of}.default"),
                            None => self.of_url(file, index, Some("default")),
                        };
                        let _ = write!(text, " const {} = {value};", default.text);
                    }
                    let value = of.clone().unwrap_or_else(|| self.of_url(file, index, None));
                    let _ = write!(text, " const {} = {value};", local.text);
                }
                _ => {}
            }
        }
        text
    }

    /// Getters of what a file exports.
    fn getters(&self, file: usize) -> String {
        let mut text = String::new();
        for (name, named) in self.exports[file].iter() {
            let Named { origin, through } = named;
            let value = match (origin, through) {
                (Origin::Ambiguous, _) => continue,
                (_, Some((target, name))) => {
                    let of = self.exports_of(*target);
                    if is_plain(name) { format!("{of}.{name}") } else { format!("{of}[{}]", quoted(name)) }
                }
                (Origin::Local(_, local), None) => local.clone(),
                (Origin::Default(_), None) => format!("{}_default", self.prefix),
                (Origin::Namespace(target), None) => self.exports_of(*target),
                (Origin::Url(file, import, name), None) => self.of_url(*file, *import, name.as_deref()),
            };
            let _ = write!(text, ", get {}() {{ return {value}; }}", key(name));
        }
        text
    }

    /// Writes the text of a file without its imports and exports.
    fn source(&mut self, file: usize, script: &Script) {
        let source = self.linker.modules[file].source;
        let default = format!("{}_default", self.prefix);
        // Lines stay where they are.
        let lines =
            |start: usize, end: usize| "\n".repeat(source[start..end].bytes().filter(|byte| *byte == b'\n').count());
        let mut edits = Edits::default();
        for edit in &script.edits {
            match edit {
                Edit::Drop(words) => edits.replace(words.start..words.end, lines(words.start, words.end)),
                Edit::Statement(span) => {
                    edits.replace(span.start..span.end, format!(";{}", lines(span.start, span.end)));
                }
                Edit::Default(words) => {
                    let text = format!("const {default} ={}", lines(words.start, words.end));
                    edits.replace(words.start..words.end, text);
                }
                Edit::Anonymous(words, end) => {
                    // As the value of a member the function gets the name `default`, as it should.
                    let text = format!("const {default} = {{ default:{}", lines(words.start, words.end));
                    edits.replace(words.start..words.end, text);
                    edits.replace(*end..*end, " }.default;");
                }
            }
        }
        for (import, target) in script.imports.iter().zip(&self.linker.targets[file]) {
            if let (Form::Call, Target::File(target)) = (&import.form, target) {
                let text = format!("{}_import({})", self.prefix, self.exports_of(*target));
                edits.replace(import.span.start..import.span.end, text);
            }
        }
        if source.starts_with("#!") {
            edits.replace(0..2, "//");
        }
        // A call within the arguments of another one goes with it.
        self.text.push_str(&edits.apply(source));
    }
}

/// A name that is written without quotes.
fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$'))
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
}

fn key(name: &str) -> String {
    if is_plain(name) { name.to_owned() } else { quoted(name) }
}

/// A text as a string of a script.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    let single = text.contains('"');
    let quote = if single { '\'' } else { '"' };
    out.push(quote);
    for letter in text.chars() {
        match letter {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            '\\' => out.push_str("\\\\"),
            _ if letter == quote => {
                out.push('\\');
                out.push(letter);
            }
            _ => out.push(letter),
        }
    }
    out.push(quote);
    out
}
