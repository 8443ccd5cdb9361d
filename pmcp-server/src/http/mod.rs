//! Streamable HTTP, as every version since 2025-03-26 has it.

mod accept;
mod allowed;
mod body;
mod connections;
mod elsewhere;
mod ended;
mod endpoint;
mod guard;
#[cfg(feature = "apps")]
mod landing;
mod legacy;
mod metadata;
mod modern;
mod refusal;
mod routes;
mod sessions;

pub(crate) use accept::serve;
pub(crate) use allowed::Allowed;
pub(crate) use metadata::metadata;
pub(crate) use routes::routes;
