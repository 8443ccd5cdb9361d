//! The tools that scripts call: queries over a CSV file of rentals of bicycles.

use std::{fs::OpenOptions, io::Write as _, path::PathBuf, sync::Arc, time::Duration};

use pmcp_tasks::{ResultExt as _, prelude::*};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Rentals at stations, by the day.
const FILE: &str = include_str!("../data/rentals.csv");

/// Names of the tools that a script may call.
pub(crate) const TOOLS: [&str; 2] = ["stations", "rentals"];

/// The way queries are made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queries {
    /// The time each takes, so that there is a middle to stop the server in.
    pub(crate) pace: Duration,
    /// The file that gets a line for each query that is made.
    pub(crate) log: Option<Arc<PathBuf>>,
}

/// A line of the file.
#[derive(Deserialize)]
struct Row {
    station: String,
    district: String,
    day: String,
    rentals: u32,
    minutes: u32,
}

/// A station.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Station {
    name: String,
    district: String,
}

/// The rentals of a day at a station.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Count {
    day: String,
    rentals: u32,
    minutes: u32,
}

/// The stations, with their districts.
#[task_tool(support = "forbidden", read_only)]
pub(crate) async fn stations(cx: ToolContext, State(queries): State<Queries>) -> Result<Vec<Station>, ToolError> {
    queries.made(&cx, "stations").await?;
    let mut stations: Vec<Station> = Vec::new();
    for row in rows()? {
        let station = Station { name: row.station, district: row.district };
        if !stations.contains(&station) {
            stations.push(station);
        }
    }
    Ok(stations)
}

/// The rentals at a station, day by day.
#[task_tool(support = "forbidden", read_only)]
pub(crate) async fn rentals(
    /// The station's name.
    station: String,
    cx: ToolContext,
    State(queries): State<Queries>,
) -> Result<Vec<Count>, ToolError> {
    queries.made(&cx, &format!("rentals {station}")).await?;
    let rows = rows()?.into_iter().filter(|row| row.station == station);
    let days: Vec<_> = rows.map(|row| Count { day: row.day, rentals: row.rentals, minutes: row.minutes }).collect();
    if days.is_empty() {
        return Err(ToolError::new("there is no such station"));
    }
    Ok(days)
}

impl Queries {
    /// Takes its time, and leaves a line in the log.
    async fn made(&self, cx: &ToolContext, query: &str) -> Result<(), ToolError> {
        cx.sleep(self.pace).await?;
        if let Some(log) = &self.log {
            let mut log =
                OpenOptions::new().create(true).append(true).open(&**log).context("the log cannot be opened")?;
            writeln!(log, "{query}").context("the log cannot be written")?;
        }
        Ok(())
    }
}

fn rows() -> Result<Vec<Row>, csv::Error> {
    csv::Reader::from_reader(FILE.as_bytes()).into_deserialize().collect()
}
