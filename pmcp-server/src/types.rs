//! The files of types beside the pages of widgets: kept current in development, and written or compared for `cargo pmcp app types`.

use std::{env, io::Write as _, process};

use pmcp_apps::{TypesFile, WidgetDefinition};
use pmcp_tasks::router::TaskRouterBuilder;
use serde_json::{Value, json};

/// The variable of the environment by which `cargo pmcp app types` starts a server for its types alone. It is part of nobody's promise: both
/// are of one version.
const ASKED: &str = "PMCP_APP_TYPES";

/// The thing to do with the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    Write,
    Check,
}

impl Task {
    fn of(value: &str) -> Option<Self> {
        match value {
            "write" => Some(Self::Write),
            "check" => Some(Self::Check),
            _ => None,
        }
    }

    /// Does it, and tells of the file.
    fn apply(self, file: &TypesFile) -> Value {
        let mut told = json!({ "path": file.path() });
        let state = match (file.is_current(), self) {
            (true, _) => "current",
            (false, Self::Check) => "stale",
            (false, Self::Write) => match file.write() {
                Ok(()) => "written",
                Err(error) => {
                    told["reason"] = error.to_string().into();
                    "failed"
                }
            },
        };
        told["state"] = state.into();
        told
    }
}

/// Writes the types of the tools beside each widget, in development, unless the variable `CI` is set; a directory that cannot be written is no
/// reason not to serve.
///
/// A process that was started for them tells of each file on a line of standard output, and ends. Where none of the widgets has its
/// directory, as in a release, it is a server like any other.
pub(crate) fn keep<S: Clone + Send + Sync + 'static>(
    widgets: &[&'static WidgetDefinition],
    tools: &TaskRouterBuilder<S>,
) {
    let files: Vec<_> =
        widgets.iter().filter_map(|widget| Some((*widget, widget.types(tools.definitions())?))).collect();
    let asked = env::var(ASKED).ok().and_then(|value| Task::of(&value));
    if let Some(task) = asked.filter(|_| files.len() == widgets.len()) {
        let told: Vec<Value> = files.iter().map(|(_, file)| task.apply(file)).collect();
        // Whoever does not read it has gone.
        let _ = writeln!(std::io::stdout(), "{}", json!({ "types": told }));
        process::exit(0);
    }
    let is_kept = env::var_os("CI").is_none();
    for (widget, file) in files.into_iter().filter(|_| is_kept) {
        if !file.is_current()
            && let Err(error) = file.write()
        {
            tracing::warn!(
                widget = widget.name,
                error = &error as &dyn std::error::Error,
                "its types were not written"
            );
        }
    }
}
