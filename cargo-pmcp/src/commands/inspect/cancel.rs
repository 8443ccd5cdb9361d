//! `cargo pmcp inspect cancel`.

use clap::Args;

use super::{Common, client};
use crate::{error::Result, shell::Shell};

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
        let mut server = self.common.target.connect(client(), shell).await?;
        if let Err(error) = server.client.task(&self.id).cancel().await {
            return Err(server.explain(error).await);
        }
        server.close().await;
        shell.status("Cancelled", &self.id);
        Ok(())
    }
}
