//! `subscriptions/listen` for tasks (2026-07-28): their states as they change.

use std::{
    collections::HashSet,
    fmt,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{
    FutureExt as _, Stream, StreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream, FuturesUnordered},
};
use serde_json::Value;

use super::{
    digest,
    request::{RequestCx, shown},
};
use crate::{
    engine::Engine,
    panics,
    protocol::{Revision, RpcError, params as parse, params::ListenParams},
    store::backend::{Digest, Parts, TaskKey},
    task::{Task, Watch},
    time::Millis,
};

/// The time after which a task is looked at again whose reading panicked.
const AFTER_PANIC: Duration = Duration::from_secs(1);

/// The states of the tasks somebody listens to, each as the `params` of `notifications/tasks`.
///
/// A state is read when it is asked for: who is slow gets the latest one of each task, and what came between is not kept.
/// It ends when every task has ended, or the server has stopped. Dropping it ends the subscription.
pub struct Subscription {
    accepted: Vec<String>,
    states: BoxStream<'static, Value>,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("accepted", &self.accepted).finish_non_exhaustive()
    }
}

impl Subscription {
    /// The ids that are listened to, for the acknowledgement: those of the caller's tasks.
    #[must_use]
    pub fn accepted(&self) -> &[String] {
        &self.accepted
    }
}

impl Stream for Subscription {
    type Item = Value;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Value>> {
        self.states.poll_next_unpin(cx)
    }
}

/// Begins to listen to the tasks a `subscriptions/listen` request names; `None` if it names none.
///
/// # Errors
/// The parameters do not fit, or the client did not declare the extension.
pub(super) async fn listen(rq: RequestCx<'_>) -> Result<Option<Subscription>, RpcError> {
    let ListenParams { notifications } = parse(rq.params)?;
    let Some(ids) = notifications.task_ids else { return Ok(None) };
    rq.declared()?;
    let max = rq.engine.limits().subscribed_tasks;
    if ids.len() > max {
        return Err(RpcError::invalid_params(format!("{} tasks are named; {max} are allowed", ids.len())));
    }
    let listening = Listening { engine: rq.engine.clone(), revision: rq.cx.revision, tasks: FuturesUnordered::new() };
    let mut accepted = Vec::new();
    let mut seen = HashSet::new();
    for id in ids {
        // Watched before it is read, so that no change in between is missed.
        let Ok(key) = rq.key_of(&id) else { continue };
        let watch = rq.engine.store().watch(&key);
        let Some(expires) = listened(rq, &id).await? else { continue };
        if seen.insert(key.id) {
            let followed = Followed { key, watch, expires, told: None };
            listening.tasks.push(std::future::ready(followed).boxed());
            accepted.push(id);
        }
    }
    let states = stream::unfold(listening, |mut listening| async { Some((listening.next().await?, listening)) });
    Ok(Some(Subscription { accepted, states: states.fuse().boxed() }))
}

/// The time when a task of the caller's expires.
async fn listened(rq: RequestCx<'_>, id: &str) -> Result<Option<Millis>, RpcError> {
    let (Some(owner), Ok(id)) = (rq.cx.caller.owner(), id.parse()) else { return Ok(None) };
    let task = rq.engine.store().get(owner, id).await?;
    Ok(task.filter(|task| task.head.hidden.is_none() && rq.permits(task)).map(|task| task.stored.expires))
}

/// The tasks of a subscription that have not ended, each as the wait until it may have changed.
struct Listening {
    engine: Arc<Engine>,
    revision: Revision,
    tasks: FuturesUnordered<BoxFuture<'static, Followed>>,
}

/// A task somebody listens to.
struct Followed {
    key: TaskKey,
    watch: Watch,
    expires: Millis,
    /// The digest of the state that was told last: states may be large, and are not kept.
    told: Option<Digest>,
}

impl Listening {
    /// The next state that has not been told; `None` if there will be none.
    async fn next(&mut self) -> Option<Value> {
        let (engine, revision) = (self.engine.clone(), self.revision);
        loop {
            let mut task = tokio::select! {
                biased;
                task = self.tasks.next() => task?,
                () = engine.host.stopped() => return None,
            };
            let id = task.key.id;
            let news = match AssertUnwindSafe(news(&engine, revision, &mut task)).catch_unwind().await {
                Ok(news) => news,
                Err(panic) => {
                    crate::heard::error!(task = %id, panic = panics::text(&*panic), "reading a task for a subscriber panicked");
                    self.wait(task, AFTER_PANIC);
                    continue;
                }
            };
            match news {
                News::State { params, is_last } => {
                    if !is_last {
                        self.wait(task, Duration::MAX);
                    }
                    return Some(params);
                }
                News::None => self.wait(task, Duration::MAX),
                News::Gone => {}
            }
        }
    }

    /// Looks at the task again when it may have changed, be it that it expires, and after this time.
    fn wait(&self, mut task: Followed, most: Duration) {
        let engine = self.engine.clone();
        let waiting = async move {
            tokio::select! {
                biased;
                () = task.watch.changed() => {}
                () = engine.host.clock().sleep(engine.host.now().until(task.expires).min(most)) => {}
            }
            task
        };
        self.tasks.push(waiting.boxed());
    }
}

/// Reads the task.
async fn news(engine: &Engine, revision: Revision, followed: &mut Followed) -> News {
    let parts = Parts::BODY | Parts::VARIABLES | Parts::OUTCOME;
    let task = match engine.store().read(&followed.key, parts).await {
        Ok(Some(task)) => task,
        Ok(None) => return News::Gone,
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(task = %followed.key.id, error, "a subscriber is no longer told about a task");
            return News::Gone;
        }
    };
    followed.expires = task.stored.expires;
    let Ok(variables) = shown(engine, &task) else { return News::Gone };
    let told = seen(&task, &variables);
    if followed.told.replace(told) == Some(told) {
        return News::None;
    }
    let (_, params) = revision.task_notification(&task.view(engine.host.now()), variables);
    News::State { params, is_last: task.status().is_terminal() }
}

/// Finding of a look at a task.
enum News {
    /// A state that was not told yet.
    State { params: Value, is_last: bool },
    /// It is as it was told.
    None,
    /// It is there no more, or cannot be read.
    Gone,
}

/// The digest of what a listener sees of a task, beside what follows from it.
fn seen(task: &Task, shown: &impl serde::Serialize) -> Digest {
    let seen = serde_json::to_vec(&(task.status(), task.message(), task.inputs(), shown));
    // It always serialises: keys are texts.
    digest::of_parts([seen.unwrap_or_default().as_slice()])
}
