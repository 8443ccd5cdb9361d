//! Answers to what the server asks: forms, samples, roots.

use std::{fmt, sync::Arc};

use futures_util::future::BoxFuture;
use pmcp_protocol::{PageUrl, RpcError, is_page, meta::related_task};
use serde_json::{Map, Value, json};

/// A form the server wants filled in.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Elicitation {
    /// The text for the user.
    pub message: String,
    /// The schema of the answer.
    pub schema: Value,
    /// The task that asks, if one does.
    pub task: Option<String>,
    /// The parameters as they were sent.
    pub params: Value,
}

/// A page the server wants the user to go to (URL mode).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Page {
    /// The text for the user.
    pub message: String,
    /// The URL, as it was sent: it is nobody's but the user's to open, who has seen all of it before.
    pub url: String,
    /// The id under which `notifications/elicitation/complete` tells that the user is done (2025-11-25).
    pub id: Option<String>,
    /// The task that asks, if one does.
    pub task: Option<String>,
    /// The parameters as they were sent.
    pub params: Value,
}

/// The user's answer to a form, or to a page: whether they go there, without a content.
#[derive(Clone, Debug, PartialEq)]
pub enum ElicitAnswer {
    /// Filled it in.
    Accept(Value),
    /// Said no.
    Decline,
    /// Dismissed it.
    Cancel,
}

type Elicit = Arc<dyn Fn(Elicitation) -> BoxFuture<'static, ElicitAnswer> + Send + Sync>;
type Open = Arc<dyn Fn(Page) -> BoxFuture<'static, ElicitAnswer> + Send + Sync>;
type Roots = Arc<dyn Fn(Value) -> BoxFuture<'static, Result<Vec<Value>, RpcError>> + Send + Sync>;
type Sample = Arc<dyn Fn(Value) -> BoxFuture<'static, Result<Value, RpcError>> + Send + Sync>;

/// The callbacks a client was built with.
#[derive(Clone, Default)]
pub(crate) struct Callbacks {
    pub(crate) elicit: Option<Elicit>,
    pub(crate) open: Option<Open>,
    pub(crate) sample: Option<Sample>,
    pub(crate) roots: Option<Vec<Value>>,
    pub(crate) ask_roots: Option<Roots>,
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callbacks")
            .field("elicit", &self.elicit.is_some())
            .field("open", &self.open.is_some())
            .field("sample", &self.sample.is_some())
            .field("roots", &self.roots)
            .field("ask_roots", &self.ask_roots.is_some())
            .finish()
    }
}

impl Callbacks {
    /// The capabilities that follow from the callbacks.
    pub(crate) fn capabilities(&self) -> Map<String, Value> {
        let mut capabilities = Map::new();
        let modes = [("form", self.elicit.is_some()), ("url", self.open.is_some())];
        let modes: Map<_, _> =
            modes.into_iter().filter(|(_, has)| *has).map(|(mode, _)| (mode.to_owned(), json!({}))).collect();
        if !modes.is_empty() {
            capabilities.insert("elicitation".into(), modes.into());
        }
        if self.sample.is_some() {
            capabilities.insert("sampling".into(), json!({}));
        }
        if self.tells_roots() {
            capabilities.insert("roots".into(), json!({}));
        }
        capabilities
    }

    fn tells_roots(&self) -> bool {
        self.roots.is_some() || self.ask_roots.is_some()
    }

    /// Tells whether a question with this method and these parameters is answered.
    pub(crate) fn can_answer(&self, method: &str, params: &Value) -> bool {
        match method {
            "elicitation/create" if is_page(params) => self.open.is_some(),
            "elicitation/create" => self.elicit.is_some(),
            "sampling/createMessage" => self.sample.is_some(),
            "roots/list" => self.tells_roots(),
            _ => false,
        }
    }

    /// Answers a question of the server; `task` is the one that asks.
    pub(crate) async fn answer(&self, method: &str, params: Value, task: Option<&str>) -> Result<Value, RpcError> {
        match method {
            "elicitation/create" if is_page(&params) => {
                // A mode that was not declared (elicitation, "Error Handling").
                let Some(open) = &self.open else {
                    return Err(RpcError::invalid_params("this client does not open pages"));
                };
                let text = |name: &str| params.get(name).and_then(Value::as_str);
                // What a user sees of it and what a browser reads are the same.
                let Some(url) = text("url").filter(|url| PageUrl::parse(url).is_some()) else {
                    return Err(RpcError::invalid_params("`url` is none of a page on the web"));
                };
                let page = Page {
                    message: text("message").unwrap_or_default().to_owned(),
                    url: url.to_owned(),
                    id: text("elicitationId").map(str::to_owned),
                    task: task.or_else(|| related_task(&params)).map(str::to_owned),
                    params: params.clone(),
                };
                Ok(json!({ "action": match open(page).await {
                    ElicitAnswer::Accept(_) => "accept",
                    ElicitAnswer::Decline => "decline",
                    ElicitAnswer::Cancel => "cancel",
                } }))
            }
            "elicitation/create" => {
                let Some(elicit) = &self.elicit else { return Err(unknown(method)) };
                if params.get("mode").is_some_and(|mode| mode != "form") {
                    return Err(RpcError::invalid_params("this client only shows forms and pages"));
                }
                let elicitation = Elicitation {
                    message: params.get("message").and_then(Value::as_str).unwrap_or_default().to_owned(),
                    schema: params.get("requestedSchema").cloned().unwrap_or_default(),
                    task: task.or_else(|| related_task(&params)).map(str::to_owned),
                    params,
                };
                Ok(match elicit(elicitation).await {
                    ElicitAnswer::Accept(content) => json!({ "action": "accept", "content": content }),
                    ElicitAnswer::Decline => json!({ "action": "decline" }),
                    ElicitAnswer::Cancel => json!({ "action": "cancel" }),
                })
            }
            "sampling/createMessage" => match &self.sample {
                Some(sample) => sample(params).await,
                None => Err(unknown(method)),
            },
            "roots/list" => {
                let mut all = self.roots.clone().unwrap_or_default();
                match &self.ask_roots {
                    Some(ask) => all.extend(ask(params).await?),
                    None if self.roots.is_none() => return Err(unknown(method)),
                    None => {}
                }
                Ok(json!({ "roots": all }))
            }
            "ping" => Ok(json!({})),
            _ => Err(unknown(method)),
        }
    }
}

/// There is no callback for this method.
pub(crate) fn unknown(method: &str) -> RpcError {
    RpcError::method_not_found(format!("this client does not answer `{method}`"))
}
