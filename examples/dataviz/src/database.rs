//! The database: two tables from files that other examples ship, which queries can only read, and not for long.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use pmcp_tasks::prelude::*;
use rusqlite::{Connection, OpenFlags, limits::Limit, types::ValueRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tempfile::TempPath;

const LAKE: &str = include_str!("../../durable-import/data/lake-levels.csv");
const RENTALS: &str = include_str!("../../code-mode/data/rentals.csv");

/// The tables, with their columns' types.
const TABLES: [(&str, &str, &str); 2] = [
    (
        "lake",
        "id TEXT, station TEXT, country TEXT, date TEXT, water_celsius REAL, level_metres REAL, remark TEXT",
        LAKE,
    ),
    ("rentals", "station TEXT, district TEXT, day TEXT, rentals INTEGER, minutes INTEGER", RENTALS),
];

/// The time a query may take.
const TIME: Duration = Duration::from_secs(2);

/// Rows that are given.
const MOST: usize = 1_000;

/// Bytes of a query.
const LONGEST: i32 = 10_000;

/// Steps of SQLite's machine between two looks at the time.
const LOOK: i32 = 10_000;

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Cell {
    Number(f64),
    Text(String),
    Nothing(()),
}

/// The outcome of a query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Table {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Cell>>,
    /// There are more, which are left out.
    pub(crate) more: bool,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Column {
    pub(crate) table: String,
    pub(crate) name: String,
}

/// A file that goes with the last who reads it.
#[derive(Clone, Debug)]
pub(crate) struct Database(Arc<TempPath>);

impl Database {
    /// Writes the tables.
    pub(crate) fn write() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let path = tempfile::Builder::new().prefix("dataviz-").suffix(".db").tempfile()?.into_temp_path();
        let mut database = Connection::open(&path)?;
        let transaction = database.transaction()?;
        for (table, columns, file) in TABLES {
            transaction.execute(&format!("CREATE TABLE {table} ({columns})"), [])?;
            let mut file = csv::Reader::from_reader(file.as_bytes());
            let places = vec!["?"; file.headers()?.len()].join(", ");
            let mut insert = transaction.prepare(&format!("INSERT INTO {table} VALUES ({places})"))?;
            for record in file.records() {
                insert.execute(rusqlite::params_from_iter(&record?))?;
            }
        }
        transaction.commit()?;
        Ok(Self(Arc::new(path)))
    }

    /// Runs a query, on a thread that may take its time. It is stopped when that is over, or when nobody waits for it any more.
    pub(crate) async fn query(&self, sql: String) -> Result<Table, ToolError> {
        let database = self.clone();
        let waits = Arc::new(());
        let waited_for = Arc::downgrade(&waits);
        let is_waited_for = move || waited_for.strong_count() > 0;
        let read = tokio::task::spawn_blocking(move || database.read(&sql, is_waited_for)).await?;
        drop(waits);
        read
    }

    fn read(&self, sql: &str, is_waited_for: impl Fn() -> bool + Send + 'static) -> Result<Table, ToolError> {
        let mut connection = Connection::open_with_flags(&*self.0, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        // No other file can be opened from a query.
        connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, LONGEST)?;
        // Of what one row may hold, a hundred times as much can be in memory.
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, 100_000)?;
        let until = Instant::now() + TIME;
        connection.progress_handler(LOOK, Some(move || Instant::now() > until || !is_waited_for()))?;
        rows(&connection, sql).map_err(|error| refused(&error))
    }

    /// The columns of all tables.
    pub(crate) async fn columns(&self) -> Result<Vec<Column>, ToolError> {
        let sql = "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c ORDER BY m.name, c.cid";
        let rows = self.query(sql.to_owned()).await?.rows.into_iter();
        Ok(rows.filter_map(|row| Some(Column { table: row.first()?.text()?, name: row.get(1)?.text()? })).collect())
    }
}

impl Cell {
    pub(crate) fn text(&self) -> Option<String> {
        if let Self::Text(text) = self { Some(text.clone()) } else { None }
    }
}

fn rows(connection: &Connection, sql: &str) -> rusqlite::Result<Table> {
    let mut statement = connection.prepare(sql)?;
    let columns: Vec<_> = statement.column_names().map(str::to_owned).collect();
    let (mut found, mut all) = (statement.query([])?, Vec::new());
    while let Some(row) = found.next()? {
        if all.len() == MOST {
            return Ok(Table { columns, rows: all, more: true });
        }
        let cell = |at| {
            Ok(match row.get_ref(at)? {
                ValueRef::Null => Cell::Nothing(()),
                #[expect(clippy::cast_precision_loss, reason = "numbers of JSON are no better")]
                ValueRef::Integer(number) => Cell::Number(number as f64),
                ValueRef::Real(number) => Cell::Number(number),
                ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Blob(bytes) => Cell::Text(format!("{} bytes", bytes.len())),
            })
        };
        all.push((0..columns.len()).map(cell).collect::<rusqlite::Result<_>>()?);
    }
    Ok(Table { columns, rows: all, more: false })
}

/// The refusal of a query. SQLite's words are about the query, which the caller wrote.
fn refused(error: &rusqlite::Error) -> ToolError {
    match error {
        rusqlite::Error::SqliteFailure(code, _) if code.code == rusqlite::ErrorCode::OperationInterrupted => {
            ToolError::new(format!("the query took longer than {} seconds", TIME.as_secs()))
        }
        rusqlite::Error::SqliteFailure(_, Some(words)) => ToolError::new(words.clone()),
        rusqlite::Error::SqlInputError { msg, .. } => ToolError::new(msg.clone()),
        rusqlite::Error::MultipleStatement => ToolError::new("write one statement"),
        _ => ToolError::new("this is not a query"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told(sql: &str) -> String {
        Database::write().unwrap().query(sql.to_owned()).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn a_query_gives_rows_with_numbers_as_numbers() {
        let sql = "SELECT country, count(*) AS stations FROM (SELECT DISTINCT country, station FROM lake) GROUP BY 1 ORDER BY 1";
        let rows = Database::write().unwrap().query(sql.to_owned()).await.unwrap();
        assert_eq!(rows.columns, ["country", "stations"]);
        assert_eq!(rows.rows[1], [Cell::Text("CH".into()), Cell::Number(2.0)]);
    }

    #[tokio::test]
    async fn nothing_can_be_written_or_opened_and_nothing_runs_for_long() {
        assert_eq!(told("DELETE FROM lake").await, "attempt to write a readonly database");
        assert_eq!(told("ATTACH '/etc/passwd' AS other").await, "too many attached databases - max 0");
        assert_eq!(told("SELECT 1; SELECT 2").await, "write one statement");
        assert_eq!(told("SELEC 1").await, "near \"SELEC\": syntax error");
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
        assert_eq!(told(endless).await, "the query took longer than 2 seconds");
        assert_eq!(told("SELECT zeroblob(1000000)").await, "string or blob too big");
    }

    #[tokio::test]
    async fn rows_beyond_the_limit_are_left_out_and_told() {
        let sql = "SELECT a.id FROM lake a, lake b";
        let rows = Database::write().unwrap().query(sql.to_owned()).await.unwrap();
        assert_eq!((rows.rows.len(), rows.more), (MOST, true));
    }
}
