//! The task: it looks at the columns of a table one after the other.

use std::time::Duration;

use pmcp_tasks::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::database::{Cell, Database};

/// The time each column takes at least, so that it can be watched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace(pub(crate) Duration);

/// The description of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ColumnProfile {
    pub(crate) name: String,
    /// Rows in which it has a value.
    pub(crate) filled: u32,
    /// The number of different values.
    pub(crate) distinct: u32,
    pub(crate) least: String,
    pub(crate) most: String,
    /// The mean, of numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mean: Option<f64>,
}

/// The columns so far, as the client sees them while the task runs.
#[derive(TaskVariables, Default)]
pub(crate) struct ColumnsSoFar {
    columns: Vec<ColumnProfile>,
    /// The number of columns that the table has.
    of: usize,
}

/// The description of a table.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Profile {
    pub(crate) columns: Vec<ColumnProfile>,
}

/// Describe each column of a table: how many values it has, how many of them differ, the least, the most and the mean.
#[task_tool(support = "optional", on_crash = "restart", read_only)]
pub(crate) async fn profile(
    /// The table: `lake` or `rentals`.
    table: String,
    task: TaskContext<ColumnsSoFar>,
    State(database): State<Database>,
    State(pace): State<Pace>,
) -> Result<Profile, ToolError> {
    let columns = database.columns().await?.into_iter().filter(|column| column.table == table);
    let names: Vec<_> = columns.map(|column| column.name).collect();
    if names.is_empty() {
        return Err(ToolError::new(format!("there is no table `{table}`")));
    }
    let mut columns = Vec::with_capacity(names.len());
    for name in &names {
        task.sleep(pace.0).await?;
        // Both names are those of the schema, so they are no way into the statement.
        let sql = format!(
            "SELECT count({name}), count(DISTINCT {name}), min({name}), max({name}), \
             CASE WHEN typeof(max({name})) != 'text' THEN round(avg({name}), 2) END FROM {table}"
        );
        let look = || async { described(name, &database.query(sql.clone()).await?.rows) };
        columns.push(task.step(format!("column-{name}"), look).await?);
        let so_far = |all: &mut ColumnsSoFar| *all = ColumnsSoFar { columns: columns.clone(), of: names.len() };
        task.variables().update(so_far).await?;
        task.progress(columns.len(), names.len()).await;
    }
    Ok(Profile { columns })
}

fn described(name: &str, rows: &[Vec<Cell>]) -> Result<ColumnProfile, ToolError> {
    let Some([filled, distinct, least, most, mean]) = rows.first().map(Vec::as_slice) else {
        return Err(ToolError::new("the table has no such column"));
    };
    Ok(ColumnProfile {
        name: name.to_owned(),
        filled: count(filled),
        distinct: count(distinct),
        least: written(least),
        most: written(most),
        mean: if let Cell::Number(mean) = mean { Some(*mean) } else { None },
    })
}

fn count(cell: &Cell) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of rows of a small table")]
    if let Cell::Number(number) = cell { *number as u32 } else { 0 }
}

fn written(cell: &Cell) -> String {
    match cell {
        Cell::Number(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Nothing(()) => String::new(),
    }
}
