//! Changes of lists, told to the clients of sessions (2025-11-25 and before).
//!
//! A session follows them from when it is known here. What changes while none of its streams is open is told on the next one, once.

use std::sync::Arc;

use pmcp_protocol::message;
use pmcp_tasks::{
    call::Caller,
    changes::{FollowedLists, Lists},
};
use serde_json::json;

use crate::{panics::guarded, service::Service, session::Session};

/// Tells the client of a session, which is this caller's, of lists that change from now on; once is enough.
pub(crate) fn follow(service: &Service, session: &Arc<Session>, caller: &Caller) {
    let lists = service.changing_lists();
    if lists.is_empty() {
        return;
    }
    session.following_lists.call_once(|| {
        let (session, router, caller) = (session.clone(), service.router.clone(), caller.clone());
        let clock = router.store().clock().clone();
        // From now on, not only once it is polled.
        let mut first = Some(router.follow_lists(&caller));
        let telling = move || {
            let followed = first.take().unwrap_or_else(|| router.follow_lists(&caller));
            tell(session.clone(), followed, lists)
        };
        tokio::spawn(guarded("telling a session of changed lists", clock, telling));
    });
}

async fn tell(session: Arc<Session>, mut followed: FollowedLists, lists: Lists) {
    let telling = async {
        while let Some(mut changed) = followed.next(lists).await {
            while !changed.is_empty() {
                let stream = session.some_stream(None).await;
                if !stream.has_room().await {
                    continue;
                }
                changed.add(followed.now(lists));
                for list in changed.iter() {
                    if !stream.send(&message::notification(list.notification(), json!({}))).await {
                        break;
                    }
                    changed.remove(list);
                }
            }
        }
    };
    tokio::select! {
        () = telling => {}
        () = session.ended.cancelled() => {}
    }
}
