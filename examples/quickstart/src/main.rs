//! Index a directory in a task and watch it from a client.
mod index;
use pmcp_server::{Server, Transport};
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), pmcp_server::Error> {
    let root = index::Root(Arc::from(std::env::current_dir()?.canonicalize()?));
    Server::new("quickstart", env!("CARGO_PKG_VERSION"))
        .state(root)
        .tool::<index::index_files>()
        .serve(Transport::from_args()?)
        .await
}
