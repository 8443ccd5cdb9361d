//! Serves on standard input and output, or with `--http 127.0.0.1:8080` over HTTP.

use pmcp_server::Error;

fn main() -> Result<(), Error> {
    app_name::server().run()
}
