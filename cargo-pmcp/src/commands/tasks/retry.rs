//! `cargo pmcp tasks retry`.

use clap::Args;
use pmcp_tasks::operate;

use super::{
    TaskArgs,
    store::{Opened, failed},
};
use crate::{
    error::{Error, Result},
    shell::{Shell, write_text},
};

/// Try a task again that has failed, as a new one that goes on where it stood; its id is written.
///
/// A server that shares the store begins it, within a lease period. Only tasks whose tool has `on_crash = "restart"` are tried again: of
/// others nobody knows what must not be done twice.
#[derive(Args, Debug)]
pub(super) struct Retry {
    #[command(flatten)]
    task: TaskArgs,
}

impl Retry {
    pub(super) async fn run(self, opened: &Opened, shell: &Shell) -> Result {
        let id = self.task.id;
        let handle = self.task.handle(opened)?;
        let retried = Box::pin(handle.retry())
            .await
            .map_err(|error| failed(&error).help("the new task may be there; the same command finds it"))?;
        match retried {
            operate::Retry::Begun(new) => {
                shell.status("Retrying", &id.to_string());
                write_text(&new.to_string())
            }
            operate::Retry::Again(new) => {
                shell.status("Retried", &format!("{id} before, as"));
                write_text(&new.to_string())
            }
            operate::Retry::NotFailed(status) => {
                Err(Error::failed(format!("task `{id}` has not failed: it is `{}`", status.as_str())))
            }
            operate::Retry::NotRestartable => Err(Error::failed(format!("task `{id}` cannot be tried again"))
                .help("its tool is none with `on_crash = \"restart\"`, or it is a run of a workflow, which its client retries")),
            operate::Retry::Full => Err(Error::failed("the owner has as many live tasks as may be")
                .help("wait for one to end, or cancel one, as for another call")),
            operate::Retry::NoRoom => Err(Error::failed("the owner's live tasks leave no room for another one")
                .help("wait for one to end, or cancel one, as for another call")),
            operate::Retry::Unknown => Err(self.task.unknown(opened)),
            _ => Err(Error::failed("the task was not tried again")),
        }
    }
}
