//! Bodies that have to come in time.

use std::{
    error::Error,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{BoxError, body::Bytes};
use hyper::body::{Body, Frame, SizeHint};
use pmcp_tasks::time::{Clock, Sleep};

/// A body that fails once it has let others wait for longer than it may.
pub(super) struct InTime<B> {
    body: B,
    clock: Arc<dyn Clock>,
    most: Duration,
    /// Begun when something is waited for: most bodies come with the head, and need no timer.
    late: Option<Sleep>,
}

impl<B> InTime<B> {
    pub(super) fn new(body: B, clock: Arc<dyn Clock>, most: Duration) -> Self {
        Self { body, clock, most, late: None }
    }
}

impl<B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin> Body for InTime<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let late = this.late.get_or_insert_with(|| this.clock.sleep(this.most));
        late.as_mut().poll(cx).map(|()| Some(Err(TooLate.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The reason why a body broke off.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the body did not come in time")]
struct TooLate;

/// Tells whether a body could not be read because it did not come in time.
pub(super) fn is_too_late(error: &(dyn Error + 'static)) -> bool {
    error.is::<TooLate>() || error.source().is_some_and(is_too_late)
}
