//! Telling of changes: to other processes, and to other workers of this one.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    runtime::Handle,
    sync::{broadcast, mpsc},
};
use tokio_postgres::types::ToSql;

use super::{
    connect::{Connector, Link},
    db::Db,
    feed::Follower,
    hints::{Change, News},
    listener::Listener,
    poll,
};
use crate::store::backend::{Feed, WorkerId};

/// Number of changes that may wait to be told, or to be passed on to a feed that is behind.
const CHANGES: usize = 4096;

/// Number of hints that may wait to be taken.
const HINTS: usize = 256;

#[derive(Debug)]
pub(super) struct Hub {
    told: mpsc::Sender<Change>,
    /// From which feeds hear of others' changes; none where they have to look for them.
    news: Option<broadcast::Sender<News>>,
    feeds: Arc<AtomicUsize>,
    db: Arc<Db>,
}

impl Hub {
    /// Listens on a connection, and tells on it.
    pub(super) fn listening(db: Arc<Db>, connector: Connector, channel: String, link: Link) -> Self {
        let (told, changes) = mpsc::channel(CHANGES);
        let news = broadcast::Sender::new(CHANGES);
        let notify = db.sql.notify.text.clone();
        let listener = Listener::new(connector, channel, notify, changes, news.clone());
        tokio::spawn(listener.run(link));
        Self { told, news: Some(news), feeds: Arc::default(), db }
    }

    /// Tells on connections of the pool; feeds look for changes.
    pub(super) fn polling(db: Arc<Db>, channel: String) -> Self {
        let (told, changes) = mpsc::channel(CHANGES);
        tokio::spawn(tell(db.clone(), channel, changes));
        Self { told, news: None, feeds: Arc::default(), db }
    }

    /// Tells of a change, once it was made. Hints may be lost: nobody waits until there is room.
    pub(super) fn tell(&self, change: Change) {
        // A second worker of this process has not made it.
        if let Some(news) = &self.news
            && self.feeds.load(Ordering::Relaxed) > 1
        {
            // Both may have gone.
            let _ = news.send(News::Change(change.clone()));
        }
        let _ = self.told.try_send(change);
    }

    /// Hints for a worker; `None` outside of a runtime.
    pub(super) fn feed(&self, me: WorkerId) -> Option<Feed> {
        let runtime = Handle::try_current().ok()?;
        let (send_hint, hints) = mpsc::channel(HINTS);
        let (interest, interests) = mpsc::unbounded_channel();
        let follower = Follower::new(me, send_hint, interests);
        let counted = Counted::new(self.feeds.clone());
        if let Some(news) = &self.news {
            let news = news.subscribe();
            runtime.spawn(async move {
                follower.follow(news).await;
                drop(counted);
            });
        } else {
            let db = self.db.clone();
            runtime.spawn(async move {
                poll::run(follower, db).await;
                drop(counted);
            });
        }
        Some(Feed { hints, interest })
    }
}

/// A feed, while it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(feeds: Arc<AtomicUsize>) -> Self {
        feeds.fetch_add(1, Ordering::Relaxed);
        Self(feeds)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Tells processes that listen of what this one changes, until the store is dropped.
async fn tell(db: Arc<Db>, channel: String, mut told: mpsc::Receiver<Change>) {
    let mut changes = Vec::new();
    while told.recv_many(&mut changes, CHANGES).await > 0 {
        let payloads: Vec<String> = changes.drain(..).map(|change| change.payload()).collect();
        let (channel, payloads): (&(dyn ToSql + Sync), &(dyn ToSql + Sync)) = (&channel, &payloads);
        if let Err(failure) = db.in_time(db.rows(db.sql.notify.with(&[channel, payloads]))).await {
            tracing::debug!(%failure, "changes were not told to other processes");
        }
    }
}
