//! The task: it looks ever further ahead, and tells what it found at each depth.

use std::time::Duration;

use cozy_chess::util::display_san_move;
use pmcp_tasks::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    game::{Game, Side},
    search::{MATE, search},
};

/// Moves of both sides that are looked ahead.
const DEEPEST: u32 = 5;

/// The time each depth takes at least, so that it can be watched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace(pub(crate) Duration);

/// The best line so far, as the client sees it.
#[derive(TaskVariables, Default)]
pub(crate) struct Thoughts {
    /// Moves that were looked ahead, and how many that will be at most.
    depth: u32,
    of: u32,
    /// The value, as people write it.
    score: String,
    line: Vec<String>,
    positions: u64,
}

/// The outcome of an analysis.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Analysis {
    /// Moves of both sides that were looked ahead.
    pub(crate) depth: u32,
    /// In pawns, positive where White stands better, or the moves to a mate such as `#3`.
    pub(crate) score: String,
    /// The best moves of both sides.
    pub(crate) line: Vec<String>,
    /// Positions that were looked at.
    pub(crate) positions: u64,
}

/// Look for the best moves of a position, ever further ahead.
#[task_tool(support = "optional", on_crash = "restart", read_only, timeout = "10m")]
pub(crate) async fn analyse(
    /// The moves of the game, such as `e4` and `Nf6`.
    moves: Vec<String>,
    task: TaskContext<Thoughts>,
    State(pace): State<Pace>,
) -> Result<Analysis, ToolError> {
    let game = Game::read(&moves)?;
    if game.ending().is_some() {
        return Err(ToolError::new("the game is over"));
    }
    let mut best = None;
    for depth in 1..=DEEPEST {
        // Recorded: after a crash what is known is not looked for again.
        let found = task.step(format!("depth-{depth}"), || look(&game, depth, &task)).await?;
        let (score, line, positions) = (found.score.clone(), found.line.clone(), found.positions);
        let told = |all: &mut Thoughts| {
            *all = Thoughts { depth, of: DEEPEST, score: score.clone(), line: line.clone(), positions }
        };
        task.variables().update(told).await?;
        task.progress(depth, DEEPEST).await;
        best = Some(found);
        if score.starts_with('#') || score.starts_with("-#") {
            break;
        }
        task.sleep(pace.0).await?;
    }
    best.ok_or_else(|| ToolError::new("there is nothing to look for"))
}

/// Looks so far ahead, on a thread that may take its time.
async fn look(game: &Game, depth: u32, task: &TaskContext<Thoughts>) -> Result<Analysis, ToolError> {
    let (board, cancelled) = (game.board.clone(), task.cancellation().clone());
    let found = tokio::task::spawn_blocking(move || search(&board, depth, &|| cancelled.is_cancelled())).await?;
    let Some(found) = found else {
        task.check_cancelled()?;
        return Err(ToolError::new("the analysis was stopped"));
    };
    let mut board = game.board.clone();
    let mut line = Vec::with_capacity(found.line.len());
    for next in found.line {
        line.push(display_san_move(&board, next).to_string());
        board.play_unchecked(next);
    }
    let white = match game.view().turn {
        Side::White => found.score,
        Side::Black => -found.score,
    };
    Ok(Analysis { depth, score: written(white), line, positions: found.positions })
}

/// A value for White as people write it: in pawns, or the moves to a mate.
fn written(score: i32) -> String {
    let sign = if score < 0 { "-" } else { "+" };
    match MATE - score.abs() {
        plies @ ..1000 => format!("{}#{}", sign.trim_start_matches('+'), (plies + 1) / 2),
        _ => format!("{sign}{}.{:02}", score.abs() / 100, score.abs() % 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_people_do() {
        assert_eq!([35, -210, 0, MATE - 1, 4 - MATE].map(written), ["+0.35", "-2.10", "+0.00", "#1", "-#2"]);
    }
}
