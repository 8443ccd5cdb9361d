//! `cargo pmcp tasks signal`.

use clap::Args;
use pmcp_tasks::operate::{Delivery, SignalError};

use super::{
    TaskArgs,
    store::{Opened, failed},
};
use crate::{
    arguments,
    error::{Error, Result},
    shell::Shell,
    text::{line, meant, quoted},
};

/// Deliver what a task waits for.
///
/// A signal is delivered once: what was delivered stays. So one that the task has not asked for is delivered with `--early` alone, and is
/// kept until it asks.
#[derive(Args, Debug)]
pub(super) struct Signal {
    #[command(flatten)]
    task: TaskArgs,
    /// The name of the signal.
    name: String,
    /// Its value, as JSON: `'"Ann"'` is a text, `@FILE` is in a file, `-` on standard input.
    #[arg(value_name = "JSON", default_value = "null", allow_hyphen_values = true)]
    value: String,
    /// Deliver it though the task has not asked for it yet.
    #[arg(long)]
    early: bool,
}

impl Signal {
    pub(super) async fn run(self, opened: &Opened, shell: &Shell) -> Result {
        let value = arguments::value_of(&self.value)?;
        let name = line(&self.name);
        if !self.early {
            self.check(opened).await?;
        }
        let delivered = self.task.handle(opened)?.signal(&self.name, &value).await;
        match delivered {
            Ok(Delivery::Delivered) => {
                shell.status("Delivered", &format!("{name} to {}", self.task.id));
                Ok(())
            }
            Ok(Delivery::Kept) => {
                shell.status("Kept", &format!("{name} until {} asks for it", self.task.id));
                Ok(())
            }
            Ok(Delivery::Again) => Err(Error::failed(format!("signal `{name}` was delivered before, and stands"))),
            Ok(Delivery::Ended) => Err(self.task.over()),
            Ok(Delivery::Unknown) => Err(self.task.unknown(opened)),
            Ok(_) => Err(Error::failed("the signal was not delivered")),
            Err(SignalError::Store(error)) => {
                Err(failed(&error).help("it may be delivered all the same; the same command tells"))
            }
            Err(error) => Err(Error::usage(line(&error.to_string()))),
        }
    }

    /// Fails if the task does not wait for it: what is mistyped would stay, and nobody would hear of it.
    async fn check(&self, opened: &Opened) -> Result {
        let look = self.task.look(opened).await?;
        let is_known = look.awaited_signals.contains_key(&self.name) || look.signals.contains_key(&self.name);
        if is_known || look.status.is_terminal() {
            // What there is to say says the delivery.
            return Ok(());
        }
        let names: Vec<&str> = look.awaited_signals.keys().map(String::as_str).collect();
        let error = Error::usage(format!("the task does not wait for a signal `{}`", line(&self.name)));
        let error = match meant(&self.name, names.iter().copied()) {
            Some(meant) => error.help(format!("did you mean `{}`?", line(meant))),
            None if names.is_empty() => error,
            None => error.help(format!("it waits for {}", quoted(names))),
        };
        Err(error.help("`--early` keeps it until the task asks for it"))
    }
}
