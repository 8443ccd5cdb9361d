//! Stands between a client and the service, and fails as networks do.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicUsize, Ordering::SeqCst},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
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
    /// Connections end at once.
    Cut,
}

/// A proxy, for as long as the runtime of its test runs.
#[derive(Clone, Debug)]
pub(super) struct Proxy {
    address: SocketAddr,
    mode: Arc<AtomicU8>,
    left: Arc<AtomicUsize>,
}

impl Proxy {
    pub(super) async fn before(endpoint: &str) -> Self {
        let target = endpoint.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self { address: listener.local_addr().unwrap(), mode: Arc::default(), left: Arc::default() };
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

    /// Lets that many answers arrive, and loses all after them.
    pub(super) fn lose_after(&self, answers: usize) {
        self.left.store(answers, SeqCst);
        self.set(Mode::LoseLater);
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
                if asking.is(Mode::Cut) {
                    return;
                }
                if asking.is(Mode::Hang) {
                    std::future::pending::<()>().await;
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

    /// Counts one answer, if there are still some to count.
    fn is_left(&self) -> bool {
        self.left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok()
    }
}
