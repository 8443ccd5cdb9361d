//! A refusal without JSON-RPC.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

/// A refusal without JSON-RPC: its status and a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal(pub(super) StatusCode, pub(super) &'static str);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}
