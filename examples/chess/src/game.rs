//! A game: the moves from the first on, and what a board shows of it.

use cozy_chess::{
    Board, Color, GameStatus, Move, Piece, Square,
    util::{display_san_move, display_uci_move, parse_san_move, parse_uci_move},
};
use pmcp_tasks::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Moves of a game that are read.
const LONGEST: usize = 600;

/// The side that moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    White,
    Black,
}

/// The piece that a pawn becomes on the last rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Promotion {
    Queen,
    Rook,
    Bishop,
    Knight,
}

/// The end of a game.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ending {
    WhiteWins,
    BlackWins,
    Stalemate,
    Draw,
}

/// A move that the rules allow, by its squares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Legal {
    pub(crate) from: String,
    pub(crate) to: String,
    /// It asks for a promotion.
    pub(crate) promotes: bool,
}

/// A game as a board shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct BoardView {
    /// The position in Forsyth-Edwards notation.
    pub(crate) fen: String,
    /// The moves so far, as they are written.
    pub(crate) moves: Vec<String>,
    /// The squares of the last move.
    pub(crate) last: Option<[String; 2]>,
    pub(crate) turn: Side,
    pub(crate) check: bool,
    pub(crate) ending: Option<Ending>,
    pub(crate) legal: Vec<Legal>,
}

/// A position and the moves that led to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Game {
    pub(crate) board: Board,
    written: Vec<String>,
    last: Option<Move>,
    /// The positions before, for what comes a third time.
    seen: Vec<u64>,
}

impl Game {
    /// Plays the moves from the first position.
    pub(crate) fn read(moves: &[String]) -> Result<Self, ToolError> {
        if moves.len() > LONGEST {
            return Err(ToolError::new(format!("a game has at most {LONGEST} moves")));
        }
        let mut game = Self::default();
        for (n, text) in moves.iter().enumerate() {
            let read = parse_san_move(&game.board, text).or_else(|_| parse_uci_move(&game.board, text));
            let read = read.ok().filter(|found| game.ending().is_none() && game.board.is_legal(*found));
            game.play(read.ok_or_else(|| ToolError::new(format!("move {}, `{text}`, is not possible", n + 1)))?);
        }
        Ok(game)
    }

    pub(crate) fn play(&mut self, next: Move) {
        self.written.push(display_san_move(&self.board, next).to_string());
        self.seen.push(self.board.hash());
        self.board.play_unchecked(next);
        self.last = Some(next);
    }

    /// The legal move between these squares.
    pub(crate) fn find(&self, from: &str, to: &str, promotion: Option<Promotion>) -> Result<Move, ToolError> {
        if self.ending().is_some() {
            return Err(ToolError::new("the game is over"));
        }
        let promotion = promotion.map(|promotion| match promotion {
            Promotion::Queen => Piece::Queen,
            Promotion::Rook => Piece::Rook,
            Promotion::Bishop => Piece::Bishop,
            Promotion::Knight => Piece::Knight,
        });
        let squares = |found: &Move| Squares::of(&self.board, *found).is(from, to);
        let mut found = self.legal().into_iter().filter(squares).peekable();
        if found.peek().is_some_and(|first| first.promotion.is_some()) && promotion.is_none() {
            return Err(ToolError::new("say what the pawn becomes: `promotion` is missing"));
        }
        let found = found.find(|found| found.promotion == promotion);
        found.ok_or_else(|| ToolError::new(format!("{from} to {to} is not a legal move")))
    }

    pub(crate) fn legal(&self) -> Vec<Move> {
        legal(&self.board)
    }

    pub(crate) fn ending(&self) -> Option<Ending> {
        let now = self.board.hash();
        match self.board.status() {
            GameStatus::Won if self.board.side_to_move() == Color::White => Some(Ending::BlackWins),
            GameStatus::Won => Some(Ending::WhiteWins),
            GameStatus::Drawn if self.board.halfmove_clock() < 100 => Some(Ending::Stalemate),
            GameStatus::Drawn => Some(Ending::Draw),
            GameStatus::Ongoing => (self.seen.iter().filter(|seen| **seen == now).count() >= 2).then_some(Ending::Draw),
        }
    }

    pub(crate) fn view(&self) -> BoardView {
        let ending = self.ending();
        let mut legal: Vec<_> = match ending {
            Some(_) => Vec::new(),
            None => self.legal().into_iter().map(|found| Squares::of(&self.board, found).legal(found)).collect(),
        };
        // A promotion is one move to be asked about.
        legal.dedup();
        BoardView {
            fen: self.board.to_string(),
            moves: self.written.clone(),
            // Of castling the rook's square is told; the king's move is what matters here.
            last: self.last.map(|last| [last.from.to_string(), last.to.to_string()]),
            turn: if self.board.side_to_move() == Color::White { Side::White } else { Side::Black },
            check: !self.board.checkers().is_empty(),
            ending,
            legal,
        }
    }
}

/// The squares a move is made between on a board, where a castling king goes two squares.
struct Squares {
    from: Square,
    to: String,
}

impl Squares {
    fn of(board: &Board, found: Move) -> Self {
        let written = display_uci_move(board, found).to_string();
        Self { from: found.from, to: written.get(2..4).unwrap_or_default().to_owned() }
    }

    fn is(&self, from: &str, to: &str) -> bool {
        self.from.to_string() == from && self.to == to
    }

    fn legal(self, found: Move) -> Legal {
        Legal { from: self.from.to_string(), to: self.to, promotes: found.promotion.is_some() }
    }
}

/// All moves that the rules allow.
pub(crate) fn legal(board: &Board) -> Vec<Move> {
    let mut all = Vec::with_capacity(48);
    board.generate_moves(|moves| {
        all.extend(moves);
        false
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn game(moves: &str) -> Game {
        Game::read(&moves.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn moves_are_read_as_they_are_written_and_by_squares() {
        assert_eq!(game("e4 e5 Nf3").view().fen, game("e2e4 e7e5 g1f3").view().fen);
        assert_eq!(game("e2e4 g8f6").view().moves, ["e4", "Nf6"]);
        let told = Game::read(&["e4".into(), "Ke2".into()]).unwrap_err().to_string();
        assert_eq!(told, "move 2, `Ke2`, is not possible");
    }

    #[test]
    fn what_is_not_legal_is_refused_in_words() {
        let told = |moves, from, to| game(moves).find(from, to, None).unwrap_err().to_string();
        assert_eq!(told("", "e2", "e5"), "e2 to e5 is not a legal move");
        assert_eq!(told("", "x9", "e5"), "x9 to e5 is not a legal move");
        assert_eq!(told("f3 e5 g4 Qh4", "e2", "e4"), "the game is over");
    }

    #[test]
    fn a_king_castles_by_two_squares() {
        let castled = game("e4 e5 Nf3 Nc6 Bc4 Bc5");
        let found = castled.find("e1", "g1", None).unwrap();
        let mut after = castled.clone();
        after.play(found);
        assert_eq!(after.view().moves.last().unwrap(), "O-O");
        assert!(castled.view().legal.contains(&Legal { from: "e1".into(), to: "g1".into(), promotes: false }));
    }

    #[test]
    fn a_pawn_on_the_last_rank_becomes_what_is_said() {
        let before = game("h4 g5 hxg5 h6 gxh6 a6 h7 a5");
        let one = before.view().legal.into_iter().filter(|legal| legal.promotes && legal.to == "g8").count();
        assert_eq!(one, 1, "a promotion is one entry");
        assert!(before.find("h7", "g8", None).unwrap_err().to_string().contains("`promotion` is missing"));
        let mut after = before.clone();
        after.play(before.find("h7", "g8", Some(Promotion::Knight)).unwrap());
        assert_eq!(after.view().moves.last().unwrap(), "hxg8=N");
    }

    #[test]
    fn games_end() {
        assert_eq!(game("f3 e5 g4 Qh4").ending(), Some(Ending::BlackWins));
        let again = "Nf3 Nf6 Ng1 Ng8 Nf3 Nf6 Ng1 Ng8";
        assert_eq!(game(again).ending(), Some(Ending::Draw), "the position is there for the third time");
        assert_eq!(game("Nf3 Nf6 Ng1 Ng8").ending(), None);
    }
}
