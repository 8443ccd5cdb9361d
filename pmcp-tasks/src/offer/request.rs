//! Requests for what is offered: a page of a list, or a call to be run.

use pmcp_protocol::{
    RpcError, params as parse,
    params::{ListParams, ReadParams},
};
use serde_json::{Map, Value};

use super::{
    completion::{CompleteParams, Completion, CompletionRequest, Reference, Suggested},
    offers::Offers,
    prompt::GetParams,
    resource::RegisteredResource,
};
use crate::{
    call::{CallContext, Caller, Revision},
    gate::{Gate, Target, TargetKind},
    tool::Prepared,
};

/// The meaning of a request.
#[derive(Debug)]
pub(crate) enum OfferRequest {
    /// Its result.
    Ready(Value),
    /// A call that has to be run.
    Call(OfferCall),
}

/// A call of a function behind an offer.
#[derive(Debug)]
pub(crate) struct OfferCall {
    /// The name of what is called; a retry has to repeat it, and the arguments.
    pub(crate) name: String,
    pub(crate) arguments: Map<String, Value>,
    pub(crate) prepared: Prepared,
}

impl Offers {
    /// Reads a request; `None` if its method is none of offers. Pages of lists have `page_size` entries, of what the gate lets the caller
    /// use; everything else is unknown.
    pub(crate) fn request(
        &self,
        method: &str,
        params: &Value,
        cx: &CallContext,
        (gate, page_size): (&Gate, u16),
    ) -> Option<Result<OfferRequest, RpcError>> {
        let (shows_ui, caller) = (cx.client.ui, &cx.caller);
        let is_permitted = move |target: &Target<'_>| gate.permits(caller, target);
        let is_shown = move |target: &Target<'_>| gate.shows(caller, target);
        let resources = |templates: bool| {
            let resources = self.resources.iter().filter(move |resource| resource.is_template() == templates);
            let resources = resources.filter(move |resource| shows_ui || !resource.is_of_ui());
            resources
                .filter(move |resource| is_shown(&resource.target()))
                .map(|resource| resource.describe(cx.revision))
        };
        let page = match method {
            "prompts/list" => {
                let prompts = self.prompts.iter().filter(|prompt| is_shown(&prompt.target()));
                let prompts = prompts.map(|prompt| prompt.prompt.describe(cx.revision));
                page("prompts", prompts, params, page_size)
            }
            "resources/list" => page("resources", resources(false), params, page_size).map(|mut page| {
                if cx.revision.has_cache_hints() && self.resources.iter().any(RegisteredResource::is_of_ui) {
                    // What is listed depends on what the client declares (caching, "Cache Scope").
                    page["cacheScope"] = "private".into();
                }
                page
            }),
            "resources/templates/list" => page("resourceTemplates", resources(true), params, page_size),
            "prompts/get" => return Some(self.get_prompt(params, is_permitted).map(OfferRequest::Call)),
            "resources/read" => {
                return Some(self.read_resource(params, cx.revision, is_permitted).map(OfferRequest::Call));
            }
            "completion/complete" if self.has_completions() => {
                return Some(self.complete(params, is_permitted));
            }
            _ => return None,
        };
        Some(page.map(OfferRequest::Ready))
    }

    /// The scopes of the prompt or resource that the caller of this request lacks, and could get: all of its scopes.
    pub(crate) fn lacking(&self, method: &str, params: &Value, (gate, caller): (&Gate, &Caller)) -> Option<&[String]> {
        let text = |key| params.get(key).and_then(Value::as_str);
        match method {
            "prompts/get" => gate.lacking(caller, &self.find_prompt(text("name")?)?.target()),
            "resources/read" | "resources/subscribe" => {
                let uri = text("uri")?;
                let (found, _) = self.find_resource(uri)?;
                let scopes = found.scopes();
                // As what fits it may be kept back where the template is not.
                let lacking = gate.lacking(caller, &found.target())?;
                gate.lacking(caller, &Target::new(TargetKind::Resource, uri, scopes)).map(|_| lacking)
            }
            _ => None,
        }
    }

    fn get_prompt(&self, params: &Value, is_permitted: impl Fn(&Target<'_>) -> bool) -> Result<OfferCall, RpcError> {
        let GetParams { name, mut arguments } = parse(params)?;
        // Some write every argument, and null for those there are not.
        arguments.retain(|_, value| !value.is_null());
        let prompt = self.find_prompt(&name).filter(|prompt| is_permitted(&prompt.target()));
        let prompt = prompt.ok_or_else(|| RpcError::invalid_params("unknown prompt"))?;
        let prepared = prompt.prepare(arguments.clone())?;
        Ok(OfferCall { name, arguments, prepared })
    }

    fn read_resource(
        &self,
        params: &Value,
        revision: Revision,
        is_permitted: impl Fn(&Target<'_>) -> bool,
    ) -> Result<OfferCall, RpcError> {
        let ReadParams { uri } = parse(params)?;
        let found = self.permitted_resource(&uri, is_permitted);
        let (resource, variables) = found.ok_or_else(|| revision.unknown_resource(&uri))?;
        let prepared = resource.prepare(&uri, variables, revision)?;
        Ok(OfferCall { name: uri, arguments: Map::new(), prepared })
    }

    fn complete(&self, params: &Value, is_permitted: impl Fn(&Target<'_>) -> bool) -> Result<OfferRequest, RpcError> {
        let request: CompleteParams = parse(params)?;
        let (name, has_argument, suggest) = match &request.reference {
            Reference::Prompt { name } => {
                let prompt = self.find_prompt(name).filter(|prompt| is_permitted(&prompt.target()));
                let prompt = prompt.ok_or_else(|| RpcError::invalid_params("unknown prompt"))?;
                (name.clone(), prompt.prompt.has_argument(&request.argument.name), prompt.suggest.as_ref())
            }
            Reference::Resource { uri } => {
                let mut resources = self.resources.iter().filter(|resource| is_permitted(&resource.target()));
                let resource = resources.find(|resource| resource.uri() == uri);
                let resource = resource.ok_or_else(|| RpcError::invalid_params("unknown resource template"))?;
                (uri.clone(), resource.has_variable(&request.argument.name), resource.suggest.as_ref())
            }
        };
        if !has_argument {
            return Err(RpcError::invalid_params("there is no such argument"));
        }
        let request = CompletionRequest::from(request);
        // The function it is an argument of knows best.
        let prepared = match (suggest.map(|suggest| suggest(request.clone())), &self.completer) {
            (Some(Suggested::Call(prepared)), _) => prepared,
            (Some(Suggested::Values(values)), _) => {
                return Ok(OfferRequest::Ready(Completion::from(values).into_value()));
            }
            (None | Some(Suggested::Unknown), Some(completer)) => completer.prepare(request),
            (None | Some(Suggested::Unknown), None) => {
                return Ok(OfferRequest::Ready(Completion::default().into_value()));
            }
        };
        Ok(OfferRequest::Call(OfferCall { name, arguments: Map::new(), prepared }))
    }
}

/// A page of a list that does not change; the cursor is the index of its first entry.
fn page(name: &str, entries: impl Iterator<Item = Value>, params: &Value, size: u16) -> Result<Value, RpcError> {
    let ListParams { cursor } = ListParams::read(params)?;
    let entries: Vec<Value> = entries.collect();
    let start = match cursor {
        None => 0,
        Some(cursor) => {
            let start = cursor.parse().ok().filter(|start| (1..entries.len()).contains(start));
            start.ok_or_else(|| RpcError::invalid_params("unknown cursor"))?
        }
    };
    let size = usize::from(size.max(1));
    let mut result = Map::new();
    if start + size < entries.len() {
        result.insert("nextCursor".into(), (start + size).to_string().into());
    }
    let page: Vec<Value> = entries.into_iter().skip(start).take(size).collect();
    result.insert(name.into(), page.into());
    Ok(result.into())
}
