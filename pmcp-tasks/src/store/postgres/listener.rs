//! The one connection of a process that listens and notifies.
//!
//! A notification is never part of a write: a lock on the whole database would be held until the write is on the disk. It
//! follows the reply, all that wait in one call.

use std::time::Duration;

use tokio::{
    sync::{broadcast, mpsc},
    time::{interval, sleep, timeout},
};
use tokio_postgres::{Notification, types::Type};

use super::{
    connect::{Connector, Link},
    db::{CALL, Parameter},
    error::{Failure, Result},
    hints::{Change, News},
    keys::quoted,
};

/// Number of changes that one call tells at most.
const BATCH: usize = 1000;

/// The time after which a quiet connection is looked at.
const QUIET: Duration = Duration::from_secs(15);

/// Pauses before the server is asked again: the first, the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

pub(super) struct Listener {
    connector: Connector,
    channel: String,
    /// The statement that notifies.
    notify: String,
    told: mpsc::Receiver<Change>,
    /// Changes that were taken and may not have been told: they outlive a connection.
    untold: Vec<Change>,
    news: broadcast::Sender<News>,
}

impl Listener {
    pub(super) fn new(
        connector: Connector,
        channel: String,
        notify: String,
        told: mpsc::Receiver<Change>,
        news: broadcast::Sender<News>,
    ) -> Self {
        Self { connector, channel, notify, told, untold: Vec::new(), news }
    }

    /// Listens and tells until the store is dropped. After a failure it connects again.
    pub(super) async fn run(mut self, link: Link) {
        let mut link = Some(link);
        let mut pause = PAUSES.0;
        let mut is_told = false;
        loop {
            let failure = match link.take() {
                Some(link) => match self.serve(link).await {
                    Ok(()) => return,
                    Err(failure) => failure,
                },
                None => match self.listen().await {
                    Ok(listening) => {
                        // What changed meanwhile is not known.
                        let _ = self.news.send(News::Missed);
                        (link, pause, is_told) = (Some(listening), PAUSES.0, false);
                        continue;
                    }
                    Err(failure) => failure,
                },
            };
            if self.told.is_closed() {
                return;
            }
            if !std::mem::replace(&mut is_told, true) {
                crate::heard::warn!(%failure, "changes by other processes are not heard of until the server can be reached again");
            }
            sleep(pause).await;
            pause = PAUSES.1.min(2 * pause);
        }
    }

    async fn listen(&self) -> Result<Link> {
        let link = self.connector.link().await?;
        link.begin_session().await?;
        link.run(&format!("LISTEN {}", quoted(&self.channel))).await?;
        Ok(link)
    }

    /// Listens and tells until the store is dropped.
    async fn serve(&mut self, mut link: Link) -> Result<()> {
        let own = link.process().await?;
        self.tell_or_drop(&link).await?;
        let mut quiet = interval(QUIET);
        loop {
            tokio::select! {
                biased;
                notification = link.notifications.recv() => {
                    let notification = notification.ok_or_else(|| Failure::unavailable("the connection that listens has ended"))?;
                    self.hear(&notification, own);
                }
                count = self.told.recv_many(&mut self.untold, BATCH) => {
                    if count == 0 {
                        return Ok(());
                    }
                    self.tell_or_drop(&link).await?;
                }
                _ = quiet.tick() => link.run("").await?,
            }
        }
    }

    /// Tells what is untold. What the server refuses is lost, as hints may be: this connection still hears those of others.
    async fn tell_or_drop(&mut self, link: &Link) -> Result<()> {
        match self.tell(link).await {
            Err(failure) if !failure.is_final => {
                tracing::warn!(%failure, "other processes were not told of changes");
                self.untold.clear();
                Ok(())
            }
            told => told,
        }
    }

    fn hear(&self, notification: &Notification, own: i32) {
        // Who made the change knows of it.
        if notification.process_id() != own
            && let Some(change) = Change::of(notification.payload())
        {
            // Nobody may want to know.
            let _ = self.news.send(News::Change(change));
        }
    }

    async fn tell(&mut self, link: &Link) -> Result<()> {
        if self.untold.is_empty() {
            return Ok(());
        }
        let payloads: Vec<String> = self.untold.iter().map(Change::payload).collect();
        let parameters: [(Parameter<'_>, Type); 2] = [(&self.channel, Type::TEXT), (&payloads, Type::TEXT_ARRAY)];
        let told = link.client.query_typed(&self.notify, &parameters);
        timeout(CALL, told).await.map_err(|_| Failure::late("the server did not answer"))??;
        self.untold.clear();
        Ok(())
    }
}
