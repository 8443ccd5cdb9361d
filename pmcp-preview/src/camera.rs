//! Pictures of views. A host takes none itself: whoever starts it may have a browser for that.

use std::fmt;

use async_trait::async_trait;
use serde_json::Value;

/// Takes pictures of views, in a browser that nobody sees.
#[async_trait]
pub trait Camera: Send + Sync + 'static {
    /// A picture as PNG; `None` if none could be taken. The reason is told by the camera, to whoever started the host: pages are not told.
    async fn take(&self, shot: Shot) -> Option<Vec<u8>>;
}

/// A view that is to be in a picture.
#[derive(Clone)]
#[non_exhaustive]
pub struct Shot {
    /// The address of the page, with the key of this launch.
    pub url: String,
    /// The host that is emulated.
    pub profile: String,
    /// The theme: `light` or `dark`.
    pub theme: &'static str,
    /// The call and what it came to, as the page takes it when it is opened with the parameter `alone`.
    pub view: Value,
}

/// Without the key.
impl fmt::Debug for Shot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url: _, profile, theme, view: _ } = self;
        formatter.debug_struct("Shot").field("profile", profile).field("theme", theme).finish_non_exhaustive()
    }
}
