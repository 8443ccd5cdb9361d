//! `cargo pmcp tasks`: the tasks of a store, for whoever operates the servers that share it.
//!
//! A command opens the store as an operator does: it makes nothing of it, takes no task and is no worker. What it does to a task the
//! servers are told by the store.

mod answer;
mod cancel;
mod list;
mod look;
mod owner;
mod retry;
mod signal;
mod store;
mod summary;
mod words;

use clap::{Args, Subcommand, ValueEnum};
use pmcp_tasks::{
    operate::{Look, TaskHandle},
    task::TaskId,
};

use self::{
    owner::OwnerArgs,
    store::{Opened, StoreArgs, failed},
};
use crate::{
    error::{Error, Result},
    interrupt::until_interrupted,
    shell::Shell,
    text::line,
};

/// Operate the tasks in a store: see, cancel, answer, signal and retry them.
///
/// The store is opened as it is: nothing is made or migrated, and no task is taken from the servers that share it.
#[derive(Args, Debug)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Tasks {
    #[command(flatten)]
    store: StoreArgs,
    #[command(subcommand)]
    command: Operation,
}

#[derive(Debug, Subcommand)]
enum Operation {
    List(list::List),
    Look(look::LookArgs),
    Cancel(cancel::Cancel),
    Answer(answer::Answer),
    Signal(signal::Signal),
    Retry(retry::Retry),
}

impl Tasks {
    /// Does it.
    ///
    /// # Errors
    /// The store cannot be opened or fails; the task is not there, or cannot be treated so; it was interrupted.
    pub(super) async fn run(self, shell: &Shell) -> Result {
        let Self { store, command } = self;
        until_interrupted(Box::pin(async {
            let opened = store.open(shell).await?;
            match command {
                Operation::List(command) => command.run(&opened, shell).await,
                Operation::Look(command) => command.run(&opened, shell).await,
                Operation::Cancel(command) => command.run(&opened, shell).await,
                Operation::Answer(command) => command.run(&opened, shell).await,
                Operation::Signal(command) => command.run(&opened, shell).await,
                Operation::Retry(command) => command.run(&opened, shell).await,
            }
        }))
        .await
    }
}

/// Forms of what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// A task, and whose it is.
#[derive(Args, Debug)]
struct TaskArgs {
    /// Its id.
    #[arg(value_parser = id)]
    id: TaskId,
    #[command(flatten)]
    owner: OwnerArgs,
}

fn id(given: &str) -> std::result::Result<TaskId, String> {
    given.parse().map_err(|_| "an id is written whole, such as `3b6b5e68-1fb5-41f9-a982-a78091bf7071`".to_owned())
}

impl TaskArgs {
    fn handle(&self, opened: &Opened) -> Result<TaskHandle> {
        Ok(opened.tasks.task(&self.owner.owner()?, self.id))
    }

    /// Everything that is known of it.
    ///
    /// # Errors
    /// There is no such task, or the store fails.
    async fn look(&self, opened: &Opened) -> Result<Look> {
        let look = self.handle(opened)?.look().await.map_err(|error| failed(&error))?;
        look.ok_or_else(|| self.unknown(opened))
    }

    /// The error of a task that this owner does not have.
    fn unknown(&self, opened: &Opened) -> Error {
        let whose = self.owner.shown();
        let error = Error::failed(format!("{} has no task `{}`", line(&whose), self.id));
        let live = opened.command(&["list", "--live"]);
        error.help(format!(
            "it may be another owner's, or have expired; `{live}` shows those that run, and whose they are"
        ))
    }

    /// The error of a task that has ended in this state.
    fn ended(&self, status: &str) -> Error {
        Error::failed(format!("task `{}` is `{status}` already", self.id))
    }

    /// The error of a task that has ended, in whichever state.
    fn over(&self) -> Error {
        Error::failed(format!("task `{}` has ended already", self.id))
    }

    /// A command about the same task.
    fn command(&self, opened: &Opened, name: &str, more: &[&str]) -> String {
        let id = self.id.to_string();
        let owner = self.owner.again();
        let words = [name, &*id].into_iter().chain(more.iter().copied()).chain(owner.iter().map(String::as_str));
        opened.command(&words.collect::<Vec<_>>())
    }
}
