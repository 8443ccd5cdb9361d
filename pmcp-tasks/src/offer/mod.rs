//! Prompts, resources and completions: what a server offers beside tools.
//!
//! `#[prompt]`, `#[resource]` and `#[complete]` make them of functions (feature `macros`); here they are described by hand, too.
//!
//! [`Offers`] lists and finds them, and [`Offers::handle`] answers the methods that are about them; the functions
//! behind them are run by the router, so that they can ask the client as tools do. Like the router it knows nothing of
//! transports, and the room itself names no router: a request is read here into its result or a call that has to be
//! run.
//!
//! ```
//! use pmcp_tasks::{TaskRouter, TaskStore, call::{CallContext, Caller, Revision}};
//! use pmcp_tasks::offer::{Offers, Prompt, PromptArgument, PromptResult};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let greet = Prompt::new("greet").argument(PromptArgument::required("name"));
//! let offers = Offers::builder()
//!     .prompt(greet, |arguments, _| async move { Ok(PromptResult::user(format!("Greet {}", arguments.text("name")))) })
//!     .build()?;
//!
//! let router = TaskRouter::builder().build(TaskStore::memory())?;
//! let caller = CallContext::new(Revision::V2025, Caller::local());
//! let params = json!({ "name": "greet", "arguments": { "name": "Luca" } });
//! let result = offers.handle(&router, "prompts/get", &params, &caller).await.answer()?;
//! assert_eq!(result["messages"][0]["content"]["text"], "Greet Luca");
//! # Ok(()) }
//! ```

mod completion;
mod error;
mod offers;
mod prompt;
mod request;
mod resource;
mod template;
mod updates;

pub use completion::{Completed, Completion, CompletionFunction, CompletionRequest, Suggested};
pub use error::OfferError;
pub use offers::{Offers, OffersBuilder};
pub use prompt::{Prompt, PromptArgument, PromptArguments, PromptFunction, PromptMessage, PromptResult};
pub(crate) use request::{OfferCall, OfferRequest};
pub use resource::{Resource, ResourceContents, ResourceFunction, ResourceRead, ResourceRequest};
pub use updates::{ResourceUpdates, Subscribed, Updates};
