//! `cargo pmcp tasks cancel`.

use clap::Args;
use pmcp_tasks::operate::Cancellation;

use super::{
    TaskArgs,
    store::{Opened, failed},
};
use crate::{
    error::{Error, Result},
    shell::Shell,
};

/// Cancel a task: its state is final at once, and the code that works at it is told.
#[derive(Args, Debug)]
pub(super) struct Cancel {
    #[command(flatten)]
    task: TaskArgs,
}

impl Cancel {
    pub(super) async fn run(self, opened: &Opened, shell: &Shell) -> Result {
        let cancelled = self
            .task
            .handle(opened)?
            .cancel()
            .await
            .map_err(|error| failed(&error).help("it may be cancelled all the same; the same command tells"))?;
        match cancelled {
            Cancellation::Cancelled => {
                shell.status("Cancelled", &self.task.id.to_string());
                Ok(())
            }
            Cancellation::Ended(status) => Err(self.task.ended(status.as_str())),
            Cancellation::Unknown => Err(self.task.unknown(opened)),
            _ => Err(Error::failed("the task was not cancelled")),
        }
    }
}
