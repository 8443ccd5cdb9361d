//! The shop's own data, in SQLite: goods, and orders of them.
//!
//! An order has the id of its task, so that whatever a step does to it may be done twice: a step that was at it when the process died
//! runs again. An order that is not released takes its goods from what is left.

use std::{io, path::PathBuf, time::Duration};

use deadpool::{
    Runtime,
    managed::{Manager, Metrics, Pool, PoolError, RecycleResult},
};
use pmcp_tasks::task::{Owner, TaskId};
use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::task::{JoinError, spawn_blocking};

use crate::files::new_private;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS goods (
        name TEXT PRIMARY KEY, cents INTEGER NOT NULL, stock INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS orders (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        goods TEXT NOT NULL REFERENCES goods,
        quantity INTEGER NOT NULL,
        cents INTEGER NOT NULL,
        state TEXT NOT NULL,
        payment TEXT
    ) STRICT;
    CREATE INDEX IF NOT EXISTS orders_of_an_owner ON orders (owner);
    CREATE INDEX IF NOT EXISTS kept_orders ON orders (goods, quantity) WHERE state <> 'released';
    CREATE VIEW IF NOT EXISTS offered AS SELECT name, cents,
        stock - coalesce((SELECT sum(quantity) FROM orders WHERE goods = name AND state <> 'released'), 0) AS remaining
        FROM goods;
    INSERT OR IGNORE INTO goods VALUES ('pears', 199, 20), ('quinces', 349, 5), ('walnuts', 450, 12);
";

/// Connections at once: SQLite has one writer, and readers wait for nobody.
const CONNECTIONS: usize = 4;

/// Time to wait for a connection, or for whoever writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Orders of an owner that are shown, the newest first.
const SHOWN: u32 = 50;

/// Goods as they are offered.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Goods {
    pub(crate) name: String,
    /// The price of one.
    pub(crate) cents: u32,
    /// How many can be ordered.
    pub(crate) left: u32,
}

/// State of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrderState {
    /// The goods are put aside.
    Reserved,
    /// They are paid, and on their way.
    Sent,
    /// They are back on the shelf.
    Released,
    /// They are paid and still aside, and nobody sends them any more: a case for people.
    Owed,
}

/// An order.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// That of its task.
    pub(crate) id: TaskId,
    /// Whose task it is.
    pub(crate) owner: Owner,
    pub(crate) goods: String,
    pub(crate) quantity: u32,
    /// The price of all.
    pub(crate) cents: u32,
    pub(crate) state: OrderState,
    /// The provider's id of its payment.
    pub(crate) payment: Option<String>,
}

/// What came of the wish to put goods aside.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Reservation {
    /// They are, at this price.
    Made { cents: u32 },
    /// There are only so many.
    TooFew { left: u32 },
    /// There never were any.
    Unknown,
}

/// The database did not do what it was asked to. The text is for the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StockError {
    #[error("there is no connection to the shop's database")]
    Pool(#[from] PoolError<io::Error>),
    #[error("the shop's database failed")]
    Sql(#[from] rusqlite::Error),
    #[error("a query of the shop's database panicked")]
    Panicked(#[from] JoinError),
    #[error("an order is neither reserved nor sent")]
    NotReserved,
}

/// The connections to the database. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Stock {
    pool: Pool<Opener>,
}

/// Opens connections to this file.
#[derive(Debug)]
struct Opener(PathBuf);

impl Manager for Opener {
    type Type = Connection;
    type Error = io::Error;

    async fn create(&self) -> io::Result<Connection> {
        let path = self.0.clone();
        let opened = spawn_blocking(move || {
            let connection = Connection::open(path)?;
            connection.busy_timeout(PATIENCE)?;
            connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;")?;
            Ok(connection)
        });
        opened.await?.map_err(|error: rusqlite::Error| io::Error::other(error))
    }

    async fn recycle(&self, _: &mut Connection, _: &Metrics) -> RecycleResult<io::Error> {
        Ok(())
    }
}

impl Stock {
    /// Opens the file, which is made and filled if it is not there.
    pub(crate) async fn open(path: PathBuf) -> crate::Outcome<Self> {
        // It tells who ordered what, and the links of orders: SQLite's other files of it get its rights.
        match new_private(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
            _ => {}
        }
        let pool = Pool::builder(Opener(path)).max_size(CONNECTIONS).runtime(Runtime::Tokio1);
        let stock = Self { pool: pool.wait_timeout(Some(PATIENCE)).create_timeout(Some(PATIENCE)).build()? };
        stock.with(|connection| connection.execute_batch(SCHEMA)).await?;
        Ok(stock)
    }

    /// Works with a connection, on a thread that may wait.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StockError> {
        let mut connection = self.pool.get().await?;
        Ok(spawn_blocking(move || work(&mut connection)).await??)
    }

    /// Fails if the database does not answer.
    pub(crate) async fn check(&self) -> Result<(), StockError> {
        self.with(|connection| connection.query_row("SELECT count(*) FROM goods", [], |_| Ok(()))).await
    }

    /// All goods.
    pub(crate) async fn goods(&self) -> Result<Vec<Goods>, StockError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached("SELECT * FROM offered ORDER BY name")?;
            let rows = statement
                .query_map([], |row| Ok(Goods { name: row.get(0)?, cents: row.get(1)?, left: row.get(2)? }))?;
            rows.collect()
        })
        .await
    }

    /// Puts goods aside for the order with this id; once, however often it is asked to.
    pub(crate) async fn reserve(
        &self,
        id: TaskId,
        owner: Owner,
        goods: String,
        quantity: u32,
    ) -> Result<Reservation, StockError> {
        self.with(move |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let earlier = "SELECT cents FROM orders WHERE id = ?";
            if let Some(cents) = transaction.query_row(earlier, [id.to_string()], |row| row.get(0)).optional()? {
                return Ok(Reservation::Made { cents });
            }
            let found = "SELECT cents, remaining FROM offered WHERE name = ?";
            let found =
                transaction.query_row(found, [&goods], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, u32>(1)?)));
            let Some((cents, left)) = found.optional()? else { return Ok(Reservation::Unknown) };
            if left < quantity {
                return Ok(Reservation::TooFew { left });
            }
            let cents = cents * quantity;
            transaction.execute(
                "INSERT INTO orders VALUES (?, ?, ?, ?, ?, 'reserved', NULL)",
                params![id.to_string(), written(&owner), goods, quantity, cents],
            )?;
            transaction.commit()?;
            Ok(Reservation::Made { cents })
        })
        .await
    }

    /// Hands the goods of an order to the carrier.
    pub(crate) async fn send(&self, id: TaskId) -> Result<(), StockError> {
        let sent = "UPDATE orders SET state = 'sent' WHERE id = ? AND state IN ('reserved', 'sent')";
        match self.with(move |connection| connection.execute(sent, [id.to_string()])).await? {
            0 => Err(StockError::NotReserved),
            _ => Ok(()),
        }
    }

    /// Notes the payment of an order; `false` if it has another one.
    pub(crate) async fn pay(&self, id: TaskId, payment: String) -> Result<bool, StockError> {
        let paid = "UPDATE orders SET payment = ?2 WHERE id = ?1 AND coalesce(payment, ?2) = ?2";
        Ok(self.with(move |connection| connection.execute(paid, params![id.to_string(), payment])).await? > 0)
    }

    /// Leaves an order that is paid to people; `false` if it is sent, or theirs already.
    pub(crate) async fn owe(&self, id: TaskId) -> Result<bool, StockError> {
        let owed = "UPDATE orders SET state = 'owed' WHERE id = ? AND state = 'reserved'";
        Ok(self.with(move |connection| connection.execute(owed, [id.to_string()])).await? > 0)
    }

    /// Puts the goods of an order back, unless they are sent.
    pub(crate) async fn release(&self, id: TaskId) -> Result<(), StockError> {
        let released = "UPDATE orders SET state = 'released' WHERE id = ? AND state = 'reserved'";
        self.with(move |connection| connection.execute(released, [id.to_string()])).await.map(drop)
    }

    /// The order with this id.
    pub(crate) async fn order(&self, id: TaskId) -> Result<Option<Order>, StockError> {
        self.with(move |connection| {
            connection.query_row("SELECT * FROM orders WHERE id = ?", [id.to_string()], order).optional()
        })
        .await
    }

    /// Orders of an owner, the newest first.
    pub(crate) async fn orders_of(&self, owner: &Owner) -> Result<Vec<Order>, StockError> {
        let owner = written(owner);
        self.orders("owner = ?1 ORDER BY rowid DESC LIMIT ?2", move |statement| {
            statement.query_map(params![owner, SHOWN], order)?.collect()
        })
        .await
    }

    /// The orders whose goods are put aside, and not sent yet.
    pub(crate) async fn reserved(&self) -> Result<Vec<Order>, StockError> {
        self.orders("state = 'reserved'", |statement| statement.query_map([], order)?.collect()).await
    }

    async fn orders(
        &self,
        filter: &'static str,
        read: impl FnOnce(&mut rusqlite::Statement<'_>) -> rusqlite::Result<Vec<Order>> + Send + 'static,
    ) -> Result<Vec<Order>, StockError> {
        self.with(move |connection| {
            read(&mut *connection.prepare_cached(&format!("SELECT * FROM orders WHERE {filter}"))?)
        })
        .await
    }
}

/// An owner as one text: equal for equal owners.
fn written(owner: &Owner) -> String {
    serde_json::json!(owner).to_string()
}

/// Reads an order.
fn order(row: &Row<'_>) -> rusqlite::Result<Order> {
    let invalid = |column, error: Box<dyn std::error::Error + Send + Sync>| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error)
    };
    let (id, owner, state): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(5)?);
    Ok(Order {
        id: id.parse().map_err(|error| invalid(0, Box::new(error)))?,
        owner: serde_json::from_str(&owner).map_err(|error| invalid(1, Box::new(error)))?,
        goods: row.get(2)?,
        quantity: row.get(3)?,
        cents: row.get(4)?,
        state: match &*state {
            "reserved" => OrderState::Reserved,
            "sent" => OrderState::Sent,
            "released" => OrderState::Released,
            "owed" => OrderState::Owed,
            other => return Err(invalid(5, format!("`{other}` is no state").into())),
        },
        payment: row.get(6)?,
    })
}

/// A price for people.
pub(crate) fn euros(cents: u32) -> String {
    format!("€ {}.{:02}", cents / 100, cents % 100)
}
