//! Reading of values by their schema: into the form that their type reads, within the bounds that are published.
//!
//! The rule: a value that fits as it is stays as it is. One that does not is taken as its equal of another form, if its schema
//! allows no other reading: `3.0` as 3 where an integer is meant and no other number; an array or object out of JSON text where
//! no text is meant; null, where it does not fit, as left out where that is allowed. Of alternatives, exactly one may
//! take it so. So a text stays a text, and anything stays anything.

mod format;
#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    cell::Cell,
    cmp::Ordering,
    collections::HashSet,
    fmt::{self, Write as _},
};

use serde_json::{Map, Number, Value};

use super::compiled::{Compiled, Id, Node, Rest, Types};
use crate::protocol::{
    bounds::{self, shortened},
    whole,
};

/// A reason why a value does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// The names and indices that lead to it, as in `filter.rows[3]`.
    pub(crate) at: String,
    text: String,
}

impl Misfit {
    /// The same for whoever called a tool with arguments that do not fit: it names the argument.
    pub(crate) fn of_arguments(&self) -> String {
        let text =
            if self.at.is_empty() { format!("arguments: {self}") } else { format!("argument `{}`: {self}", self.at) };
        shortened(&text, bounds::ERROR)
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The first mistake of each kind.
#[derive(Debug, Default)]
pub(crate) struct Misfits {
    /// What it is: another type, another choice, a missing or unknown name.
    shape: Option<Misfit>,
    /// How much of it there is: a bound is passed.
    bound: Option<Misfit>,
}

impl Misfits {
    /// A bound that is passed, for whoever leaves it to a type what fits else.
    pub(crate) fn bound(self) -> Option<Misfit> {
        self.bound
    }

    /// The first of all.
    pub(crate) fn any(self) -> Option<Misfit> {
        self.shape.or(self.bound)
    }

    fn is_empty(&self) -> bool {
        self.shape.is_none() && self.bound.is_none()
    }
}

impl Compiled {
    /// Puts a value into the form its type reads, as far as there is one, and tells what does not fit.
    pub(crate) fn read(&self, value: &mut Value) -> Misfits {
        let tries = self.nodes.iter().any(|node| !node.alternatives.is_empty());
        let (each, all) = MOST;
        let mut reading = Reading {
            nodes: &self.nodes,
            at: Vec::new(),
            found: Misfits::default(),
            trying: 0,
            in_text: false,
            schemas: 0,
            left: tries.then(|| size(value).saturating_mul(each).clamp(each, all)),
            parts: Cell::new(size(value).saturating_mul(MOST_PARTS.0).clamp(MOST_PARTS.0, MOST_PARTS.1)),
        };
        reading.node(self.root, value);
        reading.found
    }

    /// The same of an object's fields.
    pub(crate) fn read_fields(&self, fields: &mut Map<String, Value>) -> Misfits {
        let mut value = Value::Object(std::mem::take(fields));
        let mistakes = self.read(&mut value);
        // It was an object, and so it stays: it fits as it is.
        if let Value::Object(read) = value {
            *fields = read;
        }
        mistakes
    }
}

/// The work one value may cause in alternatives that are tried, for each value in it and in all: what nests them can double it
/// at every level.
const MOST: (usize, usize) = (1000, 1 << 20);

/// The schemas that are looked at beside the first one at a place, for each value in it and in all: references can have each one stand for
/// two, level by level.
const MOST_PARTS: (usize, usize) = (4000, 1 << 24);

/// Schemas at one place: references, alternatives, parts of all. More than these refer to each other without end.
const MOST_AT_ONCE: usize = 64;

enum Step<'a> {
    Name(Cow<'a, str>),
    Index(usize),
}

struct Reading<'a> {
    nodes: &'a [Node],
    at: Vec<Step<'a>>,
    found: Misfits,
    /// The alternatives that are being tried, each inside the one before.
    trying: usize,
    /// Set inside what came as JSON text: no text in it is taken for JSON once more, so that nothing nests without end.
    in_text: bool,
    /// The schemas that are being read at one place, each inside the one before.
    schemas: usize,
    /// The work that is left for alternatives, if the schema has any.
    left: Option<usize>,
    /// The schemas that may still be looked at beside the first one at a place.
    parts: Cell<usize>,
}

/// The number of values in a value, those that its texts may hold among them.
fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(size).sum::<usize>(),
        Value::String(text) if text.trim_start().starts_with(['[', '{']) => 1 + text.len() / 2,
        _ => 1,
    }
}

fn shown(value: &Value) -> String {
    shortened(&value.to_string(), 80)
}

impl<'a> Reading<'a> {
    fn place(&self) -> String {
        let mut text = String::new();
        for step in &self.at {
            let dot = if text.is_empty() { "" } else { "." };
            // Writing to a `String` does not fail.
            let _ = match step {
                Step::Index(index) => write!(text, "[{index}]"),
                Step::Name(name) => write!(text, "{dot}{}", shortened(name, 80)),
            };
        }
        text
    }

    fn shape(&mut self, text: impl FnOnce() -> String) {
        if self.found.shape.is_none() {
            self.found.shape = Some(Misfit { at: self.place(), text: text() });
        }
    }

    fn bound(&mut self, text: impl FnOnce() -> String) {
        if self.found.bound.is_none() {
            self.found.bound = Some(Misfit { at: self.place(), text: text() });
        }
    }

    /// Tells whether to go on, which costs this much where alternatives are tried.
    fn goes_on(&mut self, cost: usize) -> bool {
        let Some(left) = &mut self.left else { return true };
        if self.trying > 0 {
            *left = left.saturating_sub(cost);
        }
        let is_spent = *left == 0;
        if is_spent {
            self.bound(|| "it has too many readings".into());
        }
        !is_spent && (self.trying == 0 || self.found.is_empty())
    }

    /// Counts a schema that is looked at beside the first one at a place; tells whether it may be.
    fn has_parts_left(&self) -> bool {
        let left = self.parts.get();
        self.parts.set(left.saturating_sub(1));
        left > 0
    }

    fn node(&mut self, id: Id, value: &mut Value) {
        let (in_text, schemas) = (self.in_text, self.schemas);
        self.schemas += 1;
        if self.schemas > MOST_AT_ONCE {
            self.bound(|| "its schema refers to itself".into());
        } else if self.schemas > 1 && !self.has_parts_left() {
            self.bound(|| "its schema has too many parts".into());
        } else if self.goes_on(1) {
            self.read(&self.nodes[id], value);
        }
        (self.in_text, self.schemas) = (in_text, schemas);
    }

    fn read(&mut self, node: &'a Node, value: &mut Value) {
        if !node.types.intersects(Types::of(value)) && !self.convert(node.types, value) {
            return self.shape(|| format!("{} is not of the type {}", shown(value), node.types.in_words()));
        }
        if let Some(choices) = &node.choices
            && !choices.contains(value)
        {
            let equal = choices.iter().find(|choice| match (choice, &*value) {
                (Value::Number(choice), Value::Number(value)) => compare(choice, value) == Some(Ordering::Equal),
                _ => false,
            });
            let Some(equal) = equal else {
                return self.shape(|| {
                    let choices: Vec<String> = choices.iter().map(Value::to_string).collect();
                    format!("{} is none of {}", shown(value), shortened(&choices.join(", "), 200))
                });
            };
            *value = equal.clone();
        }
        for part in &node.all {
            self.node(*part, value);
        }
        for (group, exclude) in &node.alternatives {
            self.alternatives(group, *exclude, value);
        }
        match value {
            Value::Object(fields) => self.fields(node, fields),
            Value::Array(items) => self.items(node, items),
            Value::String(text) => self.text(node, text),
            Value::Number(number) => self.number(node, number),
            Value::Null | Value::Bool(_) => {}
        }
        if let Some(not) = node.not
            && self.attempt(not, &mut value.clone()).is_empty()
        {
            let value = shown(value);
            self.shape(|| format!("{value} is what must not be"));
        }
    }

    fn inside(&mut self, step: Step<'a>, schema: Id, value: &mut Value) {
        self.at.push(step);
        let schemas = std::mem::take(&mut self.schemas);
        self.node(schema, value);
        self.schemas = schemas;
        self.at.pop();
    }

    fn fields(&mut self, node: &'a Node, fields: &mut Map<String, Value>) {
        let size = fields.len() as u64;
        if node.bounds.min_properties.is_some_and(|least| size < least) {
            self.bound(|| {
                format!("it has {size} names, fewer than {}", node.bounds.min_properties.unwrap_or_default())
            });
        }
        if node.bounds.max_properties.is_some_and(|most| size > most) {
            self.bound(|| format!("it has {size} names, more than {}", node.bounds.max_properties.unwrap_or_default()));
        }
        let mut left_out = Vec::new();
        for (name, value) in fields.iter_mut() {
            let schema = node.properties.get(name).copied();
            if value.is_null()
                && schema.is_some_and(|schema| !self.takes_null(schema, 0))
                && !node.required.contains(name)
            {
                left_out.push(name.clone());
                continue;
            }
            let mut is_known = false;
            if let Some((name, schema)) = node.properties.get_key_value(name) {
                self.inside(Step::Name(name.into()), *schema, value);
                is_known = true;
            }
            for (_, schema) in node.by_pattern.iter().filter(|(pattern, _)| pattern.is_match(name)) {
                self.inside(Step::Name(name.clone().into()), *schema, value);
                is_known = true;
            }
            match node.rest {
                Rest::Fitting(schema) if !is_known => self.inside(Step::Name(name.clone().into()), schema, value),
                Rest::Nothing if !is_known => self.shape(|| format!("`{}` is not asked for", shortened(name, 80))),
                _ => {}
            }
        }
        for name in left_out {
            fields.remove(&name);
        }
        if let Some(missing) = node.required.iter().find(|name| !fields.contains_key(*name)) {
            self.shape(|| format!("`{missing}` is missing"));
        }
    }

    fn items(&mut self, node: &'a Node, items: &mut [Value]) {
        let (size, bounds) = (items.len() as u64, &node.bounds);
        if let Some(least) = bounds.min_items.filter(|least| size < *least) {
            self.bound(|| format!("it has {size} items, fewer than {least}"));
        }
        if let Some(most) = bounds.max_items.filter(|most| size > *most) {
            self.bound(|| format!("it has {size} items, more than {most}"));
        }
        for (index, item) in items.iter_mut().enumerate() {
            let Some(schema) = node.first.get(index).copied().or(node.items) else { break };
            self.inside(Step::Index(index), schema, item);
        }
        if bounds.unique {
            let mut seen = HashSet::new();
            if let Some(again) = items.iter().find(|item| !seen.insert(item.to_string())) {
                self.bound(|| format!("{} is in it twice", shown(again)));
            }
        }
    }

    fn text(&mut self, node: &'a Node, text: &str) {
        let bounds = &node.bounds;
        if bounds.min_length.is_some() || bounds.max_length.is_some() {
            let length = text.chars().count() as u64;
            if let Some(least) = bounds.min_length.filter(|least| length < *least) {
                self.bound(|| format!("it has {length} characters, fewer than {least}"));
            }
            if let Some(most) = bounds.max_length.filter(|most| length > *most) {
                self.bound(|| format!("it has {length} characters, more than {most}"));
            }
        }
        let quoted = || shown(&Value::from(text));
        if let Some(pattern) = bounds.pattern.as_ref().filter(|pattern| !pattern.is_match(text)) {
            self.bound(|| format!("{} does not match the pattern `{}`", quoted(), shortened(pattern.as_str(), 200)));
        }
        if let Some(format) = bounds.format.filter(|format| !format.fits(text)) {
            self.bound(|| format!("{} is not {}", quoted(), format.in_words()));
        }
    }

    fn number(&mut self, node: &'a Node, number: &Number) {
        let bounds = &node.bounds;
        for (bound, is_passed, words) in [
            (&bounds.minimum, std::cmp::Ordering::Less, "less than the minimum"),
            (&bounds.maximum, std::cmp::Ordering::Greater, "more than the maximum"),
        ] {
            if let Some(bound) = bound.as_ref().filter(|bound| compare(number, bound) == Some(is_passed)) {
                self.bound(|| format!("{number} is {words}, {bound}"));
            }
        }
        for (bound, holds, words) in
            [(&bounds.above, std::cmp::Ordering::Greater, "more"), (&bounds.below, std::cmp::Ordering::Less, "less")]
        {
            if let Some(bound) = bound.as_ref().filter(|bound| compare(number, bound) != Some(holds)) {
                self.bound(|| format!("{number} is not {words} than {bound}"));
            }
        }
        if let (Some(of), Some(value)) = (bounds.multiple_of, number.as_f64()) {
            let times = value / of;
            if (times - times.round()).abs() > 1e-9 * times.abs().max(1.0) {
                self.bound(|| format!("{number} is no multiple of {of}"));
            }
        }
    }

    /// What is wrong with a value under a schema that need not be the one.
    fn attempt(&mut self, id: Id, value: &mut Value) -> Misfits {
        let before = std::mem::take(&mut self.found);
        self.trying += 1;
        self.node(id, value);
        self.trying -= 1;
        std::mem::replace(&mut self.found, before)
    }

    fn alternatives(&mut self, group: &'a [Id], exclude: bool, value: &mut Value) {
        let candidates: Vec<Id> = group.iter().copied().filter(|id| self.may_fit(*id, value, 0)).collect();
        if let [only] = candidates.as_slice() {
            return self.node(*only, value);
        }
        let (mut as_it_is, mut readings, mut nearest) = (0, Vec::new(), None);
        let size = size(value);
        for id in candidates {
            if !self.goes_on(size) {
                return;
            }
            let mut read = value.clone();
            let mistakes = self.attempt(id, &mut read);
            match mistakes {
                Misfits { shape: None, bound: None } if read == *value => {
                    as_it_is += 1;
                    if !exclude {
                        return;
                    }
                }
                Misfits { shape: None, bound: None } if readings.contains(&read) => {}
                Misfits { shape: None, bound: None } => readings.push(read),
                // It is that one, with too much or too little of it.
                Misfits { shape: None, bound } => nearest = nearest.or(bound),
                Misfits { .. } => {}
            }
        }
        match (as_it_is, readings.as_mut_slice(), nearest) {
            (1, ..) => {}
            (0, [only], _) => *value = only.take(),
            (0, [], Some(nearest)) => {
                self.found.bound.get_or_insert(nearest);
            }
            (0, [], None) => {
                let value = shown(value);
                self.shape(|| format!("{value} fits none of its alternatives"));
            }
            _ => {
                let value = shown(value);
                self.shape(|| format!("{value} fits several of its alternatives"));
            }
        }
    }

    /// Tells whether a value may fit, by its type and by what tells alternatives apart.
    fn may_fit(&self, id: Id, value: &Value, depth: usize) -> bool {
        let node = &self.nodes[id];
        let has_tags = |fields: &Map<String, Value>| {
            node.tags.iter().all(|(name, tag)| fields.get(name).is_none_or(|value| value == tag))
        };
        (node.types.intersects(Types::of(value)) || self.can_convert(node.types, value))
            && value.as_object().is_none_or(has_tags)
            // Deeper is not worth a look.
            && (depth > 3 || !self.has_parts_left() || node.all.iter().all(|part| self.may_fit(*part, value, depth + 1)))
    }

    /// Tells whether null fits.
    fn takes_null(&self, id: Id, depth: usize) -> bool {
        let node = &self.nodes[id];
        // Deeper than this it is not known, and stays as it is.
        depth > 16
            || depth > 0 && !self.has_parts_left()
            || node.types.contains(Types::NULL)
                && node.choices.as_ref().is_none_or(|choices| choices.contains(&Value::Null))
                && node.all.iter().all(|part| self.takes_null(*part, depth + 1))
                && node.alternatives.iter().all(|(group, _)| group.iter().any(|id| self.takes_null(*id, depth + 1)))
    }

    /// Tells whether a value of a type that does not fit may be one that does, in another form.
    fn can_convert(&self, types: Types, value: &Value) -> bool {
        match value {
            Value::Number(number) => {
                types.contains(Types::INTEGER) && number.as_f64().is_some_and(|number| whole(number).is_some())
            }
            Value::String(text) if !self.in_text => {
                let begins = |with: char| text.trim_start().starts_with(with);
                types.contains(Types::ARRAY) && begins('[') || types.contains(Types::OBJECT) && begins('{')
            }
            _ => false,
        }
    }

    /// Makes a value of a type that does not fit one that does, if it is the same in another form.
    fn convert(&mut self, types: Types, value: &mut Value) -> bool {
        if !self.can_convert(types, value) {
            return false;
        }
        let converted = match value {
            Value::Number(number) => number.as_f64().and_then(whole).map(Value::from),
            Value::String(text) => serde_json::from_str::<Value>(text).ok(),
            _ => None,
        };
        match converted {
            Some(converted) if types.intersects(Types::of(&converted)) => {
                self.in_text |= value.is_string();
                *value = converted;
                true
            }
            _ => false,
        }
    }
}

/// Compares numbers as what they are, and not as doubles where they are whole.
fn compare(one: &Number, other: &Number) -> Option<Ordering> {
    let integer = |number: &Number| number.as_i128().or_else(|| number.as_f64().and_then(whole).map(i128::from));
    match (integer(one), integer(other)) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        _ => one.as_f64()?.partial_cmp(&other.as_f64()?),
    }
}
