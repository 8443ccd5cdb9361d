//! The tool: it imports a CSV file into a table, a batch a step.

use std::{num::TryFromIntError, path::PathBuf, sync::Arc, time::Duration};

use pmcp_tasks::{ResultExt as _, prelude::*};
use rusqlite::Connection;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Water readings of a lake: stations, days, measurements, remarks.
const FILE: &str = include_str!("../data/lake-levels.csv");

/// Time each batch waits, so that there is a middle to stop the server in.
const PAUSE: Duration = Duration::from_millis(100);

/// The database the rows go to. It is not the one the tasks are in.
#[derive(Clone, Debug)]
pub(crate) struct Database(pub(crate) Arc<PathBuf>);

/// Progress that the client sees while the import goes on.
#[derive(TaskVariables, Default)]
pub(crate) struct ImportState {
    rows: u32,
}

/// Outcome of the import.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Imported {
    /// Rows in the file.
    pub(crate) rows: u32,
    /// Which run of the function finished it.
    pub(crate) attempt: u32,
}

/// A line of the file.
#[derive(Clone, Debug, Deserialize)]
struct Reading {
    id: String,
    station: String,
    country: String,
    date: String,
    water_celsius: f64,
    level_metres: f64,
    remark: String,
}

/// A batch as the database knows it.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) step: String,
    pub(crate) process: u32,
    pub(crate) rows: u32,
}

/// Import the lake levels into the table `level`.
#[task_tool(support = "required", ttl = "1h", on_crash = "restart")]
pub(crate) async fn import_levels(
    /// Rows in a batch.
    #[arg(default = 40)]
    batch: usize,
    task: TaskContext<ImportState>,
    State(database): State<Database>,
) -> Result<Imported, ToolError> {
    let readings = csv::Reader::from_reader(FILE.as_bytes()).into_deserialize().collect::<Result<Vec<Reading>, _>>()?;
    task.step("table", || database.clone().write(Database::make_tables)).await?;
    let (mut rows, total) = (0, readings.len());
    for (number, readings) in readings.chunks(batch.max(1)).enumerate() {
        let step = format!("rows-{number:02}");
        rows += task
            .step(&step, || async {
                task.sleep(PAUSE).await?;
                let (key, name, readings) = (task.step_key(&step), step.clone(), readings.to_vec());
                let insert = move |connection: &mut Connection| Database::insert(connection, &key, &name, &readings);
                database.clone().write(insert).await.context("the rows could not be inserted")
            })
            .await?;
        task.variables().rows.set(rows).await?;
        task.progress(rows, total).await;
    }
    Ok(Imported { rows, attempt: task.attempt() })
}

impl Database {
    /// Writes where it holds up nothing else.
    async fn write<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, ToolError> {
        let written = tokio::task::spawn_blocking(move || work(&mut Connection::open(&*self.0)?)).await;
        Ok(written.map_err(std::io::Error::other)??)
    }

    fn make_tables(connection: &mut Connection) -> rusqlite::Result<()> {
        // No row is unique by declaration: a batch that came twice would show.
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS level (
                 id TEXT, station TEXT, country TEXT, date TEXT, water_celsius REAL, level_metres REAL, remark TEXT
             );
             CREATE TABLE IF NOT EXISTS batch (key TEXT PRIMARY KEY, step TEXT, process INTEGER, rows INTEGER);",
        )
    }

    /// Inserts a batch once. The step may run again if the server died after this and before it recorded the step: the key is
    /// the same then.
    fn insert(connection: &mut Connection, key: &str, step: &str, readings: &[Reading]) -> rusqlite::Result<u32> {
        let failed = |error: TryFromIntError| rusqlite::Error::ToSqlConversionFailure(error.into());
        let count = u32::try_from(readings.len()).map_err(failed)?;
        let transaction = connection.transaction()?;
        let batch = (key, step, std::process::id(), count);
        if transaction.execute("INSERT OR IGNORE INTO batch VALUES (?1, ?2, ?3, ?4)", batch)? == 1 {
            let mut insert = transaction.prepare("INSERT INTO level VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
            for reading in readings {
                let Reading { id, station, country, date, water_celsius, level_metres, remark } = reading;
                insert.execute((id, station, country, date, water_celsius, level_metres, remark))?;
            }
        }
        transaction.commit()?;
        Ok(count)
    }

    /// The batches, in their order.
    pub(crate) fn batches(&self) -> rusqlite::Result<Vec<Batch>> {
        let connection = Connection::open(&*self.0)?;
        let mut batches = connection.prepare("SELECT step, process, rows FROM batch ORDER BY step")?;
        batches.query_map([], |row| Ok(Batch { step: row.get(0)?, process: row.get(1)?, rows: row.get(2)? }))?.collect()
    }

    /// Number of rows, and number of different ones.
    pub(crate) fn count(&self) -> rusqlite::Result<(u32, u32)> {
        let count = "SELECT count(*), count(DISTINCT id) FROM level";
        Connection::open(&*self.0)?.query_row(count, [], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

/// Number of rows of the file.
pub(crate) fn rows_in_file() -> u32 {
    csv::Reader::from_reader(FILE.as_bytes()).into_records().map(|_| 1).sum()
}
