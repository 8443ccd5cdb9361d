//! Serves on standard input and output, or with `--http 127.0.0.1:8080` over HTTP.

use std::process::ExitCode;

use pmcp_server::{Error, Transport, log};

#[tokio::main]
async fn main() -> ExitCode {
    log::init();
    log::exit_code(serve().await)
}

async fn serve() -> Result<(), Error> {
    app_name::server().serve(Transport::from_args()?).await
}
