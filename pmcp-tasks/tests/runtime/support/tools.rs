//! Tools whose declarations are types and whose behaviour is a closure of the test.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use pmcp_tasks::{
    TaskVariables, ToolError, ToolResult,
    context::{Cells, RunContext, Variable, take_field},
    task::{FieldDefinition, VariableError},
    tool::{
        ArgumentError, Arguments, Fallback, OnCrash, Prepared, Question, TaskSupport, Tool, ToolDefinition, ToolUi,
        ToolWidget, Visibility,
    },
};
use serde_json::{Map, Value, json};

pub(crate) type Ran = Result<ToolResult, ToolError>;
type Script = dyn Fn(Arguments, RunContext) -> Pin<Box<dyn Future<Output = Ran> + Send>> + Send + Sync;

/// The server's state: what each tool does.
#[derive(Clone, Default)]
pub(crate) struct World(Arc<Mutex<HashMap<&'static str, Arc<Script>>>>);

impl World {
    /// Makes the tool run this closure. Without one it returns the text "done".
    pub(crate) fn on<F, R>(&self, tool: &'static str, script: F)
    where
        F: Fn(Arguments, RunContext) -> R + Send + Sync + 'static,
        R: Future<Output = Ran> + Send + 'static,
    {
        let script: Arc<Script> = Arc::new(move |arguments, cx| Box::pin(script(arguments, cx)));
        self.0.lock().unwrap().insert(tool, script);
    }

    /// Makes the tool run for ever. A run holds the result until it is dropped, and so does this.
    pub(crate) fn never_ends(&self, tool: &'static str) -> Arc<()> {
        let alive = Arc::new(());
        let held = alive.clone();
        self.on(tool, move |_, _| {
            let held = held.clone();
            async move {
                let never = std::future::pending().await;
                drop(held);
                never
            }
        });
        alive
    }

    /// Does what the tool does.
    pub(crate) async fn run(&self, tool: &str, arguments: Value, cx: RunContext) -> Ran {
        let script = self.0.lock().unwrap().get(tool).cloned();
        let given = arguments.as_object().cloned().unwrap_or_default();
        match script {
            Some(script) => script(Arguments { given, ..Arguments::default() }, cx).await,
            None => Ok(ToolResult::text("done")),
        }
    }

    fn prepare(&self, tool: &str, arguments: Arguments) -> Prepared {
        let script = self.0.lock().unwrap().get(tool).cloned();
        Prepared::new(move |cx| {
            // Called here, so that the part before the first `await` runs where a tool's would.
            let run = script.map(|script| script(arguments, cx));
            async move {
                match run {
                    Some(run) => run.await,
                    None => Ok(ToolResult::text("done")),
                }
            }
        })
    }
}

fn declared(name: &str, support: TaskSupport) -> ToolDefinition {
    ToolDefinition {
        name: name.into(),
        support,
        input_schema: json!({ "type": "object" }),
        // Most tests are about tasks: they want the handle at once.
        inline: Some(Duration::ZERO),
        ..ToolDefinition::default()
    }
}

macro_rules! tools {
    ($($type:ident = $name:literal, $support:ident $(, $field:ident : $value:expr)*;)*) => {$(
        pub(crate) enum $type {}

        impl Tool<World> for $type {
            fn definition() -> ToolDefinition {
                ToolDefinition { $($field: $value,)* ..declared($name, TaskSupport::$support) }
            }

            fn prepare(world: &World, arguments: Arguments) -> Result<Prepared, ArgumentError> {
                match arguments.given.get("refuse").and_then(Value::as_str) {
                    Some("panic") => panic!("the type of an argument panics"),
                    Some(message) => Err(ArgumentError { message: message.into() }),
                    None => Ok(world.prepare($name, arguments)),
                }
            }
        }
    )*};
}

tools! {
    Plain = "plain", Forbidden;
    Optional = "optional", Optional;
    Required = "required", Required, title: Some("Required tool".into());
    Swift = "swift", Optional, inline: None, on_crash: OnCrash::Restart, variables: Shared::fields();
    Timed = "timed", Optional,
        timeout: Some(Duration::from_secs(60)),
        ttl: Some(Duration::from_secs(2 * 60 * 60)),
        poll_interval: Some(Duration::from_secs(2));
    WithVariables = "variables", Optional, variables: Shared::fields();
    WithWide = "wide", Optional, variables: Wide::fields();
    Restarting = "restarting", Optional, on_crash: OnCrash::Restart, variables: Shared::fields();
    Counted = "counted", Required, on_crash: OnCrash::Restart, variables: Shared::fields();
    ByHandle = "handled", Optional,
        fallback: Fallback::Handle,
        on_crash: OnCrash::Restart,
        output_schema: Some(json!({ "type": "object" })),
        variables: Shared::fields();
    Unhandled = "unhandled", Optional, fallback: Fallback::None;
    Shown = "shown", Optional, inline: None, output_schema: Some(json!({ "type": "object" })), ui: ToolUi::opening::<Board>(Visibility::Both);
    Moved = "moved", Required, ui: ToolUi::visible(Visibility::App);
    Told = "told", Forbidden, ui: ToolUi::visible(Visibility::Model);
    AskName = "ask_name", Optional, questions: vec![name_question()];
    AskBoth = "ask_both", Forbidden, questions: vec![name_question(), address_question()];
}

/// A widget, as tools know it.
pub(crate) enum Board {}

impl ToolWidget for Board {
    fn fill(meta: &mut Map<String, Value>) {
        meta.insert("ui".into(), json!({ "resourceUri": "ui://chess/board/1.html" }));
        meta.insert("openai/outputTemplate".into(), "ui://chess/board/1.html".into());
    }
}

fn name_question() -> Question {
    Question { name: "name", message: "What is your name?", schema: json!({ "type": "string" }) }
}

fn address_question() -> Question {
    let schema = json!({
        "type": "object",
        "properties": { "street": { "type": "string" }, "number": { "type": "integer", "minimum": 0 } },
        "required": ["street"],
    });
    Question { name: "address", message: "Where do you live?", schema }
}

/// Variables of every kind, as the derive macro would describe them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shared {
    pub(crate) rows: u64,
    pub(crate) notes: Vec<String>,
    pub(crate) secret: String,
    pub(crate) dry_run: bool,
    pub(crate) limit: Option<u32>,
    pub(crate) status: String,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            rows: 0,
            notes: Vec::new(),
            secret: "initial secret".into(),
            dry_run: false,
            limit: None,
            status: "new".into(),
        }
    }
}

pub(crate) struct SharedVariables<'a> {
    pub(crate) rows: Variable<'a, u64>,
    pub(crate) notes: Variable<'a, Vec<String>>,
    pub(crate) secret: Variable<'a, String>,
    pub(crate) dry_run: Variable<'a, bool>,
    pub(crate) limit: Variable<'a, Option<u32>>,
    pub(crate) status: Variable<'a, String>,
    cells: &'a Cells,
}

impl SharedVariables<'_> {
    pub(crate) async fn read(&self) -> Result<Shared, VariableError> {
        self.cells.read().await
    }

    /// The hidden variable as a server reads it in which it has another type.
    pub(crate) async fn secret_as_number(&self) -> Result<u64, VariableError> {
        Variable::new(self.cells, "secret", u64::default).get().await
    }

    pub(crate) async fn update(&self, change: impl FnMut(&mut Shared) + Send) -> Result<Shared, VariableError> {
        self.cells.update(change).await
    }
}

fn fits<T: serde::de::DeserializeOwned>(value: &Value) -> Result<(), String> {
    serde_json::from_value::<T>(value.clone()).map(drop).map_err(|_| "has another type".into())
}

fn field<T: serde::de::DeserializeOwned>(name: &'static str, default: Value) -> FieldDefinition {
    let (description, schema) = (None, None);
    FieldDefinition { name, description, hidden: false, client_writable: false, default, check: fits::<T>, schema }
}

impl TaskVariables for Shared {
    type Variables<'a> = SharedVariables<'a>;

    fn variables(cells: &Cells) -> SharedVariables<'_> {
        SharedVariables {
            rows: Variable::new(cells, "rows", u64::default),
            notes: Variable::new(cells, "notes", Vec::new),
            secret: Variable::new(cells, "secret", || "initial secret".into()),
            dry_run: Variable::new(cells, "dry_run", bool::default),
            limit: Variable::new(cells, "limit", || None),
            status: Variable::new(cells, "status", || "new".into()),
            cells,
        }
    }

    fn fields() -> Vec<FieldDefinition> {
        vec![
            field::<u64>("rows", json!(0)),
            field::<Vec<String>>("notes", json!([])),
            FieldDefinition { hidden: true, ..field::<String>("secret", json!("initial secret")) },
            FieldDefinition { client_writable: true, ..field::<bool>("dry_run", json!(false)) },
            FieldDefinition { client_writable: true, ..field::<Option<u32>>("limit", Value::Null) },
            field::<String>("status", json!("new")),
        ]
    }

    fn write(&self) -> Result<Map<String, Value>, VariableError> {
        let value = json!({
            "rows": self.rows, "notes": self.notes, "secret": self.secret,
            "dry_run": self.dry_run, "limit": self.limit, "status": self.status,
        });
        match value {
            Value::Object(fields) => Ok(fields),
            _ => Ok(Map::new()),
        }
    }

    fn read(mut values: Map<String, Value>) -> Result<Self, VariableError> {
        let default = Self::default();
        let values = &mut values;
        Ok(Self {
            rows: take_field(values, "rows", default.rows)?,
            notes: take_field(values, "notes", default.notes)?,
            secret: take_field(values, "secret", default.secret)?,
            dry_run: take_field(values, "dry_run", default.dry_run)?,
            limit: take_field(values, "limit", default.limit)?,
            status: take_field(values, "status", default.status)?,
        })
    }
}

/// Sixty-four counters.
#[derive(Default)]
pub(crate) struct Wide;

pub(crate) fn wide_names() -> &'static [&'static str] {
    static NAMES: OnceLock<Vec<&'static str>> = OnceLock::new();
    NAMES.get_or_init(|| (0..64).map(|n| &*Box::leak(format!("field{n:02}").into_boxed_str())).collect())
}

impl TaskVariables for Wide {
    type Variables<'a> = Vec<Variable<'a, u64>>;

    fn variables(cells: &Cells) -> Vec<Variable<'_, u64>> {
        wide_names().iter().map(|name| Variable::new(cells, name, u64::default)).collect()
    }

    fn fields() -> Vec<FieldDefinition> {
        wide_names().iter().map(|name| field::<u64>(name, json!(0))).collect()
    }

    fn write(&self) -> Result<Map<String, Value>, VariableError> {
        Ok(Map::new())
    }

    fn read(_: Map<String, Value>) -> Result<Self, VariableError> {
        Ok(Self)
    }
}
