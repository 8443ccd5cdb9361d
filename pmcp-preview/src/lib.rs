//! A local host for widgets: a page that shows them, and a sandbox of other origins that keeps them from it.
//!
//! A [`Host`] is one process with two listeners on loopback. The page is on one; the sandbox proxy, and each view on an origin of its own
//! below it, are on the other: three sites, so that a view reaches neither the page nor the proxy nor another view, whatever it tries.
//! Its policy is a header, made from what its resource declares (MCP Apps 2026-01-26). The page reaches the server through the host only,
//! with a key that is made anew for each launch and is in no request line, log or referrer.
//!
//! The server is an [`Upstream`]: an [`Endpoint`], or whatever can be built and started. All pages and views share one connection to it,
//! whose state, like everything else that happens, is told to pages by [`Events`].
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use pmcp_preview::{Endpoint, Host};
//!
//! let host = Host::start(Endpoint::http("http://127.0.0.1:8080/mcp")).await?;
//! println!("{}", host.url());
//! host.wait().await;
//! # Ok(())
//! # }
//! ```

mod api;
mod assets;
mod camera;
mod connection;
mod dial;
mod events;
mod guard;
mod host;
mod key;
mod link;
mod live;
mod notice;
mod page;
mod policy;
mod process;
mod profile;
mod queue;
mod record;
mod relay;
mod rpc;
mod sandbox;
mod state;
mod traces;
mod upstream;
mod views;

pub use camera::{Camera, Shot};
pub use connection::Protocol;
pub use events::{Build, Events};
pub use host::{Changed, Host, HostBuilder, HostError};
pub use notice::{Notice, Recorded};
pub use policy::policy;
pub use profile::profiles;
pub use upstream::{Endpoint, StartError, StdioCommand, Upstream};
