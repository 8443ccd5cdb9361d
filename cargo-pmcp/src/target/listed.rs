//! Lists of a server, which is not trusted with the memory of whoever asks.

use pmcp_client::{Client, ClientError};
use pmcp_protocol::bounds::{LIST, weight};
use serde_json::{Value, json};

/// The most entries of a list, and pages.
const ENTRIES: usize = 2_000;
const PAGES: usize = 500;

/// The entries of a list such as `tools/list`, from all its pages; those beyond the limits of a list are left out.
///
/// # Errors
/// The server answers with an error, or with none that is a page.
pub(crate) async fn list(client: &Client, method: &str, field: &str) -> Result<Vec<Value>, ClientError> {
    let (mut all, mut bytes, mut params) = (Vec::new(), 0, json!({}));
    for _ in 0..PAGES {
        let mut page = client.request(method, params).await?;
        let Value::Array(entries) = page[field].take() else {
            let why = format!("a page of `{method}` without `{field}`");
            return Err(ClientError::Protocol(why));
        };
        for entry in entries {
            bytes += weight(&entry);
            if all.len() == ENTRIES || bytes > LIST {
                return Ok(all);
            }
            all.push(entry);
        }
        match page["nextCursor"].take() {
            Value::Null => break,
            cursor => params = json!({ "cursor": cursor }),
        }
    }
    Ok(all)
}
