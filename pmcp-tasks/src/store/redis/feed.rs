//! Learning what other processes changed: a subscription of one's own to hints that scripts publish.

use std::{
    collections::{HashMap, HashSet},
    mem,
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt as _, future::try_join_all};
use redis::{
    Client,
    aio::{PubSub, PubSubSink},
};
use tokio::{
    sync::mpsc::{Sender, UnboundedReceiver},
    time::{MissedTickBehavior, interval, sleep, timeout},
};

use super::{
    error::{Failure, Result},
    link::{ANSWERS_WITHIN, CONNECTS_WITHIN},
    names::{Names, ORIGIN, key},
};
use crate::store::backend::{TaskKey, WorkerId};

/// Time a subscription stays unproven while nothing comes.
const PROVEN: Duration = Duration::from_secs(5);

/// Time until another connection is made in place of one that failed.
const PAUSE: Duration = Duration::from_millis(500);

/// Number of interests that are taken at once.
const BATCH: usize = 256;

/// A subscriber, by what it is told.
pub(super) struct Subscriber {
    pub(super) servers: Vec<Client>,
    pub(super) names: Arc<Names>,
    pub(super) origin: [u8; ORIGIN],
    pub(super) me: WorkerId,
    pub(super) hints: Sender<TaskKey>,
    pub(super) interests: UnboundedReceiver<(TaskKey, bool)>,
    /// Shared by the backend and all its subscribers.
    pub(super) feeds: Arc<()>,
    /// Number of those who wait for each task.
    pub(super) awaited: HashMap<TaskKey, usize>,
    /// Hints to send.
    pub(super) pending: HashSet<TaskKey>,
}

impl Subscriber {
    /// Passes hints on until the feed is dropped. After a failure it subscribes again, a pause later.
    pub(super) async fn run(mut self) {
        let mut is_told = false;
        for turn in 0_usize.. {
            let server = &self.servers[turn % self.servers.len()];
            let connected = timeout(CONNECTS_WITHIN, server.get_async_pubsub()).await;
            let failure = match connected {
                Ok(Ok(connection)) => match self.follow(connection, &mut is_told).await {
                    Ok(()) => return,
                    Err(failure) => failure,
                },
                Ok(Err(error)) => error.into(),
                Err(_) => Failure::Silence(CONNECTS_WITHIN),
            };
            if !mem::replace(&mut is_told, true) {
                crate::heard::warn!(%failure, "hints of changes by other processes are missed until the server can be asked again");
            }
            tokio::select! {
                () = sleep(PAUSE) => {}
                () = self.hints.closed() => return,
            }
        }
    }

    async fn follow(&mut self, connection: PubSub, is_told: &mut bool) -> Result<()> {
        let (mut sink, mut stream) = connection.split();
        let mut channels = vec![self.names.queue_channel(), self.names.worker_channel(self.me)];
        channels.extend(self.awaited.keys().map(|key| self.names.task_channel(key)));
        subscribe(&sink, channels).await?;
        // What changed before is not known.
        self.pending.extend(self.awaited.keys().cloned());
        *is_told = false;
        let mut proof = interval(PROVEN);
        proof.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut takes_interests = true;
        let hints = self.hints.clone();
        loop {
            tokio::select! {
                () = hints.closed() => return Ok(()),
                message = stream.next() => {
                    let message = message.ok_or_else(|| Failure::from(lost()))?;
                    self.hear(message.get_payload_bytes());
                }
                interest = self.interests.recv(), if takes_interests => match interest {
                    Some(interest) => self.attend(interest, &sink).await?,
                    // Nobody will wait for anything in particular any more.
                    None => takes_interests = false,
                },
                permit = hints.reserve(), if !self.pending.is_empty() => {
                    let Ok(permit) = permit else { return Ok(()) };
                    if let Some(key) = self.pending.iter().next().cloned() {
                        self.pending.remove(&key);
                        permit.send(key);
                    }
                }
                _ = proof.tick() => {
                    let pong = timeout(ANSWERS_WITHIN, sink.ping::<redis::Value>()).await;
                    pong.map_err(|_| Failure::Silence(ANSWERS_WITHIN))??;
                }
            }
        }
    }

    fn hear(&mut self, message: &[u8]) {
        let Some((origin, bytes)) = message.split_at_checked(ORIGIN) else { return };
        // The backend, its only subscriber: who made the change knows of it.
        if origin == self.origin && Arc::strong_count(&self.feeds) <= 2 {
            return;
        }
        // Anybody can publish; what is no key is no hint.
        if let Ok(key) = key(bytes) {
            self.pending.insert(key);
        }
    }

    /// Takes interests, and subscribes to what is awaited from now on.
    async fn attend(&mut self, interest: (TaskKey, bool), sink: &PubSubSink) -> Result<()> {
        let mut changed = HashSet::new();
        let mut next = Some(interest);
        while let Some((key, waits)) = next {
            self.note(&key, waits, &mut changed);
            next = if changed.len() < BATCH { self.interests.try_recv().ok() } else { None };
        }
        let (begun, ended): (Vec<_>, Vec<_>) = changed.into_iter().partition(|key| self.awaited.contains_key(key));
        let channels = |keys: &[TaskKey]| keys.iter().map(|key| self.names.task_channel(key)).collect::<Vec<_>>();
        unsubscribe(sink, channels(&ended)).await?;
        subscribe(sink, channels(&begun)).await?;
        // They may have changed between the look of whoever waits and the subscription.
        self.pending.extend(begun);
        Ok(())
    }

    fn note(&mut self, key: &TaskKey, waits: bool, changed: &mut HashSet<TaskKey>) {
        let was = self.awaited.get(key).copied().unwrap_or(0);
        let now = if waits { was + 1 } else { was.saturating_sub(1) };
        if now == 0 {
            self.awaited.remove(key);
        } else {
            self.awaited.insert(key.clone(), now);
        }
        if (was == 0) != (now == 0) {
            changed.insert(key.clone());
        }
    }
}

/// Subscribes to channels, with a command for each: the client takes the first confirmation of a command for its answer.
async fn subscribe(sink: &PubSubSink, channels: Vec<Vec<u8>>) -> Result<()> {
    let commands = channels.into_iter().map(|channel| {
        let mut sink = sink.clone();
        async move { sink.subscribe(channel).await }
    });
    let done = timeout(ANSWERS_WITHIN, try_join_all(commands)).await;
    done.map_err(|_| Failure::Silence(ANSWERS_WITHIN))??;
    Ok(())
}

async fn unsubscribe(sink: &PubSubSink, channels: Vec<Vec<u8>>) -> Result<()> {
    let commands = channels.into_iter().map(|channel| {
        let mut sink = sink.clone();
        async move { sink.unsubscribe(channel).await }
    });
    let done = timeout(ANSWERS_WITHIN, try_join_all(commands)).await;
    done.map_err(|_| Failure::Silence(ANSWERS_WITHIN))??;
    Ok(())
}

fn lost() -> redis::RedisError {
    std::io::Error::from(std::io::ErrorKind::ConnectionReset).into()
}
