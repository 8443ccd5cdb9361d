//! Answers that come to one process and are awaited in another one, and the names of the notes by which processes tell each other of a
//! session.

use pmcp_protocol::RpcError;
use pmcp_tasks::{router::Board, store::StoreError};
use serde_json::{Value, json};

/// The client's answer to a request of ours.
pub(crate) type Answer = Result<Value, RpcError>;

/// The names of the notes that processes leave for each other about a session.
pub(crate) mod note {
    /// Beginning of the names of its tasks.
    pub(crate) const TASK: &str = "task/";
    /// Beginning of the names of answers to questions of other processes.
    pub(crate) const ANSWER: &str = "answer/";
    /// The least grave message of the log that the client wants to see.
    pub(crate) const LEVEL: &str = "level";
    /// The client has ended it.
    pub(crate) const ENDED: &str = "ended";
}

/// An answer to a question of another process.
#[derive(Debug)]
pub(crate) struct Passing {
    board: Option<Board>,
    id: u64,
    answer: Answer,
}

impl Passing {
    /// The answer to the question with this id. Without a board nobody else can get at it.
    pub(crate) fn new(board: Option<Board>, id: u64, answer: Answer) -> Self {
        Self { board, id, answer }
    }

    /// Leaves it for the process that asked.
    pub(crate) async fn pass_on(self) -> Result<(), NotPassed> {
        let Some(board) = &self.board else { return Err(NotPassed::Alone) };
        let note = match self.answer {
            Ok(result) => json!({ "result": result }),
            Err(error) => json!({ "error": error }),
        };
        board.leave(&format!("{}{}", note::ANSWER, self.id), &note).await.map_err(NotPassed::Store)
    }
}

/// The reason why an answer does not reach the process that asked.
#[derive(Debug)]
pub(crate) enum NotPassed {
    /// There is no store that they share.
    Alone,
    Store(StoreError),
}

/// The answer that a note holds.
pub(crate) fn passed_on(mut note: Value) -> Option<Answer> {
    match (note.get_mut("result").map(Value::take), note.get_mut("error").map(Value::take)) {
        (Some(result), _) => Some(Ok(result)),
        (None, Some(error)) => Some(Err(serde_json::from_value(error).ok()?)),
        (None, None) => None,
    }
}
