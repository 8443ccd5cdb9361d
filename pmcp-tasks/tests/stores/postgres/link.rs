//! A way to a server that a test can cut, hold up, or rob of its answers.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

type CutAt = Arc<Mutex<Option<&'static [u8]>>>;

/// The fate of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    /// Connections end, and none begins.
    Cut,
    /// Nothing goes on in either direction, and nobody is told.
    Stuck,
    /// Questions arrive, and answers do not.
    Answerless,
}

/// A way to a server.
pub(super) struct Link {
    state: watch::Sender<State>,
    /// A question with these bytes ends its connection in place of arriving, once.
    cut_at: CutAt,
    port: u16,
}

impl Link {
    /// A way to the server of a URL.
    pub(super) async fn to(url: &str) -> Self {
        let address = url.rsplit_once('@').unwrap().1.split('/').next().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (state, watched) = watch::channel(State::Open);
        let cut_at = CutAt::default();
        let cuts = cut_at.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *watched.borrow() == State::Cut {
                    continue;
                }
                let (address, watched, cuts) = (address.clone(), watched.clone(), cuts.clone());
                tokio::spawn(async move {
                    // Either end may go.
                    let _ = carry(client, &address, watched, cuts).await;
                });
            }
        });
        Self { state, cut_at, port }
    }

    /// The URL by this way.
    pub(super) fn url(&self, url: &str) -> String {
        let (before, after) = url.rsplit_once('@').unwrap();
        let path = after.split_once('/').unwrap().1;
        format!("{before}@127.0.0.1:{}/{path}", self.port)
    }

    /// Ends the connection of the next question that has these bytes, which does not arrive.
    pub(super) fn cut_at(&self, bytes: &'static [u8]) {
        *self.cut_at.lock().unwrap() = Some(bytes);
    }

    /// Set while no such question has come.
    pub(super) fn is_to_cut(&self) -> bool {
        self.cut_at.lock().unwrap().is_some()
    }

    pub(super) fn set(&self, state: State) {
        self.state.send_replace(state);
    }

    /// The answer of a call that is made, and whose reply is lost: once it is seen to have been made, the connection ends.
    pub(super) async fn lose<T>(&self, call: impl Future<Output = T>, is_made: impl AsyncFn() -> bool) -> T {
        self.set(State::Answerless);
        let cut = async {
            while !is_made().await {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            self.cut().await;
        };
        tokio::join!(call, cut).0
    }

    /// Ends all connections; others may begin.
    pub(super) async fn cut(&self) {
        self.set(State::Cut);
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.set(State::Open);
    }
}

async fn carry(client: TcpStream, address: &str, watched: watch::Receiver<State>, cuts: CutAt) -> io::Result<()> {
    let server = TcpStream::connect(address).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::select! {
        ended = pump(from_client, to_server, watched.clone(), Some(cuts)) => ended,
        ended = pump(from_server, to_client, watched, None) => ended,
    }
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut watched: watch::Receiver<State>,
    cuts: Option<CutAt>,
) -> io::Result<()> {
    let mut bytes = vec![0; 1 << 16];
    loop {
        let state = *watched.borrow_and_update();
        match state {
            State::Cut => return Ok(()),
            State::Stuck => {
                // Ends with the test, too.
                if watched.changed().await.is_err() {
                    return Ok(());
                }
                continue;
            }
            State::Open | State::Answerless => {}
        }
        tokio::select! {
            changed = watched.changed() => if changed.is_err() { return Ok(()) },
            count = from.read(&mut bytes) => {
                let count = count?;
                if count == 0 {
                    return Ok(());
                }
                if let Some(cuts) = &cuts {
                    let mut cut_at = cuts.lock().unwrap();
                    if cut_at.is_some_and(|cut_at| bytes[..count].windows(cut_at.len()).any(|part| part == cut_at)) {
                        *cut_at = None;
                        return Ok(());
                    }
                }
                if cuts.is_some() || *watched.borrow() != State::Answerless {
                    to.write_all(&bytes[..count]).await?;
                }
            }
        }
    }
}
