//! Work on large texts, apart from the threads that serve everybody.
//!
//! Reading or writing megabytes of JSON takes a thread for milliseconds, and whatever else that thread has to do would wait as
//! long. So it is done on threads for blocking work, on half of the processors at most.

use std::{
    panic::resume_unwind,
    sync::{Arc, LazyLock},
    thread::available_parallelism,
};

use pmcp_protocol::{Outcome, ToolResult};
use serde_json::Value;
use tokio::{sync::Semaphore, task::spawn_blocking};

/// The size from which a text is worked on apart, in bytes. Handing less to another thread takes longer than the work.
const LARGE: usize = 128 << 10;

static PLACES: LazyLock<Arc<Semaphore>> =
    LazyLock::new(|| Arc::new(Semaphore::new(available_parallelism().map_or(1, |all| all.get().div_ceil(2)))));

/// Does work on a text of so many bytes: here if it is small.
pub async fn apart<T: Send + 'static>(bytes: usize, work: impl FnOnce() -> T + Send + 'static) -> T {
    if bytes < LARGE {
        return work();
    }
    // Nobody closes it.
    let place = PLACES.clone().acquire_owned().await;
    let work = move || {
        // Until the work ends, be it that nobody waits for it any more.
        let _place = place;
        work()
    };
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime ends, and this with it.
            Err(_) => std::future::pending().await,
        },
    }
}

/// The length of all texts in a value, in bytes: about that of its JSON, where it is large.
#[must_use]
pub fn texts(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(list) => list.iter().map(|value| 1 + texts(value)).sum(),
        Value::Object(fields) => fields.iter().map(|(name, value)| name.len() + 4 + texts(value)).sum(),
        _ => 3,
    }
}

/// The same of an outcome.
pub(crate) fn texts_of(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Result(ToolResult { content, meta, structured, .. }) => {
            let content: usize = content.iter().map(|part| texts(part.as_value())).sum();
            content + meta.values().map(texts).sum::<usize>() + structured.as_ref().map_or(0, texts)
        }
        Outcome::Raw(value) => texts(value),
        Outcome::Error(error) => error.message.len() + error.data.as_ref().map_or(0, texts),
        Outcome::Cancelled => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::{panic::AssertUnwindSafe, thread};

    use futures_util::FutureExt as _;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn large_work_is_done_on_another_thread_and_small_work_here() {
        let here = thread::current().id();
        assert_eq!(apart(LARGE - 1, || thread::current().id()).await, here);
        assert_ne!(apart(LARGE, || thread::current().id()).await, here);
    }

    #[tokio::test]
    async fn a_panic_is_that_of_whoever_wants_the_work_done() {
        let panicking = AssertUnwindSafe(apart(LARGE, || panic!("a bug"))).catch_unwind();
        assert_eq!(panicking.await.unwrap_err().downcast_ref(), Some(&"a bug"));
        assert_eq!(apart(LARGE, || 1).await, 1);
    }

    #[test]
    fn texts_are_about_as_long_as_their_json() {
        let value = json!({ "text": "x".repeat(5000), "list": vec!["y"; 1000], "numbers": vec![123; 1000] });
        let (about, exact) = (texts(&value), value.to_string().len());
        assert!(about * 4 < exact * 5 && exact * 4 < about * 5, "{about} and {exact}");
    }
}
