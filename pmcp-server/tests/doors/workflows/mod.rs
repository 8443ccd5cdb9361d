//! Runs of a workflow through every door and on every store: begun, handed over, continued, completed.

mod crashes;
mod instances;
mod lifecycle;
mod link;
mod player;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use link::Stored;
use pmcp_client::{Client, ClientBuilder};
use pmcp_server::{Running, Server};
use pmcp_tasks::{TaskStore, prelude::*};
use schemars::JsonSchema;
use serde::Deserialize;
use spec_check::Tap;
use tokio::io::{duplex, split};

/// What the server's steps and the tools did, in order.
#[derive(Clone, Default)]
struct Done(Arc<Mutex<Vec<&'static str>>>);

impl Done {
    fn note(&self, what: &'static str) {
        self.0.lock().unwrap().push(what);
    }

    /// How often each was done.
    fn counts(&self) -> [usize; 4] {
        let done = self.0.lock().unwrap();
        ["address", "fold", "stamp", "post"].map(|what| done.iter().filter(|other| **other == what).count())
    }
}

/// Send a letter.
#[derive(Deserialize, JsonSchema)]
struct Letter {
    /// Whose it is.
    to: String,
}

#[workflow(ttl = "15m")]
impl Letter {
    /// Find the address.
    #[step]
    async fn address(&self, State(done): State<Done>) -> String {
        done.note("address");
        format!("{}'s house", self.to)
    }

    #[step(tool = fold)]
    fn envelope(&self, address: &str) -> FoldArgs {
        FoldArgs { address: address.to_owned() }
    }

    /// Write the letter.
    #[step(client, output = String)]
    fn text(&self, envelope: &str) -> String {
        envelope.to_owned()
    }

    /// Ask the user for a stamp, then call the tool.
    #[step(client, tool = stamp)]
    fn stamped(&self, envelope: &str, _text: &str) -> StampArgs {
        StampArgs { envelope: envelope.to_owned() }
    }

    #[step(tool = post)]
    fn posted(&self, text: &str, stamped: &str) -> PostArgs {
        PostArgs { text: text.to_owned(), envelope: stamped.to_owned() }
    }
}

/// Folds an envelope.
#[task_tool(on_crash = "restart")]
async fn fold(address: String, State(done): State<Done>) -> String {
    done.note("fold");
    format!("envelope to {address}")
}

/// Stamps an envelope.
#[task_tool(support = "forbidden")]
async fn stamp(envelope: String, State(done): State<Done>) -> String {
    done.note("stamp");
    format!("stamped {envelope}")
}

/// Posts a letter.
#[task_tool(on_crash = "restart")]
async fn post(text: String, envelope: String, State(done): State<Done>) -> String {
    done.note("post");
    format!("`{text}` in a {envelope}")
}

/// Time a test has on a machine that does much else; only a failing one takes it.
const PATIENCE: Duration = Duration::from_secs(120);

/// How a letter to Ann ends.
const POSTED: &str = "`Dear Ann` in a stamped envelope to Ann's house";

fn server(store: TaskStore, done: &Done) -> Server<Done> {
    Server::new("letters", "1").state(done.clone()).store(store).workflow::<Letter>()
}

/// A way to a server.
#[derive(Clone, Copy, Debug)]
enum Way {
    Http(&'static str),
    Lines(&'static str),
}

const WAYS: [Way; 4] =
    [Way::Http("2025-11-25"), Way::Http("2026-07-28"), Way::Lines("2025-11-25"), Way::Lines("2026-07-28")];

/// A client, whose messages are held against the schemas, and the server it speaks to.
struct Connected {
    client: Client,
    running: Option<Running>,
}

impl Connected {
    async fn new(server: Server<Done>, way: Way) -> Self {
        let builder = |version| -> ClientBuilder { Client::builder("host", "1").revision(version) };
        match way {
            Way::Http(version) => {
                let running = server.start(([127, 0, 0, 1], 0).into()).await.unwrap();
                let watched = Tap::watching().http(running.address()).await;
                let client = builder(version).connect_http(&format!("http://{watched}/mcp")).await.unwrap();
                Self { client, running: Some(running) }
            }
            Way::Lines(version) => {
                let (near, far) = duplex(64 << 10);
                let (reader, writer) = split(far);
                tokio::spawn(server.serve_io(reader, writer));
                let (reader, writer) = split(Tap::watching().lines(near));
                Self { client: builder(version).connect_io(reader, writer).await.unwrap(), running: None }
            }
        }
    }
}

/// Every case on a store, one named test each.
macro_rules! on {
    ($store:ident, $stored:expr $(, ignore = $reason:literal)?) => {
        mod $store {
            use super::*;

            on!(@cases $stored, [$(#[ignore = $reason])?],
                lifecycle::the_whole_way
                crashes::a_server_whose_store_dies_at_any_write_is_gone_on_for
                instances::of_many_who_move_it_one_is_heard
                instances::an_end_is_one_for_all
                instances::a_run_that_expired_is_gone_everywhere
            );
        }
    };
    (@cases $stored:expr, $ignore:tt, $($module:ident::$case:ident)*) => {
        $(on!(@case $module::$case, $case, $stored, $ignore);)*
    };
    (@case $path:path, $case:ident, $stored:expr, [$($ignore:tt)*]) => {
        #[tokio::test]
        $($ignore)*
        async fn $case() {
            tokio::time::timeout(PATIENCE, $path(&$stored)).await.expect("it ends");
        }
    };
}

on!(memory, Stored::memory());
on!(sqlite, Stored::sqlite());
#[cfg(feature = "redis")]
on!(redis, Stored::redis(), ignore = "needs redis-server: `cargo xtask services redis`");
