//! A client for HTTP that can do what an exporter needs, to a collector on this machine. Your program has one: the features
//! `reqwest-blocking-client` and `hyper-client` of `opentelemetry-otlp`, which this example does without to build sooner.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};

/// Time that a collector may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends each request over a connection of its own. It blocks, on the thread on which spans are put together.
#[derive(Debug)]
pub(crate) struct Sender;

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let address = request.uri().authority().ok_or("the collector has no address")?.to_string();
        let mut stream = TcpStream::connect(&address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut head = Vec::new();
        write!(head, "POST {} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n", request.uri().path())?;
        for (name, value) in request.headers() {
            write!(head, "{name}: {}\r\n", value.to_str()?)?;
        }
        write!(head, "content-length: {}\r\n\r\n", request.body().len())?;
        stream.write_all(&head)?;
        stream.write_all(request.body())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let status = answer.split(' ').nth(1).ok_or("the collector does not speak HTTP")?;
        Ok(Response::builder().status(status).body(Bytes::new())?)
    }
}
