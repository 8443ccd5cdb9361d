//! What the instances of a server tell each other about a session: where its client has a stream, there it hears of the tasks that its calls
//! created anywhere; and an answer that comes to one instance gets to the one that asked.
//!
//! They leave notes on the session's [`Board`], in the store they share. Only a server with [session
//! keys](crate::Server::session_keys) does: without, nobody else goes on with its sessions.

use std::{collections::HashSet, sync::Arc, time::Duration};

use pmcp_tasks::{call::CallContext, router::Board};

use super::endpoint::Http;
use crate::{answered::TAKING_IN, legacy::LegacySession, outbox::Outbox, passing::note};

/// The time between two looks at the board of a session with a stream and without tasks: it costs a read each.
const LOOK: Duration = Duration::from_secs(5);

/// Tells the client about the session's tasks for as long as it reads this stream. Of several streams one looks for all: a client can open
/// thousands.
pub(super) async fn follow(
    http: Arc<Http>,
    session: Arc<LegacySession>,
    board: Board,
    cx: CallContext,
    stream: Outbox,
) {
    let clock = http.service.router.store().clock();
    let following = async {
        let _turn = session.session.attending.lock().await;
        // Watched only while a task is under way: a watch has the store looked at often.
        let (mut watch, mut known) = (None, HashSet::new());
        loop {
            let is_under_way = look(&http, &session, &board, &cx, &mut known).await;
            match &mut watch {
                None if is_under_way => {
                    watch = Some(board.watch());
                    continue;
                }
                _ if !is_under_way => watch = None,
                _ => {}
            }
            let changed = async {
                match &mut watch {
                    Some(watch) => watch.changed().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = changed => {}
                () = session.session.looked_for_tasks() => {}
                () = clock.sleep(LOOK) => {}
            }
        }
    };
    tokio::select! {
        () = following => {}
        () = stream.closed() => {}
        () = session.session.ended.cancelled() => {}
    }
}

/// Looks at the notes, and tells whether a task is under way.
async fn look(
    http: &Http,
    session: &LegacySession,
    board: &Board,
    cx: &CallContext,
    known: &mut HashSet<String>,
) -> bool {
    let failed = |error| {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "a session's stream may not hear of tasks that were created elsewhere");
    };
    let notes = match board.read().await {
        Ok(notes) => notes,
        Err(error) => {
            failed(error);
            return false;
        }
    };
    if notes.contains_key(note::ENDED) {
        http.sessions.end(session);
        return false;
    }
    if let Some(level) = notes.get(note::LEVEL).and_then(|level| serde_json::from_value(level.clone()).ok()) {
        session.session.set_log_level(level);
    }
    let tasks: Vec<_> = notes.into_keys().filter(|name| name.starts_with(note::TASK)).collect();
    if tasks.iter().any(|name| !known.contains(name)) {
        // The response from which the client knows the task is only just on its way.
        http.service.router.store().clock().sleep(2 * TAKING_IN).await;
    }
    let (mut is_under_way, mut over) = (false, Vec::new());
    for name in &tasks {
        match http.service.router.attend(name.strip_prefix(note::TASK).unwrap_or(name), cx).await {
            Ok(true) => is_under_way = true,
            Ok(false) => over.push(name.clone()),
            Err(error) => failed(error),
        }
    }
    *known = tasks.into_iter().collect();
    if !over.is_empty()
        && let Err(error) = board.take(over).await
    {
        failed(error);
    }
    is_under_way
}
