//! The two doors of a server, with somebody who writes down what passes.

use std::{net::SocketAddr, time::Duration};

use axum::body::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client as HttpClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use pmcp_client::{Client, ClientBuilder};
use pmcp_server::{Running, Server, testing::TestServer};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, split};

use super::record::Record;

/// A server behind one of its doors.
pub(crate) enum Door {
    Lines { server: TestServer, record: Record },
    Http { running: Running, watched: SocketAddr, http: Box<HttpClient<HttpConnector, Full<Bytes>>> },
}

impl Door {
    pub(crate) fn lines(server: Server, record: &Record) -> Self {
        Self::Lines { server: TestServer::start(server).unwrap(), record: record.clone() }
    }

    pub(crate) async fn http(server: Server, record: &Record) -> Self {
        let running = server.start(([127, 0, 0, 1], 0).into()).await.unwrap();
        let http = Box::new(HttpClient::builder(TokioExecutor::new()).build_http());
        let watched = record.tap().http(running.address()).await;
        Self::Http { running, watched, http }
    }

    /// A client whose messages pass the watcher.
    pub(crate) async fn connect(&self, builder: ClientBuilder) -> Client {
        match self {
            Self::Lines { .. } => {
                let (reader, writer) = split(self.watched_lines());
                builder.connect_io(reader, writer).await.unwrap()
            }
            Self::Http { watched, .. } => builder.connect_http(&format!("http://{watched}/mcp")).await.unwrap(),
        }
    }

    /// Sends bytes that no client would, and waits for the answer.
    pub(crate) async fn send_bytes(&self, bytes: &'static [u8], headers: &[(&str, &str)]) {
        match self {
            Self::Lines { .. } => {
                let (reader, mut writer) = split(self.watched_lines());
                writer.write_all(bytes).await.unwrap();
                writer.write_all(b"\n").await.unwrap();
                BufReader::new(reader).lines().next_line().await.unwrap().expect("an answer");
            }
            Self::Http { watched, http, .. } => {
                let mut request = axum::http::Request::post(format!("http://{watched}/mcp"))
                    .header("content-type", "application/json")
                    .header("accept", "application/json, text/event-stream");
                for (name, value) in headers {
                    request = request.header(*name, *value);
                }
                let request = request.body(Full::new(Bytes::from_static(bytes))).unwrap();
                http.request(request).await.unwrap().into_body().collect().await.unwrap();
            }
        }
    }

    /// Stops the server while clients are connected.
    pub(crate) async fn shut_down(self) {
        match self {
            Self::Lines { server, .. } => {
                let stopped = server.shut_down();
                tokio::pin!(stopped);
                // What still runs has its grace on the manual clock.
                while tokio::time::timeout(Duration::from_millis(20), &mut stopped).await.is_err() {
                    server.clock().advance(Duration::from_secs(5)).await;
                }
            }
            Self::Http { running, .. } => running.shut_down().await.unwrap(),
        }
    }

    fn watched_lines(&self) -> DuplexStream {
        let Self::Lines { server, record } = self else { panic!("not this door") };
        record.tap().lines(server.connect())
    }
}
