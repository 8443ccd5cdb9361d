//! A local host for widgets: a page that shows them, and a sandbox of other origins that keeps them from it.
//!
//! A [`Host`] is one process with two listeners on loopback. The page is on one; the sandbox proxy, and each view on an origin of its own
//! below it, are on the other: three sites, so that a view reaches neither the page nor the proxy nor another view, whatever it tries.
//! Its policy is a header, made from what its resource declares (MCP Apps 2026-01-26). The page reaches the server through the host only,
//! with a key that is made anew for each launch and is in no request line, log or referrer.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use pmcp_client::Client;
//! use pmcp_preview::Host;
//!
//! let client = Client::builder("preview", "1.0.0")
//!     .extension("io.modelcontextprotocol/ui", serde_json::json!({ "mimeTypes": ["text/html;profile=mcp-app"] }))
//!     .connect_http("http://127.0.0.1:8080/mcp")
//!     .await?;
//! let host = Host::start(client).await?;
//! println!("{}", host.url());
//! host.wait().await;
//! # Ok(())
//! # }
//! ```

mod guard;
mod host;
mod key;
mod page;
mod policy;
mod rpc;
mod sandbox;
mod views;

pub use host::{Host, HostBuilder, HostError};
pub use policy::policy;
