//! The client in the page of a preview.
//!
//! It is what `pmcp-preview-client` is, over `fetch` and on the event loop of a page. A page that uses it asks the server itself, and sees
//! what it would see through the process of the preview. `cargo xtask wasm` builds it; `preview-page/src/wire/page.ts` uses it. Elsewhere than
//! in a page there is nothing of it.
//!
//! Values of JavaScript stay in tasks of their own and tell by channels, so that the client is `Send` here as it is everywhere.
#![cfg(target_family = "wasm")]
#![expect(clippy::future_not_send, reason = "a page has one thread")]

mod client;
mod fetch;
mod runtime;
mod tell;
mod wishes;

pub use client::PageClient;
