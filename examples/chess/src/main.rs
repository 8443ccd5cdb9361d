//! Run with `cargo run -p chess`.
//!
//! Serves a chess board as a widget: the user plays against the server, and has it analyse a position, which is a task.

mod analysis;
mod game;
mod search;
mod show;

use std::process::ExitCode;

use analysis::{Pace, analyse};
use pmcp_server::Server;
use pmcp_tasks::TaskStore;
use serving::{Arguments, Example, Outcome};
use show::{Board, move_piece, show_board};

#[tokio::main]
async fn main() -> ExitCode {
    let example = Example { name: "chess", port: 8081, part: "each depth of an analysis", pace: 300 };
    example.run(serve).await
}

async fn serve(arguments: Arguments) -> Outcome<()> {
    let server = Server::new("chess", env!("CARGO_PKG_VERSION"))
        .state(Pace(arguments.pace))
        .tool::<show_board>()
        .tool::<move_piece>()
        .tool::<analyse>()
        .widget::<Board>()
        .store(TaskStore::connect(&arguments.store).await?);
    Ok(server.serve(arguments.transport).await?)
}
