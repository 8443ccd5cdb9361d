//! Imports of a file with a server: `use pmcp_server::prelude::*;`. Those of one with [tools](pmcp_tasks::prelude) are among them.

#[cfg(feature = "apps")]
pub use pmcp_apps::widget;
pub use pmcp_tasks::prelude::*;

pub use crate::{Error, PromptMessage, Server, Transport};
