//! Schemas taken apart once, to hold what comes against them without looking at JSON again.
//!
//! The keywords are those that types give ([`schemars`]) and forms have. Conditions (`if`, `dependentRequired`,
//! `unevaluatedProperties`, `contains` and their like) are published as they are and not checked.

use std::collections::{BTreeMap, HashMap};

use bitflags::bitflags;
use regex_lite::{Regex, RegexBuilder};
use serde_json::{Map, Number, Value};

use crate::protocol::bounds::shortened;

bitflags! {
    /// Types of JSON values.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) struct Types: u8 {
        const NULL = 1;
        const BOOLEAN = 1 << 1;
        const INTEGER = 1 << 2;
        /// Any number, whole ones too.
        const NUMBER = 1 << 3;
        const STRING = 1 << 4;
        const ARRAY = 1 << 5;
        const OBJECT = 1 << 6;
    }
}

impl Types {
    fn named(name: &str) -> Self {
        match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "integer" => Self::INTEGER,
            "number" => Self::NUMBER.union(Self::INTEGER),
            "string" => Self::STRING,
            "array" => Self::ARRAY,
            "object" => Self::OBJECT,
            _ => Self::empty(),
        }
    }

    /// The types a value has: a whole number is an integer and a number.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(number) if number.is_f64() => Self::NUMBER,
            Value::Number(_) => Self::NUMBER.union(Self::INTEGER),
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }

    /// The types in words.
    pub(super) fn in_words(self) -> String {
        let words: Vec<&str> = [
            (Self::BOOLEAN, "boolean"),
            (Self::NUMBER, "number"),
            (Self::INTEGER, "integer"),
            (Self::STRING, "string"),
            (Self::ARRAY, "array"),
            (Self::OBJECT, "object"),
            (Self::NULL, "null"),
        ]
        .into_iter()
        .filter(|(kind, _)| self.contains(*kind) && !(*kind == Self::INTEGER && self.contains(Self::NUMBER)))
        .map(|(_, word)| word)
        .collect();
        words.join(" or ")
    }
}

/// A schema's place among the nodes.
pub(super) type Id = usize;

/// Formats that are checked; others are left to the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Email,
    Uri,
    Date,
    DateTime,
}

/// What an object may have beside its properties.
#[derive(Debug, Default)]
pub(super) enum Rest {
    #[default]
    Anything,
    Nothing,
    Fitting(Id),
}

/// Bounds on a value, whatever its type: each is about one.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    pub(super) minimum: Option<Number>,
    pub(super) maximum: Option<Number>,
    pub(super) above: Option<Number>,
    pub(super) below: Option<Number>,
    pub(super) multiple_of: Option<f64>,
    pub(super) min_length: Option<u64>,
    pub(super) max_length: Option<u64>,
    pub(super) pattern: Option<Regex>,
    pub(super) format: Option<Format>,
    pub(super) min_items: Option<u64>,
    pub(super) max_items: Option<u64>,
    pub(super) unique: bool,
    pub(super) min_properties: Option<u64>,
    pub(super) max_properties: Option<u64>,
}

/// One schema.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) types: Types,
    pub(super) choices: Option<Vec<Value>>,
    pub(super) bounds: Bounds,
    pub(super) properties: BTreeMap<String, Id>,
    pub(super) required: Vec<String>,
    /// Properties with one value, which tell alternatives apart.
    pub(super) tags: Vec<(String, Value)>,
    pub(super) by_pattern: Vec<(Regex, Id)>,
    pub(super) rest: Rest,
    pub(super) first: Vec<Id>,
    pub(super) items: Option<Id>,
    pub(super) all: Vec<Id>,
    /// Groups of alternatives; of those that exclude each other only one may fit.
    pub(super) alternatives: Vec<(Vec<Id>, bool)>,
    pub(super) not: Option<Id>,
}

impl Default for Node {
    fn default() -> Self {
        Self {
            types: Types::all(),
            choices: None,
            bounds: Bounds::default(),
            properties: BTreeMap::new(),
            required: Vec::new(),
            tags: Vec::new(),
            by_pattern: Vec::new(),
            rest: Rest::Anything,
            first: Vec::new(),
            items: None,
            all: Vec::new(),
            alternatives: Vec::new(),
            not: None,
        }
    }
}

/// A schema that values can be held against.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(super) nodes: Vec<Node>,
    pub(super) root: Id,
}

impl Compiled {
    /// Takes a schema apart.
    ///
    /// # Errors
    /// A part of it cannot be checked; a clause that says which.
    pub(crate) fn new(schema: &Value) -> Result<Self, String> {
        let patterns = Patterns { left: MOST_PATTERNS };
        let mut compiler = Compiler { document: schema, nodes: Vec::new(), known: HashMap::new(), patterns };
        let root = compiler.add(schema, &mut Vec::new(), 0)?;
        Ok(Self { nodes: compiler.nodes, root })
    }
}

struct Compiler<'a> {
    document: &'a Value,
    nodes: Vec<Node>,
    /// What references lead to.
    known: HashMap<&'a str, Id>,
    patterns: Patterns,
}

impl<'a> Compiler<'a> {
    /// Adds a schema with everything in it; `at` are the names that lead to it.
    fn add(&mut self, schema: &'a Value, at: &mut Vec<&'a str>, depth: usize) -> Result<Id, String> {
        /// Schemas in schemas beyond this are nobody's.
        const DEEPEST: usize = 128;
        if depth > DEEPEST {
            return Err(format!("{} is nested too deeply", place(at)));
        }
        let fields = match schema {
            Value::Object(fields) => fields,
            Value::Bool(false) => return Ok(self.push(Node { types: Types::empty(), ..Node::default() })),
            _ => return Ok(self.push(Node::default())),
        };
        let referred = match fields.get("$ref").and_then(Value::as_str) {
            Some(reference) => Some(self.refer(reference, at, depth)?),
            None => None,
        };
        if let Some(id) = referred.filter(|_| !fields.keys().any(|key| is_checked(key))) {
            return Ok(id);
        }
        let id = self.push(Node::default());
        let mut node = Node { all: referred.into_iter().collect(), ..plain(fields, at, &mut self.patterns)? };
        for (name, schema) in object(fields, "properties") {
            at.push(name);
            let property = self.add(schema, at, depth + 1)?;
            at.pop();
            node.properties.insert(name.clone(), property);
            node.tags.extend(schema.get("const").map(|value| (name.clone(), value.clone())));
        }
        for (pattern, schema) in object(fields, "patternProperties") {
            let schema = self.add(schema, at, depth + 1)?;
            node.by_pattern.push((self.patterns.regex(pattern, at)?, schema));
        }
        node.rest = match fields.get("additionalProperties") {
            None | Some(Value::Bool(true)) => Rest::Anything,
            Some(Value::Bool(false)) => Rest::Nothing,
            Some(schema) => Rest::Fitting(self.add(schema, at, depth + 1)?),
        };
        for schema in list(fields, "prefixItems") {
            node.first.push(self.add(schema, at, depth + 1)?);
        }
        if let Some(items) = fields.get("items") {
            node.items = Some(self.add(items, at, depth + 1)?);
        }
        for schema in list(fields, "allOf") {
            node.all.push(self.add(schema, at, depth + 1)?);
        }
        for (keyword, exclude) in [("anyOf", false), ("oneOf", true)] {
            if !fields.contains_key(keyword) {
                continue;
            }
            if let Some(choices) = list(fields, keyword).map(constants).collect::<Option<Vec<_>>>() {
                let choices: Vec<Value> = choices.into_iter().flatten().cloned().collect();
                node.all.push(self.push(Node { choices: Some(choices), ..Node::default() }));
                continue;
            }
            let group: Result<Vec<Id>, String> =
                list(fields, keyword).map(|schema| self.add(schema, at, depth + 1)).collect();
            node.alternatives.push((group?, exclude));
        }
        if let Some(not) = fields.get("not") {
            node.not = Some(self.add(not, at, depth + 1)?);
        }
        self.nodes[id] = node;
        Ok(id)
    }

    fn push(&mut self, node: Node) -> Id {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// What a reference leads to.
    fn refer(&mut self, reference: &'a str, at: &mut Vec<&'a str>, depth: usize) -> Result<Id, String> {
        if let Some(id) = self.known.get(reference) {
            return Ok(*id);
        }
        let target = reference.strip_prefix('#').and_then(|pointer| self.document.pointer(pointer));
        let target = target.ok_or_else(|| format!("{} refers to `{reference}`, which is nowhere", place(at)))?;
        // In its place before it is there: what is inside may refer to it.
        let id = self.push(Node::default());
        self.known.insert(reference, id);
        let target = self.add(target, at, depth + 1)?;
        self.nodes[id].all.push(target);
        self.nodes[id].types = self.nodes[target].types;
        Ok(id)
    }
}

/// The part of a schema that has no schemas in it.
fn plain(fields: &Map<String, Value>, at: &[&str], patterns: &mut Patterns) -> Result<Node, String> {
    let number = |keyword: &str| match fields.get(keyword) {
        Some(Value::Number(number)) => Some(number.clone()),
        _ => None,
    };
    let count = |keyword: &str| fields.get(keyword).and_then(Value::as_u64);
    let choices = match (fields.get("const"), fields.get("enum").and_then(Value::as_array)) {
        (Some(value), _) => Some(vec![value.clone()]),
        (None, values) => values.cloned(),
    };
    let types = match (fields.get("type"), &choices) {
        (Some(Value::String(name)), _) => Types::named(name),
        (Some(Value::Array(names)), _) => {
            names.iter().filter_map(Value::as_str).map(Types::named).fold(Types::empty(), Types::union)
        }
        (_, Some(values)) => values.iter().map(Types::of).fold(Types::empty(), Types::union),
        _ => Types::all(),
    };
    let bounds = Bounds {
        minimum: number("minimum"),
        maximum: number("maximum"),
        above: number("exclusiveMinimum"),
        below: number("exclusiveMaximum"),
        multiple_of: fields.get("multipleOf").and_then(Value::as_f64).filter(|of| *of > 0.0),
        min_length: count("minLength"),
        max_length: count("maxLength"),
        pattern: match fields.get("pattern").and_then(Value::as_str) {
            Some(pattern) => Some(patterns.regex(pattern, at)?),
            None => None,
        },
        format: match fields.get("format").and_then(Value::as_str) {
            Some("email") => Some(Format::Email),
            Some("uri") => Some(Format::Uri),
            Some("date") => Some(Format::Date),
            Some("date-time") => Some(Format::DateTime),
            _ => None,
        },
        min_items: count("minItems"),
        max_items: count("maxItems"),
        unique: fields.get("uniqueItems") == Some(&true.into()),
        min_properties: count("minProperties"),
        max_properties: count("maxProperties"),
    };
    let required = list(fields, "required").filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(Node { types, choices, bounds, required, ..Node::default() })
}

/// Tells whether a keyword beside a reference says more than the reference does.
fn is_checked(keyword: &str) -> bool {
    !matches!(keyword, "$ref" | "$defs" | "$comment" | "title" | "description" | "default" | "examples" | "deprecated")
}

fn object<'a>(fields: &'a Map<String, Value>, keyword: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    fields.get(keyword).and_then(Value::as_object).into_iter().flatten()
}

fn list<'a>(fields: &'a Map<String, Value>, keyword: &str) -> impl Iterator<Item = &'a Value> {
    fields.get(keyword).and_then(Value::as_array).into_iter().flatten()
}

/// The values that fit a schema which does nothing but list them.
fn constants(schema: &Value) -> Option<&[Value]> {
    let fields = schema.as_object()?;
    let lists = |keyword: &String| matches!(keyword.as_str(), "type" | "const" | "enum") || !is_checked(keyword);
    if !fields.keys().all(lists) || fields.contains_key("$ref") {
        return None;
    }
    match (fields.get("const"), fields.get("enum")) {
        (Some(value), _) => Some(std::slice::from_ref(value)),
        (None, Some(Value::Array(values))) => Some(values),
        _ => None,
    }
}

/// The argument of these names.
fn place(at: &[&str]) -> String {
    if at.is_empty() { "the schema of its arguments".into() } else { format!("its argument `{}`", at.join(".")) }
}

/// The memory of all patterns of a schema once they are taken apart, in bytes: a few characters can repeat others many thousand times.
const MOST_PATTERNS: usize = 32 << 20;

/// Patterns of a schema, with the memory that is left for them.
struct Patterns {
    left: usize,
}

impl Patterns {
    /// A pattern, which need not match from the beginning (ECMA-262). Its classes are those of ASCII there, as here.
    fn regex(&mut self, pattern: &str, at: &[&str]) -> Result<Regex, String> {
        let mut reason = "the patterns of its schema take too much memory".to_owned();
        // What it takes is not told: by its class, of which most need the first.
        for size in [4 << 10, 64 << 10, 1 << 20, 10 << 20].into_iter().filter(|size| *size <= self.left) {
            match RegexBuilder::new(pattern).size_limit(size).build() {
                Ok(regex) => {
                    self.left -= size;
                    return Ok(regex);
                }
                Err(error) => reason = error.to_string(),
            }
        }
        let (place, pattern) = (place(at), shortened(pattern, 80));
        Err(format!("the pattern `{pattern}` of {place} cannot be checked: {reason}"))
    }
}
