//! Connections: how they begin, and the one that listens.

use std::{fmt, future::poll_fn, pin::Pin};

use deadpool_postgres::Connect;
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};
use tokio_postgres::{AsyncMessage, Client, Config, Error, Notification, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    db::CALL,
    error::{Failure, Result},
    tls,
    url::Settings,
};

/// Settings of a connection, told first. A plan that was made while a table was empty would read all of it; a transaction
/// whose client has stopped would hold its locks. Not behind a pooler, where the next transaction may be on another connection.
const SESSION: &str = "SET enable_seqscan = off; SET jit = off; SET statement_timeout = '10s'; \
    SET idle_in_transaction_session_timeout = '10s'; \
    SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// Opens connections.
#[derive(Clone)]
pub(super) struct Connector {
    config: Config,
    tls: MakeRustlsConnect,
    /// Set if transactions of a connection come to different ones of the server.
    pub(super) is_pooled: bool,
}

impl Connector {
    pub(super) async fn new(settings: &Settings) -> Result<Self> {
        let tls = if settings.config.get_ssl_mode() == SslMode::Disable {
            tls::unused()?
        } else {
            tls::connector(settings.root_certificates.as_deref()).await?
        };
        Ok(Self { config: settings.config.clone(), tls, is_pooled: false })
    }

    pub(super) fn config(&self) -> Config {
        self.config.clone()
    }

    /// A connection beside the pool, as it is when it begins.
    pub(super) async fn link(&self) -> Result<Link> {
        let connected = timeout(CALL, self.config.connect(self.tls.clone())).await;
        let connected = connected.map_err(|_| Failure::late("the server did not answer"))?;
        let (client, mut connection) = connected.map_err(|error| Failure::from(error).of("cannot connect"))?;
        let (heard, notifications) = mpsc::unbounded_channel();
        let driver = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
                if let AsyncMessage::Notification(notification) = message
                    && heard.send(notification).is_err()
                {
                    return;
                }
            }
        });
        Ok(Link { client, notifications, driver: Driver(driver) })
    }
}

/// A connection that hears notifications. It ends when it is dropped.
pub(super) struct Link {
    pub(super) client: Client,
    pub(super) notifications: mpsc::UnboundedReceiver<Notification>,
    #[expect(dead_code, reason = "ends the connection when it is dropped")]
    driver: Driver,
}

impl Link {
    /// Runs statements without parameters, in time.
    pub(super) async fn run(&self, statements: &str) -> Result<()> {
        let ran = timeout(CALL, self.client.batch_execute(statements)).await;
        Ok(ran.map_err(|_| Failure::late("the server did not answer"))??)
    }

    /// The server's process for it, by which notifications tell who sent them.
    pub(super) async fn process(&self) -> Result<i32> {
        let rows = timeout(CALL, self.client.query_typed("SELECT pg_backend_pid()", &[])).await;
        let rows = rows.map_err(|_| Failure::late("the server did not answer"))??;
        let row = rows.first().ok_or_else(|| Failure::corrupt("an answer has no row"))?;
        Ok(row.try_get(0)?)
    }

    /// Makes it one of the store's own.
    pub(super) async fn begin_session(&self) -> Result<()> {
        self.run(SESSION).await
    }
}

struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Connect for Connector {
    fn connect(
        &self,
        config: &Config,
    ) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        let config = config.clone();
        Box::pin(async move {
            let (client, connection) = config.connect(self.tls.clone()).await?;
            // It ends with its client.
            let driver = tokio::spawn(async move {
                // Who uses the connection is told.
                let _ = connection.await;
            });
            if !self.is_pooled {
                client.batch_execute(SESSION).await?;
            }
            Ok((client, driver))
        })
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("is_pooled", &self.is_pooled).finish_non_exhaustive()
    }
}
