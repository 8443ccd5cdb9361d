//! A server in the making.

mod callers;

use std::{fmt, future::Future, sync::Arc, time::Duration};

use pmcp_tasks::{
    Limits, TaskStore, ToolContext, ToolError,
    changes::ListChanges,
    offer::{
        Completion, CompletionRequest, Offers, OffersBuilder, Prompt, PromptArguments, PromptFunction, PromptResult,
        Resource, ResourceContents, ResourceFunction, ResourceRequest, ResourceUpdates,
    },
    protocol::Icon,
    router::{Execution, TaskFallback, TaskRouter, TaskRouterBuilder},
    tool::{DynamicTools, Tool},
    workflow::Workflow,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    access::{Access, Anonymous},
    auth::Admission,
    error::Error,
    http::Allowed,
    seal::{Seals, SessionKey},
    service::{ServeLimits, Service},
    shares::Shares,
    widgets::Widgets,
};
#[cfg(feature = "apps")]
use crate::{
    types,
    widgets::{Offer, offered},
};

/// A server in the making. Every method is a setting; [`serve`](Self::serve) runs it.
pub struct Server<S = ()> {
    tools: TaskRouterBuilder<S>,
    settings: Settings,
}

/// Everything of a server that does not depend on its state.
struct Settings {
    info: Value,
    instructions: Option<String>,
    offers: OffersBuilder,
    widgets: Widgets,
    store: TaskStore,
    admission: Admission,
    anonymous: Anonymous,
    allowed: Allowed,
    limits: ServeLimits,
    session_keys: Vec<SessionKey>,
    shutdown_grace: Duration,
}

impl<S> fmt::Debug for Server<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("info", &self.settings.info).finish_non_exhaustive()
    }
}

impl Server {
    /// A server with this name and version, which clients show. It offers nothing yet, keeps tasks in memory and serves
    /// only this machine's user.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        let settings = Settings {
            info: json!({ "name": name.into(), "version": version.into() }),
            instructions: None,
            offers: Offers::builder(),
            widgets: Widgets::default(),
            store: TaskStore::memory(),
            admission: Admission::default(),
            anonymous: Anonymous::default(),
            allowed: Allowed::default(),
            limits: ServeLimits::default(),
            session_keys: Vec::new(),
            shutdown_grace: Duration::from_secs(10),
        };
        Self { tools: TaskRouter::builder(), settings }
    }
}

impl<S: Clone + Send + Sync + 'static> Server<S> {
    /// A name for people.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.settings.info["title"] = title.into().into();
        self
    }

    /// What it is for, for people.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.settings.info["description"] = description.into().into();
        self
    }

    /// The address of a page about it, for people.
    #[must_use]
    pub fn website(mut self, url: impl Into<String>) -> Self {
        self.settings.info["websiteUrl"] = url.into().into();
        self
    }

    /// Its pictures.
    #[must_use]
    pub fn icons(mut self, icons: impl IntoIterator<Item = Icon>) -> Self {
        self.settings.info["icons"] = icons.into_iter().map(|icon| json!(icon)).collect();
        self
    }

    /// Tells the model how to use the server.
    #[must_use]
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.settings.instructions = Some(instructions.into());
        self
    }

    /// The state that tools, prompts and resources take parts of as `State<T>`. Call it before registering those that do.
    pub fn state<T: Clone + Send + Sync + 'static>(self, state: T) -> Server<T> {
        Server { tools: self.tools.state(state), settings: self.settings }
    }

    /// Offers a tool: a function with `#[task_tool]`.
    #[must_use]
    pub fn tool<T: Tool<S>>(self /* and the tool as a type: `.tool::<add>()` */) -> Self {
        Self { tools: self.tools.tool::<T>(), ..self }
    }

    /// Offers tools that are made while the server runs, and that may be others for each caller: see [`DynamicTools`], and
    /// [`ToolSet`](pmcp_tasks::tool::ToolSet) for those that are the same for all. They may run as tasks, so the server declares that it has some.
    #[must_use]
    pub fn dynamic_tools(self, tools: impl DynamicTools) -> Self {
        Self { tools: self.tools.dynamic_tools(tools), ..self }
    }

    /// Offers a workflow: a struct with `#[workflow]` on its `impl`, and the tools that its steps name. Clients begin it by its prompt, or
    /// by the tool of the same name.
    #[must_use]
    pub fn workflow<W: Workflow<S>>(self /* and the workflow as a type: `.workflow::<Deploy>()` */) -> Self {
        Self { tools: self.tools.workflow::<W>(), ..self }
    }

    /// Offers a widget: a struct with [`#[widget]`](macro@pmcp_apps::widget). Tools open it with `widget = …`; those that it names in
    /// `tools(…)` have to be registered, too. What the page and its scripts look like is told by [its chapter](pmcp_apps#the-page).
    ///
    /// ```no_run
    /// use pmcp_server::{Error, Server, Transport, apps::widget};
    /// use pmcp_tasks::prelude::*;
    /// use schemars::JsonSchema;
    /// use serde::Serialize;
    ///
    /// /// A game as the page gets it.
    /// #[derive(Serialize, JsonSchema)]
    /// struct BoardView {
    ///     pieces: Vec<String>,
    /// }
    ///
    /// /// The board. Its page is `tests/board/index.html`, from the crate's `Cargo.toml`.
    /// #[widget(dir = "tests/board", tools(move_piece))]
    /// struct Board;
    ///
    /// /// Show the board. Hosts that show widgets put the page beside this result, and hand it over.
    /// #[task_tool(support = "forbidden", widget = Board)]
    /// async fn show_board() -> BoardView {
    ///     BoardView { pieces: vec!["e2".into(), "e7".into()] }
    /// }
    ///
    /// /// Called by the page as `mcp.callTool("move_piece", { from, to })`: no model is told of it.
    /// #[task_tool(support = "forbidden", visibility = "app")]
    /// async fn move_piece(from: String, to: String) -> Result<BoardView, ToolError> {
    ///     if from == to {
    ///         return Err(ToolError::new("a piece has to move"));
    ///     }
    ///     Ok(BoardView { pieces: vec![to, "e7".into()] })
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Error> {
    ///     Server::new("chess", env!("CARGO_PKG_VERSION"))
    ///         .tool::<show_board>()
    ///         .tool::<move_piece>()
    ///         .widget::<Board>()
    ///         .serve(Transport::from_args()?)
    ///         .await
    /// }
    /// ```
    ///
    /// In a build for development the page is made of the files as they are whenever it is read, and [`serve`](Self::serve) and
    /// [`serve_on`](Self::serve_on) write `mcp.d.ts` into the widget's directory, types for its scripts, unless the variable `CI` is set.
    #[cfg(feature = "apps")]
    #[must_use]
    pub fn widget<W: pmcp_apps::Widget>(mut self /* and the widget as a type: `.widget::<Board>()` */) -> Self {
        let widget = W::definition();
        self.settings.widgets.all.push(widget);
        self.tools = self.tools.called_by_views(widget.tools.iter().copied());
        self.settings.offers = offered(self.settings.offers, widget);
        self
    }

    /// Sets whom widgets are offered to: those who declare that they show them, unless this says otherwise.
    #[cfg(feature = "apps")]
    #[must_use]
    pub fn widgets(mut self, offer: Offer) -> Self {
        self.settings.widgets.offer = offer;
        self
    }

    /// The tools that were registered so far, as they declare themselves: for
    /// [`types_are_current`](pmcp_apps::testing::types_are_current).
    #[cfg(feature = "apps")]
    pub fn tool_definitions(&self) -> impl Iterator<Item = &pmcp_tasks::tool::ToolDefinition> {
        self.tools.definitions()
    }

    /// Offers a prompt: a function with `#[prompt]`.
    #[must_use]
    pub fn prompt<P: PromptFunction<S>>(mut self /* and the prompt as a type: `.prompt::<review>()` */) -> Self {
        self.settings.offers = self.settings.offers.prompt_function::<P, S>(self.tools.current_state());
        self
    }

    /// Offers a resource, or all whose URIs fit a template: a function with `#[resource]`.
    #[must_use]
    pub fn resource<R: ResourceFunction<S>>(mut self, /* and the resource as a type: `.resource::<note>()` */) -> Self {
        self.settings.offers = self.settings.offers.resource_function::<R, S>(self.tools.current_state());
        self
    }

    /// Offers a prompt that is described by hand.
    #[must_use]
    pub fn prompt_with<F, R>(mut self, prompt: Prompt, handler: F) -> Self
    where
        F: Fn(PromptArguments, ToolContext) -> R + Send + Sync + 'static,
        R: Future<Output = Result<PromptResult, ToolError>> + Send + 'static,
    {
        self.settings.offers = self.settings.offers.prompt(prompt, handler);
        self
    }

    /// Offers a resource by hand, given by its URI or described in more detail.
    #[must_use]
    pub fn resource_with<F, R, C>(mut self, resource: impl Into<Resource>, handler: F) -> Self
    where
        F: Fn(ResourceRequest, ToolContext) -> R + Send + Sync + 'static,
        R: Future<Output = Result<C, ToolError>> + Send + 'static,
        C: Into<ResourceContents>,
    {
        self.settings.offers = self.settings.offers.resource(resource, handler);
        self
    }

    /// Offers by hand the resources whose URI fits a template such as `test://item/{id}/data`; a variable is one part without `/`.
    #[must_use]
    pub fn resource_template<F, R, C>(mut self, template: impl Into<Resource>, handler: F) -> Self
    where
        F: Fn(ResourceRequest, ToolContext) -> R + Send + Sync + 'static,
        R: Future<Output = Result<C, ToolError>> + Send + 'static,
        C: Into<ResourceContents>,
    {
        self.settings.offers = self.settings.offers.resource_template(template, handler);
        self
    }

    /// Lets clients subscribe to resources: they are told of what is reported to `updates`.
    #[must_use]
    pub fn resource_updates(mut self, updates: &ResourceUpdates) -> Self {
        self.settings.offers = self.settings.offers.resource_updates(updates);
        self
    }

    /// Suggests values while a user types an argument of a prompt, or a variable of a resource template.
    ///
    /// One function for all of which neither their types nor a function with `#[complete]` say what they may be. It is asked only about what
    /// the server offers, and what it does not know it answers with an empty list.
    #[must_use]
    pub fn complete<F, R, C>(mut self, handler: F) -> Self
    where
        F: Fn(CompletionRequest, ToolContext) -> R + Send + Sync + 'static,
        R: Future<Output = Result<C, ToolError>> + Send + 'static,
        C: Into<Completion>,
    {
        self.settings.offers = self.settings.offers.complete(handler);
        self
    }

    /// Keeps tasks in this store; in memory if nothing is said.
    #[must_use]
    pub fn store(mut self, store: TaskStore) -> Self {
        self.settings.store = store;
        self
    }

    /// Bounds on tasks and calls.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { tools: self.tools.limits(limits), ..self }
    }

    /// Sets how long this process may go without a sign of life before others that share the store take its tasks over. Default
    /// 10 seconds. It has no meaning for a store in memory.
    #[must_use]
    pub fn lease(self, period: Duration) -> Self {
        Self { tools: self.tools.lease(period), ..self }
    }

    /// Chooses the process that runs the tasks that are created here: this one, or workers that share the store.
    #[must_use]
    pub fn execution(self, execution: Execution) -> Self {
        Self { tools: self.tools.execution(execution), ..self }
    }

    /// Runs tasks that other processes left in the queue, at most `at_once` at the same time.
    #[must_use]
    pub fn worker(self, at_once: usize) -> Self {
        Self { tools: self.tools.worker(at_once), ..self }
    }

    /// Sets what clients that know no tasks get when a call takes long: see [`hosts`](crate::hosts).
    #[must_use]
    pub fn task_fallback(self, fallback: TaskFallback) -> Self {
        Self { tools: self.tools.task_fallback(fallback), ..self }
    }

    /// Bounds on messages, sessions and streams.
    #[must_use]
    pub fn serve_limits(mut self, limits: ServeLimits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// Sets the keys that seal the sessions of 2025-11-25 and before (HTTP): the first seals, all open. Give every instance of the server
    /// the same, and any of them answers any request, also after a restart: see [behind a load balancer](crate#behind-a-load-balancer).
    ///
    /// Without any, a random one is made when the server is built: after a restart, or at another instance, a session is unknown, and its
    /// client is told to begin another.
    ///
    /// To change a key, give each instance the new one behind the old, then before it, and leave the old one out once
    /// [`ServeLimits::session_lifetime`] has gone by; an id that was sealed with a key that is left out is that of no session.
    ///
    /// ```
    /// use pmcp_server::{Server, SessionKey};
    ///
    /// # let text = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    /// // A secret of the deployment, made with `openssl rand -base64 32`.
    /// let key: SessionKey = std::env::var("SESSION_KEY").as_deref().unwrap_or(text).parse()?;
    /// let server = Server::new("notes", "1.0.0").session_keys([key]);
    /// # Ok::<(), pmcp_server::SessionKeyError>(())
    /// ```
    #[must_use]
    pub fn session_keys(mut self, keys: impl IntoIterator<Item = SessionKey>) -> Self {
        self.settings.session_keys = keys.into_iter().collect();
        self
    }

    /// Shows clients what went wrong inside a tool. For development only: it may tell secrets.
    #[must_use]
    pub fn expose_errors(self, expose_errors: bool) -> Self {
        Self { tools: self.tools.expose_errors(expose_errors), ..self }
    }

    /// Tells clients when the list of tools, prompts or resources has changed: what a rule of [`authorize`](Self::authorize) lets them see, for
    /// example. Those lists of what is offered are declared to change, in every version.
    ///
    /// ```
    /// use std::sync::{Arc, atomic::{AtomicBool, Ordering}};
    ///
    /// use pmcp_server::{Server, pmcp_tasks::changes::{List, ListChanges}};
    ///
    /// let (changes, is_open) = (ListChanges::of([List::Tools]), Arc::new(AtomicBool::new(false)));
    /// let seen = is_open.clone();
    /// let server = Server::new("shop", "1.0.0")
    ///     .authorize(move |_, target| target.name != "order" || seen.load(Ordering::Relaxed))
    ///     .list_changes(&changes);
    ///
    /// // Later:
    /// is_open.store(true, Ordering::Relaxed);
    /// changes.changed(List::Tools);
    /// ```
    #[must_use]
    pub fn list_changes(self, changes: &ListChanges) -> Self {
        Self { tools: self.tools.list_changes(changes), ..self }
    }

    /// Sets how long work may go on after the server was told to stop. Default 10 seconds.
    #[must_use]
    pub fn shutdown_grace(mut self, grace: Duration) -> Self {
        self.settings.shutdown_grace = grace;
        self
    }

    pub(crate) fn build(self, local: bool) -> Result<Built, Error> {
        let Self { tools, settings } = self;
        #[cfg(feature = "apps")]
        pmcp_apps::check(&settings.widgets.all, tools.definitions())?;
        let router = tools.step_up(settings.admission.step_up).build(settings.store)?;
        let admission = settings.admission.checked(router.store().clock()).map_err(Error::Authenticator)?;
        let offers = settings.offers.listed(router.prompts()).build()?;
        let durability = router.store().capabilities().durability.clone();
        let name = settings.info["name"].as_str().unwrap_or_default();
        let seals = Seals::new(settings.session_keys, name, router.store())?;
        let access = Access { local, authenticated: admission.tells_callers(), anonymous: settings.anonymous };
        tracing::info!(durability, owners = access.describe(), "tasks");
        let service = Service {
            info: settings.info,
            instructions: settings.instructions,
            router,
            offers,
            widgets: settings.widgets,
            access,
            caller: admission.caller.clone(),
            requests: Shares::new(settings.limits.requests),
            subscriptions: Shares::new(settings.limits.subscriptions),
            buffered: Shares::new(settings.limits.buffered),
            kept: Shares::new(settings.limits.resumable),
            limits: settings.limits,
            seals,
            shutdown_grace: settings.shutdown_grace,
            stopped: CancellationToken::new(),
        };
        Ok(Built { service: Arc::new(service), admission, allowed: settings.allowed })
    }

    /// Keeps the types of the tools beside each widget: what a `main` calls does, and not what tests call, which would compare what they have
    /// just written.
    #[cfg(feature = "apps")]
    pub(crate) fn keep_types(&self) {
        types::keep(&self.settings.widgets.all, &self.tools);
    }

    #[cfg(feature = "testing")]
    pub(crate) fn with_clock(mut self, clock: impl pmcp_tasks::time::Clock) -> Self {
        self.settings.store = self.settings.store.with_clock(clock);
        self
    }

    /// The server without HTTP: on streams nobody authenticates, and whoever has them is the local user, or who the author says.
    pub(crate) fn into_service(mut self) -> Result<Arc<Service>, Error> {
        self.settings.admission = self.settings.admission.on_streams();
        Ok(self.build(true)?.service)
    }
}

/// A server whose parts fit together.
pub(crate) struct Built {
    pub(crate) service: Arc<Service>,
    pub(crate) admission: Admission,
    pub(crate) allowed: Allowed,
}
