//! Health of the server, at an address of its own: who runs the process asks there, and no client of the protocol gets there.

use std::{io::Write as _, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
use pmcp_server::{Running, Server, terminated};
use processes::Outcome;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// Serves until Ctrl-C or SIGTERM, and tells of its health meanwhile. Once it shuts down nobody answers at `/healthz`, which means the same as 503.
pub(crate) async fn serve(server: Server<()>, address: SocketAddr, health: SocketAddr) -> Outcome<()> {
    let terminated = terminated();
    let running = Arc::new(server.start(address).await?);
    let listener = TcpListener::bind(health).await?;
    let routes = Router::new().route("/healthz", get(healthz)).with_state(running.clone());
    let told = format!("health at http://{}/healthz\nlistening on {}\n", listener.local_addr()?, running.url());
    std::io::stderr().write_all(told.as_bytes())?;
    tokio::select! {
        ended = axum::serve(listener, routes).into_future() => ended?,
        () = terminated => {}
    }
    if let Some(running) = Arc::into_inner(running) {
        running.shut_down().await?;
    }
    Ok(())
}

/// The state of the server: 200 if calls can be sent to it, and 503 if its store is away, its lease ran out or it shuts down.
async fn healthz(State(running): State<Arc<Running>>) -> impl IntoResponse {
    let status = running.status().await;
    let code = if status.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let json = serde_json::to_string(&status).unwrap_or_default();
    (code, [(CONTENT_TYPE, "application/json")], json)
}

/// What an address such as `http://127.0.0.1:8081/healthz` answers, head and all.
pub(crate) async fn ask(url: &str) -> Outcome<String> {
    let address =
        url.strip_prefix("http://").and_then(|rest| rest.strip_suffix("/healthz")).ok_or("no such address")?;
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
