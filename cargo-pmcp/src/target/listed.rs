//! Lists of a server, which is not trusted with the memory of whoever asks.

use pmcp_client::{Client, ClientError};
use serde_json::{Value, json};

/// The most entries of a list, pages, and bytes of texts in them.
const ENTRIES: usize = 2_000;
const PAGES: usize = 500;
const BYTES: usize = 64 << 20;

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
            if all.len() == ENTRIES || bytes > BYTES {
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

/// The bytes of the texts in a value, and a few for each part of it.
fn weight(value: &Value) -> usize {
    const PART: usize = 8;
    match value {
        Value::String(text) => PART + text.len(),
        Value::Array(parts) => parts.iter().map(weight).sum::<usize>() + PART,
        Value::Object(fields) => fields.iter().map(|(name, part)| name.len() + weight(part)).sum::<usize>() + PART,
        _ => PART,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_weighs_as_much_as_its_texts() {
        assert!(weight(&json!({ "a": ["x".repeat(1_000), { "b": "y".repeat(1_000) }] })) >= 2_000);
        assert!(weight(&json!(vec![0; 100])) >= 100);
    }
}
