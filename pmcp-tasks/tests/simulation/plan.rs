//! What a call is to do.

use crate::random::Choices;

/// The tool that is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A task that fails with its process.
    Fails,
    /// A task that goes on elsewhere.
    Restarts,
    /// No task.
    Plain,
}

impl Kind {
    pub(crate) fn tool(self) -> &'static str {
        match self {
            Self::Fails => "fails",
            Self::Restarts => "restarts",
            Self::Plain => "plain",
        }
    }
}

/// A piece of work; spans are in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Work(u64),
    /// A recorded step that takes so long.
    Step(u64),
    Push,
    Add,
    Progress,
    Message,
    Ask,
    /// Two questions at once.
    AskTwo,
    /// A question and work beside it.
    AskWhileWorking(u64),
}

/// How a function ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Result,
    ErrorResult,
    Error,
    Panic,
    /// Never; its time is bounded.
    Hangs,
}

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) acts: Vec<Act>,
    pub(crate) end: End,
}

impl Plan {
    pub(crate) fn draw(choices: &Choices, kind: Kind) -> Self {
        let acts = (0..choices.below(6)).map(|_| act(choices, kind)).collect();
        let end = match choices.below(20) {
            0 => End::ErrorResult,
            1 => End::Error,
            2 => End::Panic,
            3 if kind != Kind::Plain => End::Hangs,
            _ => End::Result,
        };
        Self { acts, end }
    }

    /// Takes its place and keeps it.
    pub(crate) fn hangs() -> Self {
        Self { acts: Vec::new(), end: End::Hangs }
    }
}

fn act(choices: &Choices, kind: Kind) -> Act {
    if kind == Kind::Plain {
        return if choices.chance(400) { Act::Ask } else { Act::Work(choices.between(0, 300)) };
    }
    match choices.below(20) {
        0..5 => Act::Step(choices.pick(&[0, 0, 100, 700])),
        5..9 => Act::Work(choices.pick(&[0, 50, 300, 1200])),
        9..11 => Act::Push,
        11..13 => Act::Add,
        13 => Act::Progress,
        14 => Act::Message,
        15..18 => Act::Ask,
        18 => Act::AskTwo,
        _ => Act::AskWhileWorking(choices.pick(&[10, 200])),
    }
}
