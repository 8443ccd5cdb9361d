//! The parts of a host that its requests are answered from.

use std::sync::Arc;

use crate::{key::Key, link::Link, sandbox::Sandbox, traces::Traces};

/// The parts of the page.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) link: Link,
    pub(crate) key: Key,
    /// Our name: the address with its port.
    pub(crate) host: Arc<str>,
    pub(crate) sandbox: Sandbox,
    /// What pages keep.
    pub(crate) traces: Traces,
}
