//! Stands between a client and the service, and fails as networks do.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, AtomicUsize, Ordering::SeqCst},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

/// What becomes of what passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Mode {
    /// It arrives.
    Pass,
    /// Requests arrive, answers do not: the connection ends instead.
    LoseAnswers,
    /// As many answers are lost as was said, then everything arrives.
    LoseSome,
    /// As many answers arrive as was said, then none.
    LoseLater,
    /// Nothing arrives, and nobody is told.
    Hang,
    /// As many connections end at once as was said, each at a request, then everything arrives.
    CutSome,
}

/// A proxy, for as long as the runtime of its test runs.
#[derive(Clone, Debug)]
pub(super) struct Proxy {
    address: SocketAddr,
    mode: Arc<AtomicU8>,
    left: Arc<AtomicUsize>,
    calls: Arc<AtomicUsize>,
    hold: Arc<Mutex<Option<Hold>>>,
    unknown: Arc<Mutex<Option<&'static str>>>,
}

/// A call that is to wait.
#[derive(Debug)]
struct Hold {
    call: &'static str,
    skip: usize,
    reached: oneshot::Sender<()>,
    release: oneshot::Receiver<()>,
}

/// A call that waits, once it is made, until this is told or dropped.
#[derive(Debug)]
pub(super) struct Held {
    reached: oneshot::Receiver<()>,
    release: oneshot::Sender<()>,
}

impl Held {
    /// Waits until the call is made.
    pub(super) async fn reached(&mut self) {
        (&mut self.reached).await.unwrap();
    }

    pub(super) fn release(self) {
        let _ = self.release.send(());
    }
}

/// The name of an operation, as a request has it.
fn target(call: &str) -> String {
    format!("DynamoDB_20120810.{call}")
}

fn position(bytes: &[u8], text: &str) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text.as_bytes())
}

impl Proxy {
    pub(super) async fn before(endpoint: &str) -> Self {
        let target = endpoint.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            address: listener.local_addr().unwrap(),
            mode: Arc::default(),
            left: Arc::default(),
            calls: Arc::default(),
            hold: Arc::default(),
            unknown: Arc::default(),
        };
        let accepting = proxy.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(accepting.clone().carry(client, target.clone()));
            }
        });
        proxy
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn set(&self, mode: Mode) {
        self.mode.store(mode as u8, SeqCst);
    }

    /// Loses the answers to the next calls.
    pub(super) fn lose(&self, answers: usize) {
        self.left.store(answers, SeqCst);
        self.set(Mode::LoseSome);
    }

    /// Ends the connections of the next requests, before they arrive.
    pub(super) fn cut(&self, requests: usize) {
        self.left.store(requests, SeqCst);
        self.set(Mode::CutSome);
    }

    /// Lets that many answers arrive, and loses all after them.
    pub(super) fn lose_after(&self, answers: usize) {
        self.left.store(answers, SeqCst);
        self.set(Mode::LoseLater);
    }

    /// Keeps a call of this operation waiting after so many others of it.
    pub(super) fn hold(&self, call: &'static str, skip: usize) -> Held {
        let ((made, reached), (release, released)) = (oneshot::channel(), oneshot::channel());
        *self.hold.lock().unwrap() = Some(Hold { call, skip, reached: made, release: released });
        Held { reached, release }
    }

    /// Makes the service answer this operation as one that it does not know.
    pub(super) fn make_unknown(&self, call: &'static str) {
        *self.unknown.lock().unwrap() = Some(call);
    }

    /// Number of calls that were made.
    pub(super) fn calls(&self) -> usize {
        self.calls.load(SeqCst)
    }

    /// Looks at what a client sends; a call that has to wait.
    fn passes(&self, sent: &mut [u8]) -> Option<Hold> {
        if position(sent, &target("")).is_some() {
            self.calls.fetch_add(1, SeqCst);
        }
        if let Some(call) = *self.unknown.lock().unwrap()
            && let Some(at) = position(sent, &target(call))
        {
            sent[at + target(call).len() - 1] = b'_';
        }
        let mut hold = self.hold.lock().unwrap();
        let waits = hold.as_mut().filter(|hold| position(sent, &format!("{}\r\n", target(hold.call))).is_some())?;
        if waits.skip > 0 {
            waits.skip -= 1;
            return None;
        }
        hold.take()
    }

    fn is(&self, mode: Mode) -> bool {
        self.mode.load(SeqCst) == mode as u8
    }

    async fn carry(self, client: TcpStream, target: String) {
        let Ok(server) = TcpStream::connect(target).await else { return };
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let asking = self.clone();
        let asks = async move {
            let mut buffer = vec![0; 1 << 16];
            while let Ok(n @ 1..) = from_client.read(&mut buffer).await {
                if asking.is(Mode::CutSome) && asking.is_left() {
                    return;
                }
                if asking.is(Mode::Hang) {
                    std::future::pending::<()>().await;
                }
                if let Some(hold) = asking.passes(&mut buffer[..n]) {
                    hold.reached.send(()).unwrap();
                    // A test that ends releases it.
                    let _ = hold.release.await;
                }
                if to_server.write_all(&buffer[..n]).await.is_err() {
                    return;
                }
            }
        };
        let answers = async move {
            let mut buffer = vec![0; 1 << 16];
            while let Ok(n @ 1..) = from_server.read(&mut buffer).await {
                let is_lost = self.is(Mode::LoseAnswers)
                    || self.is(Mode::LoseSome) && self.is_left()
                    || self.is(Mode::LoseLater) && !self.is_left();
                if is_lost {
                    return;
                }
                if to_client.write_all(&buffer[..n]).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = asks => {}
            () = answers => {}
        }
    }

    /// Counts one answer or request, if there are still some to count.
    fn is_left(&self) -> bool {
        self.left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok()
    }
}
