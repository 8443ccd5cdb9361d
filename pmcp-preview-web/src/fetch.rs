//! HTTP as a page has it.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use js_sys::{Array, Reflect, Uint8Array};
use pmcp_client::{ClientError, HttpBody, HttpTransport};
use tokio::sync::{mpsc, oneshot};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    AbortController, AbortSignal, Headers, ReadableStreamDefaultReader, ReferrerPolicy, RequestCache,
    RequestCredentials, RequestInit, RequestRedirect,
};

/// Parts of a body that wait to be read.
const WAITING: usize = 8;

/// The `fetch` of a page, with headers of every request.
#[derive(Debug)]
pub(crate) struct Fetch {
    pub(crate) headers: HeaderMap,
}

#[async_trait]
impl HttpTransport for Fetch {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<HttpBody>, ClientError> {
        for (name, value) in &self.headers {
            request.headers_mut().insert(name, value.clone());
        }
        let (answer, answered) = oneshot::channel();
        spawn_local(run(request, answer));
        answered.await.unwrap_or_else(|_| Err(ClientError::transport("the page is gone")))
    }
}

type Answer = Result<Response<HttpBody>, ClientError>;

/// A request, which is aborted when nobody reads its answer any more.
struct Underway(AbortController);

impl Drop for Underway {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Sends a request, and passes its answer on for as long as somebody reads it.
async fn run(request: Request<Bytes>, mut answer: oneshot::Sender<Answer>) {
    let Ok(controller) = AbortController::new() else { return };
    let signal = controller.signal();
    let _underway = Underway(controller);
    let fetched = tokio::select! {
        biased;
        () = answer.closed() => return,
        fetched = fetch(&request, &signal) => fetched,
    };
    // Why a request fails, a page is not told.
    let Ok(fetched) = fetched else {
        let unreachable = "the server cannot be reached from a page, or does not let this one in";
        let _ = answer.send(Err(ClientError::transport(unreachable)));
        return;
    };
    let (parts, read) = mpsc::channel(WAITING);
    if answer.send(head(&fetched, read)).is_ok() {
        pass(&fetched, &parts).await;
    }
}

async fn fetch(request: &Request<Bytes>, signal: &AbortSignal) -> Result<web_sys::Response, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in request.headers() {
        if let Ok(value) = value.to_str() {
            headers.append(name.as_str(), value)?;
        }
    }
    let init = RequestInit::new();
    init.set_method(request.method().as_str());
    init.set_headers(&headers);
    init.set_signal(Some(signal));
    init.set_cache(RequestCache::NoStore);
    init.set_credentials(RequestCredentials::Omit);
    init.set_redirect(RequestRedirect::Manual);
    init.set_referrer_policy(ReferrerPolicy::NoReferrer);
    if request.method() == Method::POST {
        init.set_body(&Uint8Array::from(&**request.body()));
    }
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let fetched = window.fetch_with_str_and_init(&request.uri().to_string(), &init);
    JsFuture::from(fetched).await?.dyn_into()
}

/// The head of an answer, with the body that comes.
fn head(fetched: &web_sys::Response, read: mpsc::Receiver<Result<Bytes, ClientError>>) -> Answer {
    // A redirection that is not followed shows nothing of itself, not even a status.
    let status = StatusCode::from_u16(fetched.status())
        .map_err(|_| ClientError::transport("the server redirects, which is not followed from a page"))?;
    let frames = stream::unfold(read, |mut read| async { Some((read.recv().await?.map(Frame::data), read)) });
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    *response.status_mut() = status;
    let headers = js_sys::try_iter(&fetched.headers()).ok().flatten();
    for entry in headers.into_iter().flatten().flatten() {
        let entry = Array::from(&entry);
        if let (Some(name), Some(value)) = (entry.get(0).as_string(), entry.get(1).as_string())
            && let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value))
        {
            response.headers_mut().append(name, value);
        }
    }
    Ok(response)
}

/// Passes the body on, part by part.
async fn pass(fetched: &web_sys::Response, parts: &mpsc::Sender<Result<Bytes, ClientError>>) {
    let Some(body) = fetched.body() else { return };
    let Ok(reader) = body.get_reader().dyn_into::<ReadableStreamDefaultReader>() else { return };
    loop {
        let read = tokio::select! {
            biased;
            () = parts.closed() => return,
            read = JsFuture::from(reader.read()) => read,
        };
        let part = match read.as_ref().map(part) {
            Ok(Some(part)) => Ok(part),
            Ok(None) => return,
            Err(_) => Err(ClientError::transport("the answer broke off")),
        };
        let is_last = part.is_err();
        if parts.send(part).await.is_err() || is_last {
            return;
        }
    }
}

/// The bytes that were read; `None` at the end.
fn part(read: &JsValue) -> Option<Bytes> {
    let bytes = Reflect::get(read, &"value".into()).ok()?;
    bytes.dyn_ref::<Uint8Array>().map(|bytes| bytes.to_vec().into())
}
