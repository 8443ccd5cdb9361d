//! Requests of the page to its host.

use std::io::{self, ErrorKind};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State, rejection::JsonRejection},
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use futures_util::stream;
use http::{HeaderMap, Method, StatusCode, header};
use pmcp_preview_client::Given;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    camera::Shot,
    connection::Protocol,
    link::Order,
    notice::Notice,
    policy::{Extra, Policy, permissions},
    profile::{self, PROFILES},
    rpc,
    state::Page,
    traces,
    views::View,
};

pub(crate) fn routes() -> Router<Page> {
    Router::new()
        .route("/api/host", get(host))
        .route("/api/events", get(events))
        .route("/api/rpc", post(call))
        .route("/api/answer", post(answer))
        .route("/api/connection", post(connect))
        .route("/api/restart", post(restart))
        .route("/api/traces", get(list_traces))
        .route(
            "/api/traces/{name}",
            get(trace).put(keep_trace).delete(remove_trace).layer(DefaultBodyLimit::max(traces::LARGEST)),
        )
        .route("/api/record", post(begin_record))
        .route("/api/record/{id}", post(add_to_record).delete(end_record).layer(DefaultBodyLimit::max(traces::LARGEST)))
        .route("/api/reloaded", post(reloaded))
        .route("/api/failed", post(failed))
        .route("/api/upstream", get(relay).post(relay).delete(relay))
        .route("/api/shot", post(shot))
        .route("/api/views", post(mount))
        .route("/api/views/{id}", delete(unmount))
}

/// What the page has to know of the host.
async fn host(State(page): State<Page>) -> Json<Value> {
    let profiles: Vec<_> = PROFILES.iter().map(|profile| &profile.json).collect();
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "proxy": format!("{}/proxy", page.sandbox.origin()),
        "profiles": profiles,
        "profile": page.link.wishes().profile.id,
        "connection": page.link.events().connection(),
        "tasks": page.link.live().is_some_and(|live| live.tasks),
        "passesTasks": page.link.passes_tasks(),
        "features": { "shot": page.camera.is_some(), "record": page.record.is_some_and(|record| record.is_waiting()) },
    }))
}

/// Lines of JSON of all that happens, from now on: the present connection and open questions first.
async fn events(State(page): State<Page>) -> Response {
    let link = &page.link;
    match link.questions().with_open(|open| link.events().read(open)) {
        Some(reader) => rpc::lines_of_json(stream::unfold(reader, |reader| async {
            Some((reader.next().await.to_string(), reader))
        })),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn call(State(page): State<Page>, Json(request): Json<rpc::Request>) -> Response {
    rpc::pass(page.link, request)
}

/// An answer to a question.
#[derive(Debug, Deserialize)]
struct Answer {
    question: u64,
    action: Action,
    #[serde(default)]
    content: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Accept,
    Decline,
    Cancel,
}

async fn answer(State(page): State<Page>, Json(Answer { question, action, content }): Json<Answer>) -> StatusCode {
    let given = match action {
        Action::Accept => Given::Accept(content),
        Action::Decline => Given::Decline,
        Action::Cancel => Given::Cancel,
    };
    if page.link.questions().answer(question, given) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

/// Wishes for the connection; one that is not named stays as it is.
#[derive(Debug, Deserialize)]
struct Connect {
    protocol: Option<Protocol>,
    profile: Option<String>,
}

async fn connect(State(page): State<Page>, Json(Connect { protocol, profile }): Json<Connect>) -> StatusCode {
    let profile = match profile.map(|id| profile::find(&id).ok_or(StatusCode::NOT_FOUND)).transpose() {
        Ok(profile) => profile,
        Err(status) => return status,
    };
    page.link.wish(|wishes| {
        wishes.protocol = protocol.unwrap_or(wishes.protocol);
        wishes.profile = profile.unwrap_or(wishes.profile);
    });
    page.link.order(Order::Connect);
    StatusCode::ACCEPTED
}

async fn restart(State(page): State<Page>) -> StatusCode {
    page.link.order(Order::Restart);
    StatusCode::ACCEPTED
}

/// A document to mount, `_meta` of its resource, and the host it is mounted in.
#[derive(Debug, Deserialize)]
struct Mount {
    html: String,
    #[serde(default)]
    meta: Value,
    profile: Option<String>,
    #[serde(default)]
    extra: Extra,
    /// The view whose place it takes: the same one, before its document was edited.
    replaces: Option<String>,
}

async fn mount(State(page): State<Page>, Json(mount): Json<Mount>) -> Response {
    let Mount { html, meta, profile, extra, replaces } = mount;
    let profile = match profile {
        Some(id) => profile::find(&id),
        None => Some(page.link.wishes().profile),
    };
    let Some(profile) = profile else { return StatusCode::NOT_FOUND.into_response() };
    let policy = Policy::new(profile, &meta, &extra);
    let view = View { html, policy: policy.header(), permissions: permissions(profile, &meta) };
    let views = &page.sandbox.views;
    let mounted = match replaces {
        Some(id) => views.replace(&id, view).map(|()| id).or_else(|view| views.mount(view).ok_or(())),
        None => views.mount(view).ok_or(()),
    };
    match mounted {
        Ok(id) => {
            let (url, policy, sources) = (page.sandbox.view(&id), policy.plain(), policy.sourced());
            Json(json!({ "id": id, "url": url, "policy": policy, "sources": sources })).into_response()
        }
        Err(()) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn unmount(State(page): State<Page>, Path(id): Path<String>) -> StatusCode {
    if page.sandbox.views.remove(&id) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

/// Does something with files, where it holds nobody up.
async fn with_files<T: Send + 'static>(
    page: Page,
    work: impl FnOnce(&Page) -> io::Result<T> + Send + 'static,
) -> Result<T, StatusCode> {
    let done = tokio::task::spawn_blocking(move || work(&page)).await;
    done.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?.map_err(|error| match error.kind() {
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::InvalidInput => StatusCode::BAD_REQUEST,
        ErrorKind::FileTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    })
}

async fn list_traces(State(page): State<Page>) -> Result<Response, StatusCode> {
    Ok(Json(with_files(page, |page| page.traces.list()).await?).into_response())
}

async fn trace(State(page): State<Page>, Path(name): Path<String>) -> Result<Response, StatusCode> {
    let text = with_files(page, move |page| page.traces.read(&name)).await?;
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], text).into_response())
}

async fn keep_trace(State(page): State<Page>, Path(name): Path<String>, text: Bytes) -> Result<StatusCode, StatusCode> {
    with_files(page, move |page| page.traces.write(&name, &text)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove_trace(State(page): State<Page>, Path(name): Path<String>) -> Result<StatusCode, StatusCode> {
    with_files(page, move |page| page.traces.remove(&name)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begins the record of the host with the first view that is mounted.
async fn begin_record(State(page): State<Page>) -> Result<Json<Value>, StatusCode> {
    let record = page.record.ok_or(StatusCode::NOT_FOUND)?;
    let id = record.begin().ok_or(StatusCode::CONFLICT)?;
    Ok(Json(json!({ "id": id })))
}

async fn add_to_record(
    State(page): State<Page>,
    Path(id): Path<String>,
    lines: Bytes,
) -> Result<StatusCode, StatusCode> {
    let added = with_files(page, move |page| match &page.record {
        Some(record) => record.add(&id, &lines),
        None => Err(ErrorKind::NotFound.into()),
    });
    added.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends the record, as its view has ended.
async fn end_record(State(page): State<Page>, Path(id): Path<String>) -> Result<StatusCode, StatusCode> {
    let ended = with_files(page, move |page| {
        let recorded = page.record.as_ref().and_then(|record| record.end_of(&id)).ok_or(ErrorKind::NotFound)?;
        // Where nobody asks, nobody is told.
        let _ = page.notices.try_send(Notice::Recorded(recorded));
        Ok(())
    });
    ended.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What came of a change of files.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reloaded {
    change: u64,
    views: usize,
    is_state_kept: bool,
}

async fn reloaded(State(page): State<Page>, Json(reloaded): Json<Reloaded>) -> StatusCode {
    let Reloaded { change, views, is_state_kept } = reloaded;
    // Where nobody asks, nobody is told.
    let _ = page.notices.try_send(Notice::Reloaded { change, views, is_state_kept });
    StatusCode::NO_CONTENT
}

/// An error that nothing in a view has caught.
#[derive(Debug, Deserialize)]
struct Failed {
    uri: String,
    text: String,
}

/// The most characters that are told of an error.
const LONGEST: usize = 1000;

async fn failed(State(page): State<Page>, Json(failed): Json<Failed>) -> StatusCode {
    let short = |text: String| text.chars().take(LONGEST).collect();
    // Where nobody asks, nobody is told.
    let _ = page.notices.try_send(Notice::Failed { uri: short(failed.uri), text: short(failed.text) });
    StatusCode::NO_CONTENT
}

async fn relay(State(page): State<Page>, method: Method, headers: HeaderMap, body: Bytes) -> Response {
    match page.link.live() {
        Some(live) => live.relay.pass(&live.endpoint, method, &headers, body).await,
        None => (StatusCode::SERVICE_UNAVAILABLE, "the server is not connected").into_response(),
    }
}

/// A view that is to be in a picture, as the page shows it.
#[derive(Debug, Deserialize)]
struct Shoot {
    profile: String,
    theme: Theme,
    /// The call, its result, and the state that the view has kept.
    #[serde(flatten)]
    view: Map<String, Value>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Theme {
    Light,
    Dark,
}

async fn shot(State(page): State<Page>, wanted: Result<Json<Shoot>, JsonRejection>) -> Response {
    const NONE: &str = "pictures need a browser: install Chromium, Chrome or Edge, and start the preview anew";
    let Some(camera) = &page.camera else { return (StatusCode::NOT_IMPLEMENTED, NONE).into_response() };
    let Json(Shoot { profile, theme, mut view }) = match wanted {
        Ok(wanted) => wanted,
        Err(refused) => return refused.status().into_response(),
    };
    if profile::find(&profile).is_none() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let theme = match theme {
        Theme::Light => "light",
        Theme::Dark => "dark",
    };
    view.insert("theme".to_owned(), theme.into());
    let shot = Shot { url: page.url(), profile, theme, view: Value::Object(view) };
    match camera.lock().await.take(shot).await {
        Some(png) => ([(header::CONTENT_TYPE, "image/png")], png).into_response(),
        None => (StatusCode::BAD_GATEWAY, "the browser took no picture; the terminal tells why").into_response(),
    }
}
