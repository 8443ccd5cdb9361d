//! A small chess engine: it looks so many moves ahead, and values what stands on the board.

use cozy_chess::{BitBoard, Board, Color, GameStatus, Move, Piece, Square};

use crate::game::legal;

/// The value of a mate; less, the further away it is.
pub(crate) const MATE: i32 = 30_000;

/// Positions between two looks at whether to stop.
const LOOK: u64 = 2_048;

/// The outcome of a search.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// In hundredths of a pawn, for the side that moves.
    pub(crate) score: i32,
    /// The best moves of both sides.
    pub(crate) line: Vec<Move>,
    /// Positions that were looked at.
    pub(crate) positions: u64,
}

/// Looks this many moves ahead, unless it is told to stop.
pub(crate) fn search(board: &Board, depth: u32, stop: &dyn Fn() -> bool) -> Option<Found> {
    let mut search = Search { stop, positions: 0, stopped: false };
    let mut line = Vec::new();
    let score = search.look(board, depth, 0, -MATE, MATE, &mut line);
    (!search.stopped).then_some(Found { score, line, positions: search.positions })
}

struct Search<'a> {
    stop: &'a dyn Fn() -> bool,
    positions: u64,
    stopped: bool,
}

impl Search<'_> {
    /// The value of a position between `low` and `high`, which are what the sides can have elsewhere.
    fn look(&mut self, board: &Board, depth: u32, ply: i32, mut low: i32, high: i32, line: &mut Vec<Move>) -> i32 {
        line.clear();
        self.positions += 1;
        if self.positions.is_multiple_of(LOOK) {
            self.stopped |= (self.stop)();
        }
        if self.stopped {
            return 0;
        }
        match board.status() {
            GameStatus::Won => return ply - MATE,
            GameStatus::Drawn => return 0,
            GameStatus::Ongoing => {}
        }
        let quiet = depth == 0;
        if quiet {
            // Only captures are looked at from here on, and nobody has to make one.
            low = low.max(value(board));
            if low >= high {
                return low;
            }
        }
        let theirs = board.colors(!board.side_to_move());
        let mut moves = legal(board);
        moves.retain(|next| !quiet || theirs.has(next.to));
        moves.sort_by_key(|next| -promise(board, *next, theirs));
        let mut behind = Vec::new();
        for next in moves {
            let mut after = board.clone();
            after.play_unchecked(next);
            let score = -self.look(&after, depth.saturating_sub(1), ply + 1, -high, -low, &mut behind);
            if score > low {
                low = score;
                line.clear();
                line.push(next);
                line.append(&mut behind);
            }
            if low >= high {
                break;
            }
        }
        low
    }
}

/// The promise of a move, so that good ones come first.
fn promise(board: &Board, next: Move, theirs: BitBoard) -> i32 {
    let worth_of = |square| board.piece_on(square).map_or(0, worth);
    let taken = if theirs.has(next.to) { 10 * worth_of(next.to) - worth_of(next.from) } else { 0 };
    taken + next.promotion.map_or(0, worth)
}

const fn worth(piece: Piece) -> i32 {
    match piece {
        Piece::Pawn => 100,
        Piece::Knight => 320,
        Piece::Bishop => 330,
        Piece::Rook => 500,
        Piece::Queen => 900,
        Piece::King => 0,
    }
}

/// The pieces and where they stand, for the side that moves.
fn value(board: &Board) -> i32 {
    let side = |color| {
        let ending = (board.pieces(Piece::Queen) | board.pieces(Piece::Rook)).len() < 3;
        Piece::ALL
            .into_iter()
            .flat_map(|piece| board.colored_pieces(color, piece).into_iter().map(move |at| (piece, at)))
            .map(|(piece, at)| worth(piece) + stands(piece, at, color, ending))
            .sum::<i32>()
    };
    let mine = board.side_to_move();
    side(mine) - side(!mine)
}

/// The gain of a piece by its square.
fn stands(piece: Piece, at: Square, color: Color, ending: bool) -> i32 {
    let from_middle = |index: usize| i32::try_from((2 * index).abs_diff(7)).unwrap_or(7);
    let (file, rank) = (at.file() as usize, at.rank().relative_to(color) as usize);
    // 2 in the middle of the board, 14 in its corners.
    let far = from_middle(file) + from_middle(rank);
    let forward = i32::try_from(rank).unwrap_or_default();
    match piece {
        Piece::Pawn => 4 * forward + if far <= 4 { 16 } else { 0 },
        Piece::Knight => 24 - 4 * far,
        Piece::Bishop => 14 - 2 * far,
        Piece::Rook => {
            if rank == 6 {
                20
            } else {
                0
            }
        }
        Piece::Queen => 6 - far,
        Piece::King if ending => 28 - 4 * far,
        Piece::King => 3 * far - 8 * forward,
    }
}

#[cfg(test)]
mod tests {
    use cozy_chess::util::display_san_move;

    use super::*;

    fn best(fen: &str, depth: u32) -> (String, i32) {
        let board = Board::from_fen(fen, false).unwrap();
        let found = search(&board, depth, &|| false).unwrap();
        (display_san_move(&board, found.line[0]).to_string(), found.score)
    }

    #[test]
    fn a_mate_is_found_and_the_nearest_one_is_taken() {
        let (found, score) = best("6k1/5ppp/8/8/8/8/5PPP/R5K1 w - - 0 1", 3);
        assert_eq!((found.as_str(), score), ("Ra8#", MATE - 1));
        let (_, lost) = best("7k/1R6/R7/8/8/8/8/6K1 b - - 0 1", 3);
        assert_eq!(lost, 2 - MATE, "it is mated by the next move");
    }

    #[test]
    fn a_piece_that_hangs_is_taken_and_one_that_is_guarded_is_not() {
        assert_eq!(best("4k3/8/8/3q4/4P3/8/8/4K3 w - - 0 1", 2).0, "exd5");
        assert_ne!(best("4k3/2p5/3p4/8/8/8/3Q4/4K3 w - - 0 1", 2).0, "Qxd6");
    }

    #[test]
    fn both_sides_value_a_position_alike() {
        let white = Board::from_fen("4k3/8/8/8/3N4/8/8/4K3 w - - 0 1", false).unwrap();
        let black = Board::from_fen("4k3/8/8/8/3N4/8/8/4K3 b - - 0 1", false).unwrap();
        assert_eq!(value(&white), -value(&black));
        assert_eq!(value(&Board::default()), 0);
    }

    #[test]
    fn it_stops_when_it_is_told_to() {
        assert!(search(&Board::default(), 30, &|| true).is_none());
    }
}
