//! Promises of the database, asked and proved before anything is stored.

use std::time::Duration;

use tokio::time::timeout;

use super::{
    connect::{Connector, Link},
    db::CALL,
    error::{Failure, Result},
    keys::quoted,
};

/// The oldest version that is tested.
const OLDEST: i32 = 13;

/// Time in which a notification must have come: none is delivered behind a pooler of transactions.
const HEARD_WITHIN: Duration = Duration::from_secs(1);

/// Findings about a database.
pub(super) struct Promises {
    /// A connection that listens to the channel; none behind a pooler of transactions.
    pub(super) listening: Option<Link>,
    /// Durability in words: the losses a write survives.
    pub(super) durability: String,
}

/// Finds out what the database behind two connections promises, and fails if that is too little.
pub(super) async fn prove(connector: &Connector, mut first: Link, channel: &str) -> Result<Promises> {
    let durability = ask(&first).await?;
    let second = connector.link().await?;
    let is_pooled = !(keeps_its_place(&first, &second).await? && hears(&mut first, &second, channel).await?);
    excludes(&first, &second).await?;
    if is_pooled {
        let isolation = text(&first, "SELECT current_setting('default_transaction_isolation')").await?;
        if isolation != "read committed" {
            return Err(Failure::refused(format!(
                "the default isolation is `{isolation}` behind a pooler of transactions; \
                 set `default_transaction_isolation` to `read committed` for the account"
            )));
        }
        tracing::info!("no notification was heard, as behind a pooler of transactions: changes of others are polled");
        return Ok(Promises { listening: None, durability });
    }
    first.begin_session().await?;
    Ok(Promises { listening: Some(first), durability })
}

async fn ask(link: &Link) -> Result<String> {
    let asked = link.client.query_typed(
        "SELECT current_setting('server_version_num')::integer, pg_is_in_recovery(), \
             current_setting('fsync') = 'on', current_setting('full_page_writes') = 'on', \
             current_setting('synchronous_commit') <> 'off', current_setting('synchronous_standby_names') <> ''",
        &[],
    );
    let asked = timeout(CALL, asked).await.map_err(|_| Failure::late("the server did not answer"))??;
    let row = asked.first().ok_or_else(|| Failure::corrupt("the settings have no row"))?;
    let version: i32 = row.try_get(0)?;
    if version / 10_000 < OLDEST {
        return Err(Failure::refused(format!("PostgreSQL {} is older than {OLDEST}", version / 10_000)));
    }
    if row.try_get(1)? {
        return Err(Failure::refused("the server is a replica; name the primary"));
    }
    let (fsync, full_pages, synchronous, standby): (bool, bool, bool, bool) =
        (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?, row.try_get(5)?);
    if !fsync || !full_pages {
        crate::heard::warn!(fsync, full_page_writes = full_pages, "the task store may be lost in a power failure");
        return Ok("may be lost in a power failure: the server does not sync what it writes".to_owned());
    }
    if !synchronous {
        crate::heard::warn!("the task store may lose the last acknowledged writes: `synchronous_commit` is off");
        return Ok("a crash may lose the last acknowledged writes: `synchronous_commit` is off".to_owned());
    }
    Ok(if standby {
        "survives a crash, and a failover to a synchronous standby".to_owned()
    } else {
        "survives a crash; without a synchronous standby a failover may lose the last acknowledged writes".to_owned()
    })
}

/// Tells whether the first connection stays with one of the server's while the second has a transaction open. A pooler lends
/// out the one that was given back last, or each in turn.
async fn keeps_its_place(first: &Link, second: &Link) -> Result<bool> {
    let place = first.process().await?;
    for _ in 0..4 {
        second.run("BEGIN").await?;
        let now = first.process().await;
        second.run("COMMIT").await?;
        if now? != place {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Tells whether the first connection hears of what the second one notifies. It listens to the channel then.
async fn hears(first: &mut Link, second: &Link, channel: &str) -> Result<bool> {
    let channel = quoted(channel);
    first.run(&format!("LISTEN {channel}")).await?;
    // Others may notify the channel, too.
    second.run(&format!("NOTIFY {channel}, 'heard?'")).await?;
    let heard = timeout(HEARD_WITHIN, first.notifications.recv()).await;
    if let Ok(Some(_)) = heard {
        return Ok(true);
    }
    // One of the server's connections may listen now, for nobody.
    first.run(&format!("UNLISTEN {channel}")).await?;
    Ok(false)
}

/// Fails if two connections hold one lock, as they do on two servers that both take writes.
async fn excludes(first: &Link, second: &Link) -> Result<()> {
    const LOCK: &str = "hashtextextended('pmcp: one at a time', ";
    let mut nonce = [0; 8];
    getrandom::fill(&mut nonce).map_err(|error| Failure::unavailable(error.to_string()))?;
    let nonce = i64::from_ne_bytes(nonce);
    first.run(&format!("BEGIN; SELECT pg_advisory_xact_lock({LOCK}{nonce}))")).await?;
    let taken = text(second, &format!("SELECT pg_try_advisory_xact_lock({LOCK}{nonce}))::text")).await;
    first.run("COMMIT").await?;
    if taken? == "true" {
        return Err(Failure::refused(
            "two connections were given one lock: they lead to different servers; name one primary",
        ));
    }
    Ok(())
}

async fn text(link: &Link, query: &str) -> Result<String> {
    let rows = timeout(CALL, link.client.query_typed(query, &[])).await;
    let rows = rows.map_err(|_| Failure::late("the server did not answer"))??;
    let row = rows.first().ok_or_else(|| Failure::corrupt("an answer has no row"))?;
    Ok(row.try_get(0)?)
}
