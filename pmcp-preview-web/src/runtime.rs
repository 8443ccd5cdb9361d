//! The event loop of a page as the executor of a client.

use std::time::Duration;

use futures_util::future::BoxFuture;
use js_sys::Promise;
use pmcp_client::Runtime;
use tokio::sync::oneshot;
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// The event loop of the page.
#[derive(Debug)]
pub(crate) struct EventLoop;

impl Runtime for EventLoop {
    fn spawn(&self, future: BoxFuture<'static, ()>) {
        spawn_local(future);
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        let (over, is_over) = oneshot::channel();
        spawn_local(wait(time, over));
        Box::pin(async move {
            // Without a page there is nobody to wait for.
            let _ = is_over.await;
        })
    }
}

/// Waits, unless nobody does any more.
async fn wait(time: Duration, mut over: oneshot::Sender<()>) {
    let Some(window) = web_sys::window() else { return };
    // A timer takes 31 bits: some 25 days, longer than which nobody waits here.
    let milliseconds = i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
    let mut timer = None;
    let rung = JsFuture::from(Promise::new(&mut |ring, _| {
        timer = window.set_timeout_with_callback_and_timeout_and_arguments_0(&ring, milliseconds).ok();
    }));
    tokio::select! {
        biased;
        () = over.closed() => {
            if let Some(timer) = timer {
                window.clear_timeout_with_handle(timer);
            }
            return;
        }
        _ = rung => {}
    }
    // It may have been given up at this moment.
    let _ = over.send(());
}
