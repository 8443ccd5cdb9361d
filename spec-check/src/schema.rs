//! The official schemas: one validator for each definition.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{LazyLock, Mutex, PoisonError},
};

use jsonschema::Validator;
use serde_json::{Value, json};

/// Where a definition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    V2025,
    V2026,
    TasksExtension,
}

impl Source {
    fn folder(self) -> &'static str {
        match self {
            Self::V2025 => "2025-11-25",
            Self::V2026 => "2026-07-28",
            Self::TasksExtension => "tasks-extension",
        }
    }
}

/// Definitions that let unknown fields pass, and in which every field we send has to be one the protocol knows: a
/// misspelt optional field would go unnoticed.
const CLOSED: [&str; 33] = [
    "Annotations",
    "AudioContent",
    "BlobResourceContents",
    "BooleanSchema",
    "CancelledNotificationParams",
    "ElicitRequestFormParams",
    "EmbeddedResource",
    "Error",
    "Implementation",
    "ImageContent",
    "InitializeResult",
    "JSONRPCErrorResponse",
    "LegacyTitledEnumSchema",
    "LoggingMessageNotificationParams",
    "NumberSchema",
    "ProgressNotificationParams",
    "Prompt",
    "PromptArgument",
    "PromptMessage",
    "Resource",
    "ResourceLink",
    "ResourceTemplate",
    "StringSchema",
    "TaskStatusNotificationParams",
    "TextContent",
    "TextResourceContents",
    "TitledMultiSelectEnumSchema",
    "TitledSingleSelectEnumSchema",
    "Tool",
    "ToolAnnotations",
    "ToolExecution",
    "UntitledMultiSelectEnumSchema",
    "UntitledSingleSelectEnumSchema",
];

/// The schemas of every revision.
#[derive(Debug)]
pub struct Schemas {
    documents: BTreeMap<Source, Value>,
    validators: Mutex<BTreeMap<(Source, String), Validator>>,
}

impl Schemas {
    /// Those in the folder that `MCP_SPEC_DIR` names, read and compiled once in a process; `None` if it names none.
    ///
    /// # Panics
    /// The folder does not hold them.
    pub fn from_environment() -> Option<&'static Self> {
        static SCHEMAS: LazyLock<Option<Schemas>> = LazyLock::new(|| {
            let folder = std::env::var_os("MCP_SPEC_DIR").filter(|folder| !folder.is_empty())?;
            let sources = [Source::V2025, Source::V2026, Source::TasksExtension];
            let documents = sources.into_iter().map(|source| (source, read(folder.as_ref(), source))).collect();
            Some(Schemas { documents, validators: Mutex::default() })
        });
        SCHEMAS.as_ref()
    }

    /// What is wrong with a value that should fit a definition: each mistake with its place in value and schema.
    pub(crate) fn mistakes(&self, source: Source, definition: &str, value: &Value) -> Vec<String> {
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        let validator = validators.entry((source, definition.to_owned())).or_insert_with(|| {
            let document = &self.documents[&source];
            assert!(document["$defs"].get(definition).is_some(), "{source:?} has no `{definition}`");
            let mut schema = json!({
                "$schema": document["$schema"],
                "$ref": format!("#/$defs/{definition}"),
                "$defs": document["$defs"],
            });
            // Of a result the outermost fields are ours alone; deeper ones are closed where that is possible.
            if definition.ends_with("Result") {
                schema["unevaluatedProperties"] = false.into();
            }
            compiled(&schema)
        });
        mistakes(validator, value)
    }
}

fn read(folder: &Path, source: Source) -> Value {
    let path = folder.join(source.folder()).join("schema.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut document: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let Some(definitions) = document["$defs"].as_object_mut() else { panic!("{} defines nothing", path.display()) };
    for name in CLOSED {
        if let Some(definition) = definitions.get_mut(name).filter(|_| source != Source::TasksExtension) {
            definition["unevaluatedProperties"] = false.into();
        }
    }
    if let Some(result) = definitions.get_mut("Result").and_then(Value::as_object_mut) {
        result.remove("additionalProperties");
    }
    document
}

/// A validator that resolves nothing beyond the schema itself.
pub(crate) fn compiled(schema: &Value) -> Validator {
    jsonschema::options().build(schema).unwrap_or_else(|error| panic!("{error}\n{schema:#}"))
}

pub(crate) fn mistakes(validator: &Validator, value: &Value) -> Vec<String> {
    let describe = |error: jsonschema::ValidationError<'_>| {
        format!("at `{}`: {error} (schema `{}`)", error.instance_path(), error.schema_path())
    };
    validator.iter_errors(value).map(describe).collect()
}
