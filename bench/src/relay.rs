//! A relay between a client and a server on loopback that counts how often the client waited: messages it sends after it has
//! heard something, up to the next answer, are one round trip.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// Round trips so far.
#[derive(Debug, Default)]
pub(crate) struct Trips {
    /// Of connections that work.
    worked: AtomicU32,
    /// Of those that listen to notifications, for which no caller waits.
    listened: AtomicU32,
}

impl Trips {
    /// Takes both counts, which begin anew: of what works, and of what listens.
    pub(crate) fn take(&self) -> [u32; 2] {
        [&self.worked, &self.listened].map(|count| count.swap(0, Ordering::Relaxed))
    }
}

/// A connection as both of its directions know it.
#[derive(Debug, Default)]
struct State {
    client_spoke_last: AtomicBool,
    listens: AtomicBool,
}

/// Relays to this server until the runtime ends; the address to connect to.
pub(crate) async fn start(server: SocketAddr, trips: Arc<Trips>) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let trips = trips.clone();
            tokio::spawn(async move {
                // Whoever connected sees the end of it.
                let _ = relay(client, server, trips).await;
            });
        }
    });
    Ok(address)
}

async fn relay(client: TcpStream, server: SocketAddr, trips: Arc<Trips>) -> anyhow::Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let state = Arc::new(State::default());
    let back = tokio::spawn(pass(from_server, to_client, {
        let state = state.clone();
        move |_: &[u8]| state.client_spoke_last.store(false, Ordering::Relaxed)
    }));
    let passed = pass(from_client, to_server, move |bytes: &[u8]| {
        if bytes.windows(6).any(|part| part == b"LISTEN") {
            state.listens.store(true, Ordering::Relaxed);
        }
        if !state.client_spoke_last.swap(true, Ordering::Relaxed) {
            let count = if state.listens.load(Ordering::Relaxed) { &trips.listened } else { &trips.worked };
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    passed.await?;
    back.await?
}

/// Passes on what comes, of which it tells first.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, tell: impl Fn(&[u8])) -> anyhow::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return Ok(to.shutdown().await?);
        }
        tell(&buffer[..count]);
        to.write_all(&buffer[..count]).await?;
    }
}
