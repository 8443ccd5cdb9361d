//! A server in the test's own process, on a clock the test moves (feature `testing`).

use std::sync::Arc;

use pmcp_client::{Client, ClientBuilder, ClientError};
use pmcp_tasks::testing::ManualClock;
use tokio::io::DuplexStream;
use tokio_util::sync::CancellationToken;

use crate::{connection, error::Error, server::Server, service::Service};

/// The amount each direction of a connection holds, in bytes.
const BUFFER: usize = 64 << 10;

/// A server whose clients connect in memory and whose time is a [`ManualClock`].
///
/// ```
/// use std::time::Duration;
///
/// use pmcp_client::Client;
/// use pmcp_server::{Server, testing::TestServer};
/// use pmcp_tasks::prelude::*;
///
/// /// Sleeps for an hour.
/// #[task_tool(timeout = "2h", inline = "0")]
/// async fn nap(cx: TaskContext) -> Result<String, ToolError> {
///     cx.sleep(Duration::from_secs(3600)).await?;
///     Ok("rested".into())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = TestServer::start(Server::new("test", "1").tool::<nap>())?;
/// let client = server.client(Client::builder("test", "1")).await?;
/// let task = client.call_tool("nap", ()).await?.into_task().ok_or("not a task")?;
/// server.clock().advance(Duration::from_secs(3600)).await;
/// assert_eq!(task.wait().await?.first_text(), Some("rested"));
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct TestServer {
    service: Arc<Service>,
    clock: ManualClock,
}

impl TestServer {
    /// Starts a server; its store goes by the manual clock from now on.
    ///
    /// # Errors
    /// The server's parts do not fit together.
    pub fn start<S: Clone + Send + Sync + 'static>(server: Server<S>) -> Result<Self, Error> {
        let clock = ManualClock::new();
        let service = server.with_clock(clock.clone()).into_service()?;
        service.router.keep_house();
        Ok(Self { service, clock })
    }

    /// The clock of everything in the server.
    #[must_use]
    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// A new connection: the client's end, a JSON-RPC message a line.
    #[must_use]
    pub fn connect(&self) -> DuplexStream {
        let (client, server) = tokio::io::duplex(BUFFER);
        let (reader, writer) = tokio::io::split(server);
        tokio::spawn(connection::serve(self.service.clone(), reader, writer, CancellationToken::new()));
        client
    }

    /// Connects a client.
    ///
    /// # Errors
    /// The handshake fails, where the client's version has one.
    pub async fn client(&self, builder: ClientBuilder) -> Result<Client, ClientError> {
        let (reader, writer) = tokio::io::split(self.connect());
        builder.connect_io(reader, writer).await
    }

    /// Stops the server as Ctrl-C does.
    pub async fn shut_down(&self) {
        self.service.shut_down().await;
    }
}
