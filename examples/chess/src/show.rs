//! The widget, the tool that opens it, and the tool by which the view moves.

use pmcp_server::apps::widget;
use pmcp_tasks::prelude::*;

use crate::{
    analysis::analyse,
    game::{BoardView, Game, Promotion},
    search::search,
};

/// Moves of both sides that the server looks ahead before it answers.
const AHEAD: u32 = 4;

/// A chess board: the user moves by mouse, touch or keyboard, the server answers, and analyses on request.
#[widget(dir = "widgets/board", title = "Chess", tools(show_board, move_piece, analyse), modes("inline", "fullscreen"))]
pub(crate) struct Board;

/// Show a chess board on which the user plays against the server: a new game, or one that is given by its moves.
#[task_tool(support = "forbidden", read_only, widget = Board)]
pub(crate) async fn show_board(
    /// The moves of the game, such as `e4` and `Nf6`; none for a new one.
    #[arg(default)]
    moves: Vec<String>,
) -> Result<BoardView, ToolError> {
    Ok(Game::read(&moves)?.view())
}

/// Make a move, and have the server answer it.
#[task_tool(support = "forbidden", read_only, visibility = "app")]
pub(crate) async fn move_piece(
    /// The moves of the game so far.
    moves: Vec<String>,
    /// The square of the piece, such as `e2`.
    from: String,
    /// The square it goes to.
    to: String,
    /// The piece that a pawn becomes on the last rank.
    promotion: Option<Promotion>,
) -> Result<BoardView, ToolError> {
    let mut game = Game::read(&moves)?;
    game.play(game.find(&from, &to, promotion)?);
    if game.ending().is_none() {
        let board = game.board.clone();
        let found = tokio::task::spawn_blocking(move || search(&board, AHEAD, &|| false)).await?;
        if let Some(answer) = found.and_then(|found| found.line.first().copied()) {
            game.play(answer);
        }
    }
    Ok(game.view())
}

#[cfg(test)]
mod tests {
    use pmcp_server::apps::testing::types_are_current;
    use pmcp_tasks::tool::Tool;

    use super::*;
    use crate::analysis::Pace;

    #[test]
    fn the_types_of_the_page_are_those_of_the_tools() {
        let tools = [
            <show_board as Tool<Pace>>::definition(),
            <move_piece as Tool<Pace>>::definition(),
            <analyse as Tool<Pace>>::definition(),
        ];
        types_are_current::<Board>(&tools).unwrap();
    }
}
