//! Sending statements: each alone, or in a flight, which is a transaction that is sent whole and never waits for the client.

use std::{fmt, time::Duration};

use deadpool_postgres::{Object, Pool};
use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};
use tokio_postgres::{
    Row, Statement,
    types::{ToSql, Type},
};

use super::{
    error::{Failure, Result},
    sql::{Query, Statements},
};

/// The time an operation may take, with all its statements and the waits for connections.
pub(super) const CALL: Duration = Duration::from_secs(10);

/// The isolation in which a statement sees what others committed before it, whatever the default of the database is.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// A parameter.
pub(super) type Parameter<'a> = &'a (dyn ToSql + Sync);

/// A statement with its parameters.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    query: &'a Query,
    parameters: &'a [Parameter<'a>],
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("query", &self.query.text).finish_non_exhaustive()
    }
}

/// A statement as a connection takes it.
enum Ready<'a> {
    Prepared(Statement, &'a [Parameter<'a>]),
    /// Behind a pooler of transactions, where the next one is on another connection.
    Unnamed(&'a str, Vec<(Parameter<'a>, Type)>),
}

impl Ready<'_> {
    async fn run(&self, client: &Object) -> Result<Vec<Row>, tokio_postgres::Error> {
        match self {
            Self::Prepared(statement, parameters) => client.query(statement, parameters).await,
            Self::Unnamed(text, parameters) => client.query_typed(text, parameters).await,
        }
    }
}

/// The connections to a database, and the statements for a schema.
#[derive(Debug)]
pub(super) struct Db {
    pub(super) pool: Pool,
    pub(super) sql: Statements,
    /// Set if transactions of a connection come to different ones of the server.
    pub(super) is_pooled: bool,
}

impl Query {
    /// The statement with its parameters.
    pub(super) fn with<'a>(&'a self, parameters: &'a [Parameter<'a>]) -> Call<'a> {
        Call { query: self, parameters }
    }
}

impl Db {
    /// Runs an operation in the time a call may take, with all its statements and its waits for connections.
    pub(super) async fn in_time<T>(&self, operation: impl Future<Output = Result<T>>) -> Result<T> {
        self.until(Instant::now() + CALL, operation).await
    }

    /// The same, until a time.
    pub(super) async fn until<T>(&self, until: Instant, operation: impl Future<Output = Result<T>>) -> Result<T> {
        timeout_at(until, operation).await.unwrap_or_else(|_| {
            // Of one operation: others may be answered. What was sent keeps its connection from being used again.
            Err(Failure::unavailable("the server did not answer in time"))
        })
    }

    /// Runs a statement by itself.
    pub(super) async fn rows(&self, call: Call<'_>) -> Result<Vec<Row>> {
        let lease = self.lease().await?;
        let done = async {
            let client = lease.client()?;
            Ok(self.prepare(client, call).await?.run(client).await?)
        };
        let done = done.await;
        self.end(lease, done)
    }

    /// The same for one that gives at most one row.
    pub(super) async fn row(&self, call: Call<'_>) -> Result<Option<Row>> {
        Ok(self.rows(call).await?.pop())
    }

    /// Runs statements in a transaction that holds these locks: each sees what others committed before it began.
    pub(super) async fn flight<const N: usize>(&self, locks: Locks, calls: [Call<'_>; N]) -> Result<[Vec<Row>; N]> {
        let lease = self.lease().await?;
        let done = async {
            let client = lease.client()?;
            let mut ready = Vec::with_capacity(N);
            for call in calls {
                ready.push(self.prepare(client, call).await?);
            }
            let opening = locks.opening();
            // All are sent at the first poll, in this order: a future that is dropped leaves a whole transaction or none. After a
            // failure the commit rolls back.
            let (begun, answers, committed) = tokio::join!(
                biased;
                client.batch_execute(&opening),
                join_all(ready.iter().map(|call| call.run(client))),
                client.batch_execute("COMMIT"),
            );
            begun?;
            let rows = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
            committed?;
            rows.try_into().map_err(|_| Failure::corrupt("a flight has another number of answers"))
        };
        let done = done.await;
        self.end(lease, done)
    }

    async fn prepare<'a>(&self, client: &Object, call: Call<'a>) -> Result<Ready<'a>> {
        let Query { text, types } = call.query;
        if self.is_pooled {
            let typed = call.parameters.iter().copied().zip(types.iter().cloned());
            return Ok(Ready::Unnamed(text, typed.collect()));
        }
        Ok(Ready::Prepared(client.prepare_typed_cached(text, types).await?, call.parameters))
    }

    async fn lease(&self) -> Result<Lease> {
        match self.pool.get().await {
            Ok(client) => Ok(Lease(Some(client))),
            Err(error) => {
                let failure = error.into();
                self.forget_if_of_no_use(&failure);
                Err(failure)
            }
        }
    }

    /// Gives a connection back, unless it is of no use any more.
    fn end<T>(&self, mut lease: Lease, done: Result<T>) -> Result<T> {
        if let Err(failure) = &done {
            self.forget_if_of_no_use(failure);
        }
        if done.as_ref().err().is_none_or(|failure| !failure.is_final) {
            drop(lease.0.take());
        }
        done
    }

    /// Closes all connections that wait to be used if what failed on one may have happened to all.
    fn forget_if_of_no_use(&self, failure: &Failure) {
        if failure.is_everywhere {
            self.pool.retain(|_, _| false);
        }
    }
}

/// A connection for one call. If that is dropped, the connection leaves the pool with it: whoever took it next would wait for the
/// answer that nobody waits for any more.
struct Lease(Option<Object>);

impl Lease {
    fn client(&self) -> Result<&Object> {
        self.0.as_ref().ok_or_else(|| Failure::unavailable("the connection was given back"))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            drop(Object::take(client));
        }
    }
}

/// Locks of a transaction, which it takes first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Locks {
    /// Held by one at a time.
    pub(super) alone: Option<i64>,
    /// Shared with others that want it so.
    pub(super) shared: Option<i64>,
}

impl Locks {
    /// The statements that begin a transaction and take the locks: one message.
    fn opening(self) -> String {
        let alone = self.alone.map(|lock| format!("pg_advisory_xact_lock({lock})"));
        let shared = self.shared.map(|lock| format!("pg_advisory_xact_lock_shared({lock})"));
        match (alone, shared) {
            (None, None) => BEGIN.to_owned(),
            (Some(lock), None) | (None, Some(lock)) => format!("{BEGIN}; SELECT {lock}"),
            (Some(alone), Some(shared)) => format!("{BEGIN}; SELECT {alone}, {shared}"),
        }
    }
}
