//! One address before several servers: each request goes to the next of them, whoever sent the one before.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    time::sleep,
};

/// The longest head of a request, in bytes.
const MAX_HEAD: usize = 64 << 10;

/// A load balancer that knows of no sessions. A server that takes no connection is passed over; a connection whose server dies ends.
pub(crate) struct Balancer {
    url: String,
    behind: Arc<Behind>,
}

#[derive(Default)]
struct Behind {
    /// Their addresses.
    servers: Mutex<Vec<String>>,
    next: AtomicUsize,
}

impl Balancer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let behind = Arc::<Behind>::default();
        let carrying = behind.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let behind = carrying.clone();
                // Either end may go away at any time.
                tokio::spawn(async move { behind.carry(client).await });
            }
        });
        Self { url, behind }
    }

    /// Gives requests to the servers at these URLs from now on.
    pub(crate) fn lead_to(&self, urls: impl IntoIterator<Item = String>) {
        let address = |url: String| url.trim_start_matches("http://").trim_end_matches("/mcp").to_owned();
        *self.behind.servers.lock().unwrap() = urls.into_iter().map(address).collect();
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Behind {
    /// Carries one request and its response, which may be a stream.
    async fn carry(&self, mut client: TcpStream) -> io::Result<()> {
        let mut begun = Vec::new();
        while !begun.windows(4).any(|end| end == b"\r\n\r\n") {
            if begun.len() > MAX_HEAD || client.read_buf(&mut begun).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        // The next request of this client may go elsewhere.
        let line = begun.windows(2).position(|end| end == b"\r\n").unwrap_or_default();
        begun.splice(line..line, *b"\r\nConnection: close");
        let mut server = self.next_server().await;
        server.write_all(&begun).await?;
        copy_bidirectional(&mut client, &mut server).await.map(drop)
    }

    async fn next_server(&self) -> TcpStream {
        loop {
            let servers = self.servers.lock().unwrap().clone();
            for _ in 0..servers.len() {
                let server = &servers[self.next.fetch_add(1, Ordering::Relaxed) % servers.len()];
                if let Ok(connected) = TcpStream::connect(server).await {
                    return connected;
                }
            }
            sleep(Duration::from_millis(5)).await;
        }
    }
}
