//! The parts of a host that its requests are answered from.

use std::{fmt, sync::Arc};

use tokio::sync::{Mutex, mpsc};

use crate::{camera::Camera, key::Key, link::Link, notice::Notice, record::Record, sandbox::Sandbox, traces::Traces};

/// The parts of the page.
#[derive(Clone)]
pub(crate) struct Page {
    pub(crate) link: Link,
    pub(crate) key: Key,
    /// Our name: the address with its port.
    pub(crate) host: Arc<str>,
    pub(crate) sandbox: Sandbox,
    /// What pages keep.
    pub(crate) traces: Traces,
    /// The record of the first view, if there is to be one.
    pub(crate) record: Option<Arc<Record>>,
    /// What pages come to. Where nobody asks for it, the latest are left out.
    pub(crate) notices: mpsc::Sender<Notice>,
    /// Takes pictures, one after the other.
    pub(crate) camera: Option<Arc<Mutex<Arc<dyn Camera>>>>,
}

impl fmt::Debug for Page {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Page").field("link", &self.link).field("host", &self.host).finish_non_exhaustive()
    }
}
