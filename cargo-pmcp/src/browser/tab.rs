//! A page in a browser.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::wire::{Wire, attaching};
use crate::{
    error::{Error, Result},
    text,
};

/// A part of a page, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clip {
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// A page, in a profile of its own.
#[derive(Debug)]
pub(crate) struct Tab {
    wire: Wire,
    context: Value,
    session: String,
}

impl Tab {
    /// Opens a page.
    pub(super) async fn open(wire: &Wire, url: &str) -> Result<Self> {
        let context = ask(wire, None, "Target.createBrowserContext", json!({})).await?["browserContextId"].take();
        let wanted = json!({ "url": "about:blank", "browserContextId": context });
        let target = ask(wire, None, "Target.createTarget", wanted).await?["targetId"].take();
        let attached = ask(wire, None, "Target.attachToTarget", json!({ "targetId": target, "flatten": true })).await?;
        let session = attached["sessionId"].as_str().unwrap_or_default().to_owned();
        let tab = Self { wire: wire.clone(), context, session };
        tab.ask("Target.setAutoAttach", attaching()).await?;
        tab.ask("Page.enable", json!({})).await?;
        // The address has a key in it, which no message tells.
        tab.ask("Page.navigate", json!({ "url": url })).await?;
        Ok(tab)
    }

    async fn ask(&self, method: &str, params: Value) -> Result<Value> {
        ask(&self.wire, Some(&self.session), method, params).await
    }

    /// The value of an expression, when it has one.
    ///
    /// # Errors
    /// It throws, or the browser is lost.
    pub(crate) async fn evaluate(&self, expression: &str) -> Result<Value> {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.ask("Runtime.evaluate", params).await?;
        let thrown = &answer["exceptionDetails"];
        if thrown.is_null() {
            return Ok(answer["result"]["value"].take());
        }
        let told = thrown["exception"]["description"].as_str().or_else(|| thrown["text"].as_str()).unwrap_or_default();
        // Without the trace of calls below it.
        let told = told.lines().next().unwrap_or_default();
        Err(Error::failed(text::line(told.strip_prefix("Error: ").unwrap_or(told))))
    }

    /// Gives the window a size, and the theme that people have chosen.
    ///
    /// # Errors
    /// The browser is lost.
    pub(crate) async fn look(&self, Clip { width, height }: Clip, theme: &str) -> Result {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.ask("Emulation.setDeviceMetricsOverride", size).await?;
        let features = json!([{ "name": "prefers-color-scheme", "value": theme }]);
        self.ask("Emulation.setEmulatedMedia", json!({ "features": features })).await?;
        Ok(())
    }

    /// A picture of the upper left of the page, as PNG.
    ///
    /// # Errors
    /// The browser is lost.
    pub(crate) async fn picture(&self, Clip { width, height }: Clip) -> Result<Vec<u8>> {
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
        let shot = self.ask("Page.captureScreenshot", json!({ "format": "png", "clip": clip })).await?;
        let png = shot["data"].as_str().and_then(|data| BASE64_STANDARD.decode(data).ok());
        png.ok_or_else(|| Error::failed("the browser gave no picture"))
    }

    /// The errors on the consoles of views since this was asked last.
    pub(crate) fn take_errors(&self) -> Vec<String> {
        self.wire.take_lines()
    }

    /// Closes it.
    pub(crate) async fn close(self) {
        // A browser that has ended has no tabs.
        let context = json!({ "browserContextId": self.context });
        let _ = self.wire.call(None, "Target.disposeBrowserContext", context).await;
    }
}

async fn ask(wire: &Wire, session: Option<&str>, method: &str, params: Value) -> Result<Value> {
    wire.call(session, method, params)
        .await
        .map_err(|reason| Error::failed(format!("the browser failed: {}", text::line(&reason))))
}
