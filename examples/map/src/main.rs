//! Run with `cargo run -p map`.
//!
//! Serves a map of the world as a widget, with a task that looks for a short route through its places.

mod places;
mod route;
mod show;

use std::process::ExitCode;

use places::Places;
use pmcp_server::Server;
use pmcp_tasks::{TaskStore, prelude::*};
use route::{Pace, plan_route};
use serving::{Arguments, Example, Outcome};
use show::{Map, show_map};

#[tokio::main]
async fn main() -> ExitCode {
    let example = Example { name: "map", port: 8082, part: "each round of the search for a route", pace: 150 };
    example.run(serve).await
}

/// The state that tools take parts of.
#[derive(Clone, Debug, FromRef)]
struct World {
    places: Places,
    pace: Pace,
}

async fn serve(arguments: Arguments) -> Outcome<()> {
    let world = World { places: Places::read()?, pace: Pace(arguments.pace) };
    let server = Server::new("map", env!("CARGO_PKG_VERSION"))
        .state(world)
        .tool::<show_map>()
        .tool::<plan_route>()
        .widget::<Map>()
        .store(TaskStore::connect(&arguments.store).await?);
    Ok(server.serve(arguments.transport).await?)
}
