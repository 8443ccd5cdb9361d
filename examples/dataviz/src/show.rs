//! The widget, the tool that opens it, and the tool by which the view asks.

use pmcp_server::apps::widget;
use pmcp_tasks::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    columns::profile,
    database::{Column, Database, Table},
};

/// A chart and the table it shows, of a query that the user can change.
#[widget(dir = "widgets/chart", title = "Data", tools(show_chart, query, profile), modes("inline", "fullscreen"))]
pub(crate) struct Chart;

/// The form in which rows are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    #[default]
    Bars,
    Lines,
    Points,
}

/// A chart.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ChartView {
    pub(crate) title: String,
    pub(crate) kind: Kind,
    pub(crate) sql: String,
    pub(crate) result: Table,
    /// Columns to ask about.
    pub(crate) columns: Vec<Column>,
}

/// Draw what a query gives: the first column along the axis, the others, which are numbers, as series. There are two tables: `lake` (id,
/// station, country, date, `water_celsius`, `level_metres`, remark) and `rentals` (station, district, day, rentals, minutes).
#[task_tool(support = "forbidden", read_only, widget = Chart)]
pub(crate) async fn show_chart(
    /// One SELECT, in SQLite's SQL.
    #[arg(default = "SELECT date, round(avg(water_celsius), 2) AS celsius FROM lake GROUP BY date")]
    sql: String,
    /// The form in which the rows are drawn.
    #[arg(default)]
    kind: Kind,
    /// The chart's heading.
    #[arg(default = "Water temperature of the lake")]
    title: String,
    State(database): State<Database>,
) -> Result<ChartView, ToolError> {
    let result = database.query(sql.clone()).await?;
    Ok(ChartView { title, kind, sql, result, columns: database.columns().await? })
}

/// Run a query.
#[task_tool(support = "forbidden", read_only, visibility = "app")]
pub(crate) async fn query(
    /// One SELECT, in SQLite's SQL.
    sql: String,
    State(database): State<Database>,
) -> Result<Table, ToolError> {
    database.query(sql).await
}

#[cfg(test)]
mod tests {
    use pmcp_server::apps::testing::types_are_current;
    use pmcp_tasks::tool::Tool;

    use super::*;
    use crate::Data;

    #[test]
    fn the_types_of_the_page_are_those_of_the_tools() {
        let tools = [
            <show_chart as Tool<Data>>::definition(),
            <query as Tool<Data>>::definition(),
            <profile as Tool<Data>>::definition(),
        ];
        types_are_current::<Chart>(&tools).unwrap();
    }
}
