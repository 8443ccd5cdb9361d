//! Streams that a client comes back to (2025-11-25 and before; transports, "Resumability and Redelivery").
//!
//! A stream and the connection that reads it are two things. The stream has the messages, each with a number, and keeps the latest of them;
//! whoever reads it may leave and come back with the id of the last event that it saw. Ids are looked up among the streams of one session,
//! which is one caller's: that of another one names nothing. What is kept is bounded for a session and for all, and so is the time in
//! which nobody reads: then the stream is dropped, which its sender sees as it sees any other that nobody reads.

mod event_id;

use std::{
    collections::{BTreeSet, VecDeque},
    hash::{BuildHasher as _, RandomState},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use futures_util::Stream;
use parking_lot::Mutex;
use pmcp_tasks::time::Clock;
use tokio::sync::{mpsc, watch};

use self::event_id::{CALL, LISTENING};
use crate::{
    outbox::{Budget, Kind, Marked, Outbox, Outgoing},
    shares::{Share, Sharer, Shares},
};

/// The time after which a client is to come back, if nothing keeps it from that.
const RETRY: Duration = Duration::from_secs(1);

/// The streams of one session that are kept, those that are read among them.
const MAX_STREAMS: usize = 64;

/// The bytes that are kept for one session.
const MAX_BYTES: usize = 4 << 20;

/// Those of one stream, unless a single message has more: one that tells much for hours leaves others their part.
const MOST_OF_ONE: usize = MAX_BYTES / 2;

/// The bytes of a stream beside its messages: sessions cost nothing to begin, and each may leave some.
const STREAM: usize = 1 << 10;

/// The bytes of a scope beside its text.
const SCOPE: usize = 32;

/// The bytes of an event beside its message.
const EVENT: usize = 128;

/// The bounds of what is kept for clients that come back.
#[derive(Clone, Debug)]
pub(crate) struct Keeping {
    /// The time in which nobody has to read a stream.
    pub(crate) time: Duration,
    /// The bytes of all sessions together.
    pub(crate) budget: Budget,
}

/// The streams of a session that its client may come back to.
#[derive(Debug)]
pub(crate) struct Resumables {
    clock: Arc<dyn Clock>,
    keeping: Keeping,
    /// The bytes of this session.
    bytes: Arc<Shares>,
    /// In the order in which they began.
    streams: Mutex<VecDeque<Arc<Resumable>>>,
}

/// The stream that a client wants to go on with.
#[derive(Debug)]
pub(crate) enum Resumed {
    /// That of a call.
    Call(Reader),
    /// The session's own, which takes its messages from here on.
    Listening(Reader, Outbox),
    /// One of the session's own that is not there any more: a new one takes its place, and what was missed is lost.
    Anew,
    /// One of a call that is not there any more, or of which something is missing; or no id of an event.
    Gone,
}

/// A stream that is new.
#[derive(Debug)]
pub(crate) struct Begun {
    /// Told whether somebody reads.
    pub(crate) presence: watch::Sender<bool>,
    pub(crate) first: Option<Outgoing>,
    pub(crate) receiver: mpsc::Receiver<Outgoing>,
    /// The way into it, if it is the session's own.
    pub(crate) listening: Option<Outbox>,
    /// Set if its client knows an event without a message.
    pub(crate) is_primed: bool,
    /// The scopes of its caller.
    pub(crate) scopes: Scopes,
}

/// The scopes with which somebody calls: what they got with some they do not get again with fewer.
pub(crate) type Scopes = BTreeSet<String>;

impl Resumables {
    pub(crate) fn new(clock: Arc<dyn Clock>, keeping: Keeping) -> Self {
        Self { clock, keeping, bytes: Shares::new(MAX_BYTES), streams: Mutex::default() }
    }

    /// Makes a stream one that the client may come back to. It is given back where there is no room for one more.
    pub(crate) fn begin(&self, begun: Begun) -> Result<Reader, Box<Begun>> {
        if self.keeping.time.is_zero() {
            return Err(begun.into());
        }
        let mut streams = self.streams.lock();
        make_room(&mut streams);
        if streams.len() >= MAX_STREAMS {
            return Err(begun.into());
        }
        let Budget { bytes, sharer } = &self.keeping.budget;
        let size = STREAM + begun.scopes.iter().map(|scope| scope.len() + SCOPE).sum::<usize>();
        let Some(share) = bytes.take(*sharer, size) else { return Err(begun.into()) };
        let Begun { presence, first, receiver, listening, is_primed, scopes } = begun;
        let kind = if listening.is_some() { LISTENING } else { CALL };
        // Not to be guessed, and no number of another process that serves the session.
        let id = RandomState::new().hash_one(streams.len());
        let state = State {
            listening,
            first,
            receiver: Some(receiver),
            kept: VecDeque::new(),
            bytes: 0,
            next: 1,
            turn: 0,
            waker: None,
            presence,
            left: None,
        };
        let (clock, budget) = (self.clock.clone(), self.keeping.budget.clone());
        let (bytes, state) = (self.bytes.clone(), Mutex::new(state));
        let stream = Arc::new(Resumable { kind, id, scopes, clock, budget, bytes, state, _share: share });
        streams.push_back(stream.clone());
        Ok(Reader { stream, turn: 0, next: 1, primes: is_primed })
    }

    /// Goes on with the stream of this event, after it. Whoever reads that stream does not any more. For a caller with fewer scopes than it began
    /// with it is not there: what it holds may be of something that they do not let in.
    pub(crate) fn resume(&self, event: &str, scopes: &Scopes) -> Resumed {
        let Some((kind, id, number)) = event_id::read(event) else { return Resumed::Gone };
        let missing = if kind == LISTENING { Resumed::Anew } else { Resumed::Gone };
        let stream = {
            let streams = self.streams.lock();
            streams.iter().find(|stream| (stream.kind, stream.id) == (kind, id)).cloned()
        };
        let is_there = |it: &Arc<Resumable>| it.is_there(self.keeping.time) && it.scopes.is_subset(scopes);
        let Some(stream) = stream.filter(is_there) else { return missing };
        let Some(next) = number.checked_add(1) else { return missing };
        let mut state = stream.state.lock();
        if next < state.earliest() || next > state.next {
            return missing;
        }
        state.turn += 1;
        state.left = None;
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
        let outbox = state.listening.as_ref().map(Outbox::renewed);
        let listening = if let Some((outbox, presence)) = outbox {
            // What was told to the one before is that it is over.
            state.presence.send_replace(false);
            state.presence = presence;
            Some(outbox)
        } else {
            state.presence.send_replace(true);
            None
        };
        let turn = state.turn;
        drop(state);
        let reader = Reader { stream, turn, next, primes: false };
        match listening {
            Some(outbox) => Resumed::Listening(reader, outbox),
            None => Resumed::Call(reader),
        }
    }

    /// Forgets the streams that nobody has read for as long as they are kept.
    pub(crate) fn forget(&self) {
        self.streams.lock().retain(|stream| stream.is_there(self.keeping.time));
    }
}

/// Forgets streams that have ended, the earliest first, while they take more than half of what there is.
fn make_room(streams: &mut VecDeque<Arc<Resumable>>) {
    loop {
        let bytes: usize = streams.iter().map(|stream| stream.bytes_kept()).sum();
        if streams.len() < MAX_STREAMS && bytes <= MAX_BYTES / 2 {
            return;
        }
        let is_over = |stream: &Arc<Resumable>| stream.has_ended();
        let least = streams.iter().position(is_over).or_else(|| {
            let is_full = streams.len() >= MAX_STREAMS;
            streams.iter().position(|stream| stream.left().is_some()).filter(|_| is_full)
        });
        let Some(least) = least else { return };
        streams.remove(least);
    }
}

/// A stream.
#[derive(Debug)]
struct Resumable {
    kind: char,
    id: u64,
    scopes: Scopes,
    clock: Arc<dyn Clock>,
    budget: Budget,
    bytes: Arc<Shares>,
    state: Mutex<State>,
    /// What it takes itself of the bytes of all.
    _share: Share,
}

#[derive(Debug)]
struct State {
    listening: Option<Outbox>,
    first: Option<Outgoing>,
    /// `None` after the last message.
    receiver: Option<mpsc::Receiver<Outgoing>>,
    /// The latest messages, up to that before `next`.
    kept: VecDeque<Kept>,
    /// What these take.
    bytes: usize,
    /// The number of the next message.
    next: u64,
    /// Counts those who read it: the last of them does.
    turn: u64,
    waker: Option<Waker>,
    presence: watch::Sender<bool>,
    /// The time since which nobody reads.
    left: Option<Duration>,
}

/// A message that was sent.
#[derive(Debug)]
struct Kept {
    text: String,
    size: usize,
    /// Of the session's bytes, and of those of all.
    _shares: (Share, Share),
}

impl State {
    /// The number of the earliest message that is kept.
    fn earliest(&self) -> u64 {
        self.next - self.kept.len() as u64
    }

    /// Forgets the earliest message; tells whether there was one.
    fn forget_one(&mut self) -> bool {
        let earliest = self.kept.pop_front();
        self.bytes -= earliest.as_ref().map_or(0, |kept| kept.size);
        earliest.is_some()
    }
}

impl Resumable {
    fn event_id(&self, number: u64) -> String {
        event_id::write(self.kind, self.id, number)
    }

    fn bytes_kept(&self) -> usize {
        self.state.lock().bytes
    }

    fn has_ended(&self) -> bool {
        let state = self.state.lock();
        state.receiver.is_none() && state.left.is_some()
    }

    /// The time since which nobody reads.
    fn left(&self) -> Option<Duration> {
        self.state.lock().left
    }

    fn is_there(&self, time: Duration) -> bool {
        self.left().is_none_or(|left| self.clock.monotonic().saturating_sub(left) < time)
    }

    /// Keeps a message, in the place of earlier ones if it has to be; one that takes too much is not kept, and nothing before it.
    fn keep(&self, state: &mut State, text: &str) {
        let size = text.len() + EVENT;
        while state.bytes + size > MOST_OF_ONE && state.forget_one() {}
        loop {
            let own = self.bytes.take(Sharer::EVERYBODY, size);
            let all = own.and_then(|own| Some((own, self.budget.bytes.take(self.budget.sharer, size)?)));
            if let Some(shares) = all {
                state.bytes += size;
                return state.kept.push_back(Kept { text: text.to_owned(), size, _shares: shares });
            }
            if !state.forget_one() {
                return;
            }
        }
    }
}

/// Somebody who reads a stream, until this is dropped or somebody else does.
#[derive(Debug)]
pub(crate) struct Reader {
    stream: Arc<Resumable>,
    turn: u64,
    /// The number of the next message that it gets.
    next: u64,
    /// Set until it has the event that a client comes back with if it gets no other.
    primes: bool,
}

impl Stream for Reader {
    type Item = Marked;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Marked>> {
        let this = self.get_mut();
        let stream = this.stream.clone();
        let mut state = stream.state.lock();
        if state.turn != this.turn {
            return Poll::Ready(None);
        }
        if std::mem::take(&mut this.primes) {
            return Poll::Ready(Some(Marked::priming(stream.event_id(this.next - 1), RETRY)));
        }
        let (id, number) = (stream.event_id(this.next), this.next);
        if number < state.next {
            let at = number.checked_sub(state.earliest()).and_then(|at| usize::try_from(at).ok());
            let Some(kept) = at.and_then(|at| state.kept.get(at)) else { return Poll::Ready(None) };
            this.next += 1;
            // It is counted where it is kept.
            let outgoing = Outgoing { text: kept.text.clone(), kind: Kind::Message, share: None };
            return Poll::Ready(Some(Marked { outgoing, id: Some(id), retry: None }));
        }
        let outgoing = match (state.first.take(), &mut state.receiver) {
            (Some(first), _) => Poll::Ready(Some(first)),
            (None, Some(receiver)) => receiver.poll_recv(cx),
            (None, None) => Poll::Ready(None),
        };
        match outgoing {
            Poll::Pending => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
            Poll::Ready(None) => {
                state.receiver = None;
                Poll::Ready(None)
            }
            Poll::Ready(Some(Outgoing { kind: Kind::Parting, .. })) => Poll::Ready(None),
            Poll::Ready(Some(outgoing)) => {
                if outgoing.kind.ends() {
                    state.receiver = None;
                }
                stream.keep(&mut state, &outgoing.text);
                state.next += 1;
                this.next += 1;
                Poll::Ready(Some(Marked { outgoing, id: Some(id), retry: None }))
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut state = self.stream.state.lock();
        if state.turn == self.turn {
            state.left = Some(self.stream.clock.monotonic());
            state.waker = None;
            state.presence.send_replace(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use pmcp_tasks::testing::ManualClock;
    use serde_json::json;

    use super::*;

    const TIME: Duration = Duration::from_secs(60);
    const ALL: usize = 1000;

    fn resumables() -> (Resumables, ManualClock, Arc<Shares>) {
        of(ALL + STREAM)
    }

    /// Those of a server that keeps so many bytes.
    fn of(bytes: usize) -> (Resumables, ManualClock, Arc<Shares>) {
        let (clock, kept) = (ManualClock::new(), Shares::new(bytes));
        let budget = Budget { bytes: kept.clone(), sharer: Sharer::EVERYBODY };
        (Resumables::new(Arc::new(clock.clone()), Keeping { time: TIME, budget }), clock, kept)
    }

    fn begin(resumables: &Resumables) -> Option<(Outbox, Reader)> {
        let (sender, receiver) = mpsc::channel(4);
        let (presence, present) = watch::channel(true);
        let budget = Budget { bytes: Shares::new(1 << 20), sharer: Sharer::EVERYBODY };
        let begun = Begun { presence, first: None, receiver, listening: None, is_primed: true, scopes: Scopes::new() };
        let reader = resumables.begin(begun).ok()?;
        Some((Outbox::new(sender, None, budget).with_presence(present), reader))
    }

    async fn id(reader: &mut Reader) -> String {
        reader.next().await.unwrap().id.unwrap()
    }

    #[tokio::test]
    async fn what_is_kept_takes_room_until_the_time_is_over() {
        let (resumables, clock, kept) = resumables();
        let is_free = || kept.take(Sharer::EVERYBODY, ALL + STREAM).is_some();
        let (outbox, mut reader) = begin(&resumables).unwrap();
        let first = id(&mut reader).await;
        outbox.offer(&json!("a message"));
        let second = id(&mut reader).await;
        assert!(!is_free() && !outbox.is_closed());
        drop(reader);
        assert!(outbox.is_closed() && !outbox.is_lost());
        clock.advance(TIME / 2).await;
        resumables.forget();
        let Resumed::Call(mut reader) = resumables.resume(&first, &Scopes::new()) else { panic!("it is there") };
        assert_eq!(id(&mut reader).await, second);
        assert!(!outbox.is_closed());
        drop(reader);
        clock.advance(TIME).await;
        // Before anybody has looked, too.
        assert!(matches!(resumables.resume(&first, &Scopes::new()), Resumed::Gone));
        resumables.forget();
        assert!(outbox.is_lost() && is_free());
    }

    #[tokio::test]
    async fn a_message_there_is_no_room_for_is_sent_all_the_same_and_cannot_be_had_again() {
        let (resumables, _, _) = resumables();
        let (outbox, mut reader) = begin(&resumables).unwrap();
        let first = id(&mut reader).await;
        outbox.offer(&json!("x".repeat(ALL)));
        assert_eq!(reader.next().await.unwrap().outgoing.text.len(), ALL + 2);
        outbox.offer(&json!("small"));
        let last = id(&mut reader).await;
        assert!(matches!(resumables.resume(&first, &Scopes::new()), Resumed::Gone));
        assert!(matches!(resumables.resume(&last, &Scopes::new()), Resumed::Call(_)));
    }

    #[tokio::test]
    async fn a_session_has_so_many_streams_of_which_those_that_ended_give_way() {
        let (resumables, _, _) = of(MAX_STREAMS * STREAM);
        let mut open: Vec<_> = (0..MAX_STREAMS).map(|_| begin(&resumables).unwrap()).collect();
        assert!(begin(&resumables).is_none());
        // It is over: nobody sends any more, and whoever read it has seen that.
        let (outbox, mut reader) = open.remove(7);
        drop(outbox);
        let last = id(&mut reader).await;
        assert!(reader.next().await.is_none());
        drop(reader);
        assert!(begin(&resumables).is_some());
        assert!(matches!(resumables.resume(&last, &Scopes::new()), Resumed::Gone));
    }

    #[tokio::test]
    async fn one_stream_that_tells_much_leaves_the_others_their_part() {
        let (resumables, _, _) = of(2 * MAX_BYTES);
        let (loud, mut hears) = begin(&resumables).unwrap();
        let (calm, mut reader) = begin(&resumables).unwrap();
        hears.next().await.unwrap();
        for _ in 0..10 {
            loud.offer(&json!("x".repeat(MAX_BYTES / 8)));
            hears.next().await.unwrap();
        }
        let first = id(&mut reader).await;
        calm.offer(&json!("a message"));
        let second = id(&mut reader).await;
        let Resumed::Call(mut reader) = resumables.resume(&first, &Scopes::new()) else { panic!("it is there") };
        assert_eq!(id(&mut reader).await, second);
    }

    #[tokio::test]
    async fn streams_take_room_though_they_tell_nothing() {
        let (resumables, _, kept) = of(2 * STREAM);
        let open: Vec<_> = std::iter::from_fn(|| begin(&resumables)).collect();
        assert_eq!(open.len(), 2);
        drop((open, resumables));
        assert!(kept.take(Sharer::EVERYBODY, 2 * STREAM).is_some());
    }
}
