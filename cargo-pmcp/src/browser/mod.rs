//! A browser without a window: it shows the page of a preview to nobody, takes pictures of it and asks it questions.
//!
//! It is one that is installed, and it is driven over two pipes (Chrome `DevTools` Protocol): no port is open that others could drive it by,
//! and when the pipes end, however this process ended, so does the browser.

mod find;
mod launch;
mod tab;
mod wire;

pub(crate) use find::BrowserArgs;
pub(crate) use launch::Browser;
pub(crate) use tab::{Clip, Tab};
