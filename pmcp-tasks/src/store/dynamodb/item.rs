//! Reading and making items.

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use bytes::Bytes;

use super::{
    error::{Result, corrupt},
    key::Key,
};

/// An item as the service has it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// An item under a key, removed by the service at this time, in seconds since the epoch.
pub(super) fn item(key: Key, ttl: u64) -> Item {
    let mut item = key_of(key);
    item.insert("ttl".to_owned(), number(ttl));
    item
}

pub(super) fn key_of(key: Key) -> Item {
    Item::from([("pk".to_owned(), AttributeValue::S(key.pk)), ("sk".to_owned(), AttributeValue::S(key.sk))])
}

pub(super) fn number(number: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}

pub(super) fn bytes(bytes: impl AsRef<[u8]>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes.as_ref()))
}

pub(super) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// Attributes by name and type. What is not as this crate writes it is corrupt.
pub(super) trait Attributes {
    fn text(&self, name: &str) -> Result<&str>;
    fn maybe_text(&self, name: &str) -> Result<Option<&str>>;
    fn natural(&self, name: &str) -> Result<u64>;
    fn maybe_natural(&self, name: &str) -> Result<Option<u64>>;
    fn blob(&self, name: &str) -> Result<Bytes>;
    fn maybe_blob(&self, name: &str) -> Result<Option<Bytes>>;
}

impl Attributes for Item {
    fn text(&self, name: &str) -> Result<&str> {
        self.maybe_text(name)?.ok_or_else(|| missing(name))
    }

    fn maybe_text(&self, name: &str) -> Result<Option<&str>> {
        match self.get(name) {
            None => Ok(None),
            Some(AttributeValue::S(text)) => Ok(Some(text)),
            Some(_) => Err(missing(name)),
        }
    }

    fn natural(&self, name: &str) -> Result<u64> {
        self.maybe_natural(name)?.ok_or_else(|| missing(name))
    }

    fn maybe_natural(&self, name: &str) -> Result<Option<u64>> {
        match self.get(name) {
            None => Ok(None),
            Some(AttributeValue::N(digits)) => digits.parse().map(Some).map_err(|_| missing(name)),
            Some(_) => Err(missing(name)),
        }
    }

    fn blob(&self, name: &str) -> Result<Bytes> {
        self.maybe_blob(name)?.ok_or_else(|| missing(name))
    }

    fn maybe_blob(&self, name: &str) -> Result<Option<Bytes>> {
        match self.get(name) {
            None => Ok(None),
            Some(AttributeValue::B(blob)) => Ok(Some(Bytes::copy_from_slice(blob.as_ref()))),
            Some(_) => Err(missing(name)),
        }
    }
}

fn missing(name: &str) -> super::error::Failure {
    corrupt(format!("the attribute `{name}` of an item"), "it is missing, or of another type than was written")
}
