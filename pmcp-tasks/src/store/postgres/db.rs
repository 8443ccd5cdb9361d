//! Sending statements: each alone, or in a flight, which is a transaction that is sent whole and never waits for the client.

use std::{fmt, time::Duration};

use deadpool_postgres::{Object, Pool};
use tokio::time::{Instant, error::Elapsed, timeout_at};
use tokio_postgres::{
    Row, Statement,
    types::{ToSql, Type},
};

use super::{
    error::{Failure, Result},
    sql::{Query, Statements},
};

/// The time a call may take, the wait for a connection included.
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
    /// Runs a statement by itself.
    pub(super) async fn rows(&self, call: Call<'_>) -> Result<Vec<Row>> {
        let lease = self.lease().await?;
        let done = timeout_at(lease.until, async {
            let ready = self.prepare(&lease.client, call).await?;
            Ok::<_, Failure>(ready.run(&lease.client).await?)
        });
        let done = done.await;
        lease.end(done)
    }

    /// The same for one that gives at most one row.
    pub(super) async fn row(&self, call: Call<'_>) -> Result<Option<Row>> {
        Ok(self.rows(call).await?.pop())
    }

    /// Runs a statement that locks and one that is to read what others have left, in a transaction.
    pub(super) async fn flight(&self, lock: Call<'_>, write: Call<'_>) -> Result<Vec<Row>> {
        let lease = self.lease().await?;
        let client = &lease.client;
        let done = timeout_at(lease.until, async {
            let (lock, write) = (self.prepare(client, lock).await?, self.prepare(client, write).await?);
            // All are sent at the first poll, in this order: a future that is dropped leaves a whole transaction or none. After a
            // failure the commit rolls back.
            let (begun, locked, written, committed) = tokio::join!(
                biased;
                client.batch_execute(BEGIN),
                lock.run(client),
                write.run(client),
                client.batch_execute("COMMIT"),
            );
            begun?;
            locked?;
            let rows = written?;
            committed?;
            Ok::<_, Failure>(rows)
        });
        let done = done.await;
        lease.end(done)
    }

    /// Runs a statement in a transaction that holds these locks, the first alone and the second, if any, shared.
    pub(super) async fn locked(&self, lock: i64, shared: Option<i64>, write: Call<'_>) -> Result<Vec<Row>> {
        let shared = shared.map_or(String::new(), |shared| format!(", pg_advisory_xact_lock_shared({shared})"));
        // One message less than a flight.
        let opening = format!("{BEGIN}; SELECT pg_advisory_xact_lock({lock}){shared}");
        let lease = self.lease().await?;
        let client = &lease.client;
        let done = timeout_at(lease.until, async {
            let write = self.prepare(client, write).await?;
            let (begun, written, committed) = tokio::join!(
                biased;
                client.batch_execute(&opening),
                write.run(client),
                client.batch_execute("COMMIT"),
            );
            begun?;
            let rows = written?;
            committed?;
            Ok::<_, Failure>(rows)
        });
        let done = done.await;
        lease.end(done)
    }

    /// The same with two locks, or with two statements after one: the rows of the last two.
    pub(super) async fn long_flight(
        &self,
        lock: Call<'_>,
        first: Call<'_>,
        second: Call<'_>,
    ) -> Result<(Vec<Row>, Vec<Row>)> {
        let lease = self.lease().await?;
        let client = &lease.client;
        let done = timeout_at(lease.until, async {
            let lock = self.prepare(client, lock).await?;
            let (first, second) = (self.prepare(client, first).await?, self.prepare(client, second).await?);
            let (begun, locked, first, second, committed) = tokio::join!(
                biased;
                client.batch_execute(BEGIN),
                lock.run(client),
                first.run(client),
                second.run(client),
                client.batch_execute("COMMIT"),
            );
            begun?;
            locked?;
            let rows = (first?, second?);
            committed?;
            Ok::<_, Failure>(rows)
        });
        let done = done.await;
        lease.end(done)
    }

    async fn prepare<'a>(&self, client: &Object, call: Call<'a>) -> Result<Ready<'a>> {
        let Query { text, types } = call.query;
        if self.is_pooled {
            let typed = call.parameters.iter().copied().zip(types.iter().cloned());
            return Ok(Ready::Unnamed(text, typed.collect()));
        }
        Ok(Ready::Prepared(client.prepare_typed_cached(text, types).await?, call.parameters))
    }

    async fn lease(&self) -> Result<Lease<'_>> {
        let until = Instant::now() + CALL;
        let failure = match timeout_at(until, self.pool.get()).await {
            Ok(Ok(client)) => return Ok(Lease { pool: &self.pool, client, until }),
            Ok(Err(error)) => error.into(),
            Err(_) => Failure::late("no connection was to be had"),
        };
        forget_if_of_no_use(&self.pool, &failure);
        Err(failure)
    }
}

/// A connection for one call.
struct Lease<'a> {
    pool: &'a Pool,
    client: Object,
    until: Instant,
}

impl Lease<'_> {
    /// Gives the connection back, unless it is of no use any more.
    fn end<T>(self, done: Result<Result<T>, Elapsed>) -> Result<T> {
        let failure = match done {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(failure)) => failure,
            Err(_) => Failure::late("the server did not answer"),
        };
        if failure.is_final {
            drop(Object::take(self.client));
        }
        forget_if_of_no_use(self.pool, &failure);
        Err(failure)
    }
}

/// Closes all connections that wait to be used if what failed on one may have happened to all.
fn forget_if_of_no_use(pool: &Pool, failure: &Failure) {
    if failure.is_everywhere {
        pool.retain(|_, _| false);
    }
}
