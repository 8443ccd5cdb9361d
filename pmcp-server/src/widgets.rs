//! The widgets of a server, and whom they are offered to. Without the feature `apps` there are none.

use pmcp_protocol::{ClientCapabilities, UI_EXTENSION};
#[cfg(feature = "apps")]
use pmcp_tasks::offer::{OffersBuilder, Resource, ResourceContents};
use serde_json::{Map, Value, json};

/// The clients that widgets are offered to.
#[cfg(feature = "apps")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Offer {
    /// Those that declare MCP Apps with the type of our documents.
    #[default]
    WhereDeclared,
    /// All: some hosts show widgets and do not declare it. Those that show none are told of tools and resources that they cannot use.
    Always,
}

/// The widgets of a server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Widgets {
    #[cfg(feature = "apps")]
    pub(crate) all: Vec<&'static pmcp_apps::WidgetDefinition>,
    #[cfg(feature = "apps")]
    pub(crate) offer: Offer,
}

impl Widgets {
    /// Tells whether there are any.
    #[cfg_attr(not(feature = "apps"), expect(clippy::unused_self, reason = "there are none without the feature"))]
    pub(crate) fn is_empty(&self) -> bool {
        #[cfg(feature = "apps")]
        let is_empty = self.all.is_empty();
        #[cfg(not(feature = "apps"))]
        let is_empty = true;
        is_empty
    }

    /// The abilities of a client, as far as widgets go by them.
    pub(crate) fn client(&self, declared: ClientCapabilities) -> ClientCapabilities {
        #[cfg(feature = "apps")]
        let always = self.offer == Offer::Always;
        #[cfg(not(feature = "apps"))]
        let always = false;
        ClientCapabilities { ui: declared.ui || (always && !self.is_empty()), ..declared }
    }

    /// Adds to the server's extensions that it has widgets, for a client that shows them.
    pub(crate) fn declare(&self, client: ClientCapabilities, capabilities: &mut Map<String, Value>) {
        if self.is_empty() || !self.client(client).ui {
            return;
        }
        let extensions = capabilities.entry("extensions").or_insert_with(|| json!({}));
        if let Some(extensions) = extensions.as_object_mut() {
            extensions.insert(UI_EXTENSION.into(), json!({}));
        }
    }
}

/// Offers the document of a widget.
#[cfg(feature = "apps")]
pub(crate) fn offered(offers: OffersBuilder, widget: &'static pmcp_apps::WidgetDefinition) -> OffersBuilder {
    use pmcp_tasks::ToolError;

    let mut resource =
        Resource::new(widget.uri()).name(widget.name).mime_type(pmcp_apps::MIME_TYPE).meta(widget.resource_meta());
    if let Some(title) = widget.title {
        resource = resource.title(title);
    }
    if let Some(description) = widget.description {
        resource = resource.description(description);
    }
    offers.ui_resource(
        resource,
        |uri| widget.has_uri(uri),
        move |_, _| async move {
            if widget.source.is_none() {
                return Ok(ResourceContents::from(widget.document));
            }
            // Files are read and checked for it.
            let read = tokio::task::spawn_blocking(|| widget.document().into_owned()).await;
            read.map(ResourceContents::from).map_err(|_| ToolError::rpc(-32603, "the widget could not be read"))
        },
    )
}
