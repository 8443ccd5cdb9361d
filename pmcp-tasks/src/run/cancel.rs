//! Cancellation of a run, or of a part of it, with the reason that came first.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

use crate::error::CancelCause;

/// Cancellation of a run or of a part of it. Its clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Cancel(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    token: CancellationToken,
    /// Set before the token fires; by the first who asks if what is above has fired it.
    cause: OnceLock<CancelCause>,
    above: Above,
}

/// Cancellation that takes this one along.
#[derive(Debug)]
enum Above {
    /// That of all runs of the process, when it stops.
    Process(CancellationToken),
    Run(Cancel),
}

impl Cancel {
    /// That of a run in a process whose runs this token cancels.
    pub(crate) fn of_run(process: &CancellationToken) -> Self {
        Self::below(process.child_token(), Above::Process(process.clone()))
    }

    /// That of a part, which can be cancelled alone.
    pub(super) fn part(&self) -> Self {
        Self::below(self.token().child_token(), Above::Run(self.clone()))
    }

    fn below(token: CancellationToken, above: Above) -> Self {
        Self(Arc::new(Inner { token, cause: OnceLock::new(), above }))
    }

    pub(crate) fn token(&self) -> &CancellationToken {
        &self.0.token
    }

    /// Cancels it, unless it is.
    pub(crate) fn cancel(&self, cause: CancelCause) {
        if !self.0.token.is_cancelled() {
            let _ = self.0.cause.set(cause);
        }
        self.0.token.cancel();
    }

    /// The reason why it is cancelled; `None` if it is not.
    pub(crate) fn cause(&self) -> Option<CancelCause> {
        // The function has its token, and can fire it itself.
        let inherited = || match &self.0.above {
            Above::Process(process) if process.is_cancelled() => CancelCause::Shutdown,
            Above::Process(_) => CancelCause::Function,
            Above::Run(run) => run.cause().unwrap_or(CancelCause::Function),
        };
        self.0.token.is_cancelled().then(|| *self.0.cause.get_or_init(inherited))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cause_stands_and_reaches_the_parts() {
        let process = CancellationToken::new();
        let run = Cancel::of_run(&process);
        let part = run.part();
        assert_eq!((run.cause(), part.cause()), (None, None));
        run.cancel(CancelCause::Timeout);
        run.cancel(CancelCause::Ended);
        process.cancel();
        assert_eq!((run.cause(), part.cause()), (Some(CancelCause::Timeout), Some(CancelCause::Timeout)));
    }

    #[test]
    fn a_part_is_cancelled_alone() {
        let run = Cancel::of_run(&CancellationToken::new());
        let part = run.part();
        part.cancel(CancelCause::Timeout);
        assert_eq!((run.cause(), part.cause()), (None, Some(CancelCause::Timeout)));
    }

    #[test]
    fn the_end_of_the_process_is_the_cause_of_what_it_cancels_and_of_nothing_else() {
        let process = CancellationToken::new();
        let (run, own) = (Cancel::of_run(&process), Cancel::of_run(&process));
        own.token().cancel();
        assert_eq!(own.cause(), Some(CancelCause::Function));
        process.cancel();
        // Whoever ends it afterwards changes nothing, and neither does who asked before.
        run.cancel(CancelCause::Ended);
        assert_eq!((run.cause(), own.cause()), (Some(CancelCause::Shutdown), Some(CancelCause::Function)));
    }
}
