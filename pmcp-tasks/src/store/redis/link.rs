//! The connection: one for all callers, replaced when it breaks or falls silent.

use std::time::Duration;

use parking_lot::RwLock;
use redis::{
    AsyncConnectionConfig, Client, Cmd, RedisResult, Value, aio::MultiplexedConnection, cluster::ClusterClient,
    cluster_async::ClusterConnection, io::tcp::TcpSettings,
};
use rustls::crypto::{CryptoProvider, ring};
use tokio::{sync::Mutex, time::timeout};

use super::{
    address::Address,
    error::{Failure, Result},
    script::Call,
};

/// Time a server may take to answer. A call that takes longer fails, though it may have been applied.
pub(super) const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// Time a server may take until it is connected.
pub(super) const CONNECTS_WITHIN: Duration = Duration::from_secs(3);

/// Number of times a client of a cluster looks for the node that has a slot now, in about a second.
const REDIRECTIONS: u32 = 6;

/// The way to a store.
pub(super) struct Link {
    target: Target,
    current: RwLock<Option<Current>>,
    /// The number of connections so far. Held by who makes one, so that the others wait for it.
    made: Mutex<u64>,
}

enum Target {
    Server(Box<Client>),
    /// And one of its nodes.
    Cluster(Box<ClusterClient>, Box<Client>),
}

#[derive(Clone)]
struct Current {
    n: u64,
    connection: Connection,
}

#[derive(Clone)]
enum Connection {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
}

async fn connect(server: &Client) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECTS_WITHIN)).set_response_timeout(None);
    server.get_multiplexed_async_connection_with_config(&config).await
}

impl Link {
    /// A link that connects with its first call, and clients for each server that was named.
    pub(super) fn new(address: &Address) -> Result<(Self, Vec<Client>)> {
        if CryptoProvider::get_default().is_none() {
            // Somebody else may have set one meanwhile.
            let _ = ring::default_provider().install_default();
        }
        let settings = || TcpSettings::default().set_nodelay(true);
        let servers = address.servers.iter().map(|server| Client::open(server.clone().set_tcp_settings(settings())));
        let servers: Vec<Client> = servers.collect::<RedisResult<_>>()?;
        let first = servers.first().ok_or_else(|| Failure::refused("the URL names no server"))?;
        let target = if address.is_cluster {
            let client = ClusterClient::builder(address.servers.clone())
                .tcp_settings(settings())
                .connection_timeout(CONNECTS_WITHIN)
                .overall_response_timeout(None)
                .retries(REDIRECTIONS)
                .min_retry_wait(20)
                .max_retry_wait(500);
            Target::Cluster(Box::new(client.build()?), Box::new(first.clone()))
        } else {
            Target::Server(Box::new(first.clone()))
        };
        Ok((Self { target, current: RwLock::new(None), made: Mutex::new(0) }, servers))
    }

    /// Calls a script. What a broken connection leaves open is sent again, on another one, as the client of a cluster does by
    /// itself: every script that makes or takes something knows that it has done so.
    pub(super) async fn call(&self, call: Call) -> Result<Value> {
        match self.call_once(&call).await {
            Err(failure) if failure.is_broken() => self.call_once(&call).await,
            result => result,
        }
    }

    async fn call_once(&self, call: &Call) -> Result<Value> {
        match self.send(&call.command).await {
            Err(failure) if failure.is_unknown_script() => self.send(&call.with_text()).await,
            result => result,
        }
    }

    /// Has a command that only reads run.
    pub(super) async fn query(&self, command: &Cmd) -> Result<Value> {
        match self.send(command).await {
            Err(failure) if failure.is_broken() => self.send(command).await,
            result => result,
        }
    }

    async fn send(&self, command: &Cmd) -> Result<Value> {
        let silence = |_| Failure::Silence(ANSWERS_WITHIN);
        let Current { n, connection } = timeout(ANSWERS_WITHIN, self.connection()).await.map_err(silence)??;
        let (answer, mends_itself) = match connection {
            Connection::Server(mut server) => (timeout(ANSWERS_WITHIN, command.query_async(&mut server)).await, false),
            Connection::Cluster(mut nodes) => (timeout(ANSWERS_WITHIN, command.query_async(&mut nodes)).await, true),
        };
        let answer = answer.map_err(silence).and_then(|answer: RedisResult<Value>| Ok(answer?));
        let is_lost = |failure: &Failure| match failure {
            Failure::Silence(_) => true,
            failure => !mends_itself && (failure.is_broken() || failure.is_misled()),
        };
        if answer.as_ref().is_err_and(is_lost) {
            self.leave(n);
        }
        answer
    }

    /// The connection, made if there is none.
    async fn connection(&self) -> Result<Current> {
        if let Some(current) = &*self.current.read() {
            return Ok(current.clone());
        }
        let mut made = self.made.lock().await;
        if let Some(current) = &*self.current.read() {
            return Ok(current.clone());
        }
        let connection = match &self.target {
            Target::Server(client) => Connection::Server(connect(client).await?),
            Target::Cluster(client, node) => match client.get_async_connection().await {
                Ok(cluster) => Connection::Cluster(cluster),
                // It does not tell a wrong password or certificate from an absence: a node by itself does.
                Err(failure) => return Err(connect(node).await.err().unwrap_or(failure).into()),
            },
        };
        *made += 1;
        let current = Current { n: *made, connection };
        *self.current.write() = Some(current.clone());
        Ok(current)
    }

    /// Leaves the connection with this number, unless another one has taken its place.
    fn leave(&self, n: u64) {
        let mut current = self.current.write();
        if current.as_ref().is_some_and(|current| current.n == n) {
            *current = None;
        }
    }
}
