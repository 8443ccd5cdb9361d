//! A way to a server that can be cut, that loses answers, or that falls silent.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use pmcp_tasks::store::RedisBackend;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::{SERVER, prefix};

/// A relay on loopback. Connections end with it.
#[derive(Clone)]
pub(super) struct Relay {
    pub(super) address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// The connections of each number are cut when it changes.
    cut: watch::Sender<u32>,
    /// Number of answers that are lost from now on; the connection is cut in their place.
    lost: AtomicU32,
    /// Answers with these bytes are lost, so many times.
    lost_word: Mutex<(&'static [u8], u32)>,
    is_silent: AtomicBool,
    connections: AtomicU32,
}

impl Relay {
    /// A relay to a server, such as `127.0.0.1:6379`.
    pub(super) async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay = Self { address: listener.local_addr().unwrap(), state: Arc::default() };
        let (state, server) = (relay.state.clone(), server.to_owned());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                state.connections.fetch_add(1, Ordering::Relaxed);
                let server = TcpStream::connect(&server).await.unwrap();
                tokio::spawn(relay_between(client, server, state.clone()));
            }
        });
        relay
    }

    /// Cuts all connections there are.
    pub(super) fn cut(&self) {
        self.state.cut.send_modify(|cut| *cut += 1);
    }

    /// Loses the next answers: the server gets what is asked, and the connection is cut in place of its answer.
    pub(super) fn lose(&self, answers: u32) {
        self.state.lost.store(answers, Ordering::Relaxed);
    }

    /// Loses the next answers that have these bytes.
    pub(super) fn lose_what_has(&self, word: &'static [u8], answers: u32) {
        *self.state.lost_word.lock().unwrap() = (word, answers);
    }

    /// Passes nothing on, and holds the connections open; or goes on.
    pub(super) fn silence(&self, is_silent: bool) {
        self.state.is_silent.store(is_silent, Ordering::Relaxed);
    }

    /// Number of connections that were made.
    pub(super) fn connections(&self) -> u32 {
        self.state.connections.load(Ordering::Relaxed)
    }
}

impl State {
    fn loses(&self, answer: &[u8]) -> bool {
        let mut lost = self.lost_word.lock().unwrap();
        let (word, left) = *lost;
        let is_lost = left > 0 && answer.windows(word.len()).any(|part| part == word);
        lost.1 -= u32::from(is_lost);
        is_lost
    }
}

async fn relay_between(client: TcpStream, server: TcpStream, state: Arc<State>) {
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let mut cut = state.cut.subscribe();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let forth = async {
        let mut buffer = vec![0; 1 << 16];
        loop {
            match from_client.read(&mut buffer).await {
                Ok(n) if n > 0 => {
                    if !state.is_silent.load(Ordering::Relaxed) && to_server.write_all(&buffer[..n]).await.is_err() {
                        return;
                    }
                }
                _ => return,
            }
        }
    };
    let back = async {
        let mut buffer = vec![0; 1 << 16];
        loop {
            match from_server.read(&mut buffer).await {
                Ok(n) if n > 0 => {
                    let lost =
                        state.lost.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |lost| lost.checked_sub(1));
                    let is_silent = state.is_silent.load(Ordering::Relaxed);
                    if lost.is_ok()
                        || state.loses(&buffer[..n])
                        || !is_silent && to_client.write_all(&buffer[..n]).await.is_err()
                    {
                        return;
                    }
                }
                _ => return,
            }
        }
    };
    tokio::select! {
        () = forth => {}
        () = back => {}
        _ = cut.changed() => {}
    }
}

/// The address of the shared server.
pub(super) fn shared() -> String {
    std::env::var(SERVER).unwrap().strip_prefix("redis://").unwrap().to_owned()
}

/// A relay to the shared server, and an empty store behind it.
pub(super) async fn relayed() -> (Relay, RedisBackend) {
    let relay = Relay::to(&shared()).await;
    let backend = RedisBackend::connect(&format!("redis://{}?prefix={}", relay.address, prefix())).await.unwrap();
    (relay, backend)
}
