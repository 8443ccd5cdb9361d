//! Pictures for the page of the preview: a browser for each, which is gone when it is taken.

use std::path::PathBuf;

use async_trait::async_trait;
use pmcp_preview::{Camera, Shot};

use crate::{
    browser::Browser,
    error::Result,
    shell::Shell,
    stage::{Theme, take},
    text,
};

/// A browser that is there to be started.
#[derive(Debug)]
pub(super) struct InBrowser {
    pub(super) program: PathBuf,
    pub(super) shell: Shell,
}

impl InBrowser {
    async fn picture(&self, shot: &Shot) -> Result<Vec<u8>> {
        let browser = Browser::start(&self.program).await?;
        let theme = if shot.theme == Theme::Dark.name() { Theme::Dark } else { Theme::Light };
        let taken = take(&browser, &shot.url, &shot.profile, theme, &shot.view).await;
        browser.stop().await;
        taken
    }
}

#[async_trait]
impl Camera for InBrowser {
    async fn take(&self, shot: Shot) -> Option<Vec<u8>> {
        match self.picture(&shot).await {
            Ok(png) => Some(png),
            Err(error) => {
                self.shell.warn(&format!("no picture was taken: {}", text::line(&error.message.unwrap_or_default())));
                None
            }
        }
    }
}
