//! `cargo pmcp inspect cancel`.

use clap::Args;

use super::{Common, client};
use crate::{
    error::{Error, Result},
    shell::Shell,
    text::line,
};

/// Cancel a task.
#[derive(Args, Debug)]
pub(crate) struct Cancel {
    /// Its id.
    id: String,
    #[command(flatten)]
    common: Common,
}

impl Cancel {
    pub(super) async fn run(self, shell: &Shell) -> Result {
        let mut server = self.common.connect(client(), shell).await?;
        let task = server.client.task(&self.id);
        // One that has ended is not cancelled, and not every server says so.
        let cancelled = match task.get().await {
            Ok(state) if state.status.is_terminal() => {
                server.close().await;
                return Err(Error::failed(format!("task `{}` is `{}` already", line(&self.id), state.status.as_str())));
            }
            Ok(_) => task.cancel().await,
            Err(error) => Err(error),
        };
        if let Err(error) = cancelled {
            return Err(self.common.explain_task(&mut server, error).await);
        }
        server.close().await;
        shell.status("Cancelled", &self.id);
        Ok(())
    }
}
