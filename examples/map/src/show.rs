//! The widget, and the tool that opens it.

use pmcp_server::apps::widget;
use pmcp_tasks::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    places::{Continent, Place, Places},
    route::plan_route,
};

/// A map of the world's larger cities, to choose from, and a route through those that are chosen.
#[widget(
    dir = "widgets/map",
    title = "Map",
    csp(redirect = ["https://en.wikipedia.org"]),
    tools(show_map, plan_route),
    modes("inline", "fullscreen")
)]
pub(crate) struct Map;

/// The places that are shown.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct MapView {
    /// The continent the map begins with; all of them without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) continent: Option<Continent>,
    pub(crate) places: Vec<Place>,
}

/// Show a map with the larger cities of the world, or of one continent, on which a route can be planned.
#[task_tool(support = "forbidden", read_only, widget = Map)]
pub(crate) async fn show_map(
    /// Only the places of this continent.
    continent: Option<Continent>,
    State(world): State<Places>,
) -> Result<MapView, ToolError> {
    Ok(MapView { continent, places: world.of(continent).cloned().collect() })
}

#[cfg(test)]
mod tests {
    use pmcp_server::apps::testing::types_are_current;
    use pmcp_tasks::tool::Tool;

    use super::*;
    use crate::World;

    #[test]
    fn the_types_of_the_page_are_those_of_the_tools() {
        let tools = [<show_map as Tool<World>>::definition(), <plan_route as Tool<World>>::definition()];
        types_are_current::<Map>(&tools).unwrap();
    }
}
