//! Opening a store: its layout, and what its servers promise.

use futures_util::future::try_join_all;

use super::{
    error::{Failure, Result},
    link::Link,
    names::{Names, common},
    reply::{self, Items},
    script,
};
use crate::store::Missing;

/// The layout this build reads and writes.
const LAYOUT: u64 = 1;

/// Number of buckets of a new store.
const BUCKETS: u64 = 16;

/// A server, as it says of itself.
#[derive(Debug, Default)]
struct Server {
    policy: Option<String>,
    has_log: bool,
}

/// Reads the layout, which is written if there is none and it may be made, and looks what the servers promise: the names, and the promise in words.
pub(super) async fn open(link: &Link, prefix: String, missing: Missing) -> Result<(Names, String)> {
    let wish = match missing {
        Missing::Made => "make",
        Missing::Refused => "find",
    };
    let ask = async |bucket: &str| {
        let call = script::OPEN.on(bucket).arg(LAYOUT).arg(BUCKETS).arg(wish);
        let mut answer = Items::of(link.call(call).await.map_err(of_a_cluster)?)?;
        let (layout, buckets) = (answer.number()?, answer.number()?);
        let server = server(&(reply::text(answer.value()?)? + &reply::text(answer.value()?)?));
        Ok::<_, Failure>((layout, buckets, server))
    };
    let (layout, buckets, first) = ask(&common(&prefix)).await?;
    if layout == 0 {
        return Err(Failure::refused(format!(
            "there is no store with the prefix `{prefix}`; a server makes it when it starts with this URL"
        )));
    }
    if layout != LAYOUT {
        return Err(Failure::refused(format!("the store has layout {layout}, and this build reads layout {LAYOUT}")));
    }
    let buckets = usize::try_from(buckets).ok().filter(|buckets| (1..=100).contains(buckets));
    let buckets = buckets.ok_or(Failure::Corrupt("the layout of the store"))?;
    let names = Names::new(prefix, buckets);
    // In a cluster each bucket may be on another server.
    let mut servers = vec![first];
    servers
        .extend(try_join_all(names.buckets().iter().map(|bucket| ask(bucket))).await?.into_iter().map(|(.., it)| it));
    let evicting = servers.iter().filter_map(|server| server.policy.as_deref()).find(|policy| *policy != "noeviction");
    if let Some(policy) = evicting {
        crate::heard::warn!(
            policy,
            "the Redis server removes keys when its memory is full, and tasks with them: set `maxmemory-policy noeviction`"
        );
    }
    let has_log = servers.iter().all(|server| server.has_log);
    if !has_log {
        crate::heard::warn!("the Redis server forgets tasks when it restarts: set `appendonly yes`");
    }
    let durability = if has_log {
        "survives a restart of the server, but for the last second unless `appendfsync` is `always`; \
         a failover may lose the last writes"
    } else {
        "lost when the server restarts, but for its last snapshot: `appendonly` is off"
    };
    Ok((names, durability.to_owned()))
}

/// A node of a cluster that is used as a server by itself knows where other keys are. That will not change.
fn of_a_cluster(failure: Failure) -> Failure {
    match failure {
        Failure::Redis(error) if error.code() == Some("MOVED") => Failure::refused(
            "the server belongs to a cluster: write `redis+cluster://` or `rediss+cluster://`, and any of its nodes",
        ),
        other => other,
    }
}

fn server(info: &str) -> Server {
    let mut server = Server::default();
    for (name, value) in info.lines().filter_map(|line| line.trim_end().split_once(':')) {
        match name {
            "maxmemory_policy" => server.policy = Some(value.to_owned()),
            "aof_enabled" => server.has_log = value == "1",
            _ => {}
        }
    }
    server
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_a_server_promises_is_read() {
        let info = "# Memory\r\nused_memory:5\r\nmaxmemory_policy:allkeys-lru\r\n# Persistence\r\naof_enabled:1\r\n";
        let server = super::server(info);
        assert_eq!((server.policy.as_deref(), server.has_log), (Some("allkeys-lru"), true));
        let server = super::server("");
        assert_eq!((server.policy, server.has_log), (None, false));
    }
}
