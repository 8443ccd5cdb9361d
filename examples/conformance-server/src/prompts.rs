//! The prompts.

use pmcp_server::Server;

pub(crate) fn add_to(server: Server) -> Server {
    server
}
