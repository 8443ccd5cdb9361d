//! A way to a server that a test can cut, hold up, or rob of its answers.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

/// What becomes of what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    /// Connections end, and none begins.
    Cut,
    /// Nothing goes on in either direction, and nobody is told.
    Stuck,
    /// What is asked arrives, and answers do not.
    Answerless,
}

/// A way to a server.
pub(super) struct Link {
    state: watch::Sender<State>,
    port: u16,
}

impl Link {
    /// A way to the server of a URL.
    pub(super) async fn to(url: &str) -> Self {
        let address = url.rsplit_once('@').unwrap().1.split('/').next().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (state, watched) = watch::channel(State::Open);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *watched.borrow() == State::Cut {
                    continue;
                }
                let (address, watched) = (address.clone(), watched.clone());
                tokio::spawn(async move {
                    // Either end may go.
                    let _ = carry(client, &address, watched).await;
                });
            }
        });
        Self { state, port }
    }

    /// The URL by this way.
    pub(super) fn url(&self, url: &str) -> String {
        let (before, after) = url.rsplit_once('@').unwrap();
        let path = after.split_once('/').unwrap().1;
        format!("{before}@127.0.0.1:{}/{path}", self.port)
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

async fn carry(client: TcpStream, address: &str, watched: watch::Receiver<State>) -> io::Result<()> {
    let server = TcpStream::connect(address).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::select! {
        ended = pump(from_client, to_server, watched.clone(), false) => ended,
        ended = pump(from_server, to_client, watched, true) => ended,
    }
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut watched: watch::Receiver<State>,
    answers: bool,
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
                if !answers || *watched.borrow() != State::Answerless {
                    to.write_all(&bytes[..count]).await?;
                }
            }
        }
    }
}
