//! Names of types: each Rust type once, under its own name.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use serde_json::{Map, Value};

use super::schema::{Scope, declaration};

/// The types that were declared so far.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// By the name in the schema: what tells types of one name apart, and the name each got.
    known: BTreeMap<String, Vec<(String, String)>>,
    taken: BTreeSet<String>,
    declared: Vec<String>,
}

impl Names {
    /// Declares the types of a schema; what its root is called.
    pub(super) fn of_root(&mut self, schema: &Value, default: &str) -> String {
        let title = schema.get("title").and_then(Value::as_str).unwrap_or(default).to_owned();
        let defs = schema.get("$defs").and_then(Value::as_object).cloned().unwrap_or_default();
        let mut scope = Scope::default();
        let mut new = Vec::new();
        for (name, def) in &defs {
            let (given, is_new) = self.name(name, &signature(name, def, &defs));
            scope.add(format!("#/$defs/{name}"), given.clone());
            if is_new {
                new.push((given, def));
            }
        }
        let text = schema.to_string();
        // A root that is not declared is written where it stands: `string`, `Item[]`.
        let is_declared = schema.get("properties").is_some() || schema.get("oneOf").is_some() || text.contains("\"#\"");
        let mut root = None;
        if is_declared {
            // As a definition elsewhere has it, where the name is its key.
            let mut bare = schema.clone();
            if let Some(bare) = bare.as_object_mut() {
                bare.retain(|key, _| key != "title" && key != "$defs");
            }
            let (given, is_new) = self.name(&title, &signature(&title, &bare, &defs));
            scope.add("#".to_owned(), given.clone());
            if is_new {
                new.push((given.clone(), schema));
            }
            root = Some(format!("Rust.{given}"));
        }
        for (name, def) in new {
            self.declared.push(declaration(&name, def, &scope));
        }
        root.unwrap_or_else(|| scope.outside().expression(schema))
    }

    /// The name that a type gets, and whether it is new.
    fn name(&mut self, wanted: &str, signature: &str) -> (String, bool) {
        let known = self.known.entry(wanted.to_owned()).or_default();
        if let Some((_, given)) = known.iter().find(|(other, _)| other == signature) {
            return (given.clone(), false);
        }
        let identifier = identifier(wanted);
        let candidates = std::iter::once(identifier.clone()).chain((2..).map(|number| format!("{identifier}{number}")));
        let given = candidates.into_iter().find(|name| self.taken.insert(name.clone())).unwrap_or(identifier);
        known.push((signature.to_owned(), given.clone()));
        (given, true)
    }

    /// The declarations, in the order in which tools name them.
    pub(super) fn declared(&self) -> String {
        self.declared.iter().fold(String::new(), |mut all, declaration| {
            // Writing to a `String` does not fail.
            let _ = write!(all, "{declaration}");
            all
        })
    }
}

/// Text that is the same of types that are the same: all that the definition refers to, and itself.
fn signature(name: &str, def: &Value, defs: &Map<String, Value>) -> String {
    let mut reached = BTreeMap::from([(name, def)]);
    let mut open = vec![def];
    while let Some(next) = open.pop() {
        match next {
            Value::Array(items) => open.extend(items),
            Value::Object(fields) => {
                let target =
                    fields.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix("#/$defs/"));
                if let Some((name, def)) = target.and_then(|target| defs.get_key_value(target))
                    && reached.insert(name, def).is_none()
                {
                    open.push(def);
                }
                open.extend(fields.values());
            }
            _ => {}
        }
    }
    reached.into_iter().fold(String::new(), |all, (name, def)| all + &format!("{name} {def}\n"))
}

/// The name as an identifier.
fn identifier(name: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name: String = name.chars().map(|c| if is_part(c) { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) || name.is_empty() { format!("_{name}") } else { name }
}
