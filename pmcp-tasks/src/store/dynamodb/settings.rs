//! A table to open, and where it is: built, or read from a URL.

use std::str::FromStr;

use percent_encoding::percent_decode_str;

use super::error::{Failure, Result};
use crate::store::StoreError;

/// A table to open, and where it is; it can be read from a URL.
///
/// ```
/// use pmcp_tasks::store::DynamoDbTable;
///
/// let table = DynamoDbTable::new("tasks").region("eu-central-1").prefix("staging/");
/// assert_eq!("dynamodb://tasks?region=eu-central-1&prefix=staging/".parse::<DynamoDbTable>()?, table);
/// # Ok::<_, pmcp_tasks::store::StoreError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DynamoDbTable {
    pub(super) name: String,
    pub(super) region: Option<String>,
    pub(super) endpoint: Option<String>,
    pub(super) prefix: String,
}

impl DynamoDbTable {
    /// The table of this name or ARN, in the region of the environment.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), region: None, endpoint: None, prefix: String::new() }
    }

    /// The same in this region, such as `eu-central-1`.
    #[must_use]
    pub fn region(self, region: impl Into<String>) -> Self {
        Self { region: Some(region.into()), ..self }
    }

    /// The same at another address of the service, such as `http://127.0.0.1:8000` for one that runs on this machine.
    #[must_use]
    pub fn endpoint(self, endpoint: impl Into<String>) -> Self {
        Self { endpoint: Some(endpoint.into()), ..self }
    }

    /// The same for keys that begin with this, at most 200 bytes: several stores may share a table.
    #[must_use]
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// The table's name or ARN.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads what follows `dynamodb:` in a URL.
    pub(in crate::store) fn parse(rest: &str) -> Result<Self, String> {
        const FORM: &str = "use `dynamodb://TABLE`, and where needed `?region=…&endpoint=…&prefix=…`";
        let Some(rest) = rest.strip_prefix("//") else { return Err(format!("`dynamodb:` names no table; {FORM}")) };
        let (name, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        if !(3..=255).contains(&name.len()) || !name.chars().all(is_name) {
            // It may hold a password, as other URLs do.
            return Err(format!(
                "`dynamodb://` is followed by a table's name of 3 to 255 letters, digits, `_`, `.` and `-`; {FORM}"
            ));
        }
        let mut table = Self::new(name);
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            let (option, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value =
                percent_decode_str(value).decode_utf8().map_err(|_| format!("`{option}` is no UTF-8; {FORM}"))?;
            if value.is_empty() {
                return Err(format!("`{option}` has no value; {FORM}"));
            }
            table = match option {
                "region" => table.region(value),
                "endpoint" => table.endpoint(value),
                "prefix" => table.prefix(value),
                _ => return Err(format!("`dynamodb://` has no option `{option}`; {FORM}")),
            };
        }
        table.check().map_err(|failure| format!("{failure}; {FORM}"))?;
        Ok(table)
    }

    /// Fails if it cannot be.
    pub(super) fn check(&self) -> Result<()> {
        if let Some(endpoint) = &self.endpoint {
            let rest = ["http://", "https://"].iter().find_map(|scheme| endpoint.strip_prefix(scheme));
            if !rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['@', '?', '#'])) {
                return Err(Failure::refused("`endpoint` is no address, such as `http://127.0.0.1:8000`"));
            }
        }
        if self.prefix.len() > 200 {
            return Err(Failure::refused("`prefix` has more than 200 bytes"));
        }
        Ok(())
    }
}

impl FromStr for DynamoDbTable {
    type Err = StoreError;

    /// Reads `dynamodb://TABLE`, with the options `region`, `endpoint` and `prefix`.
    fn from_str(url: &str) -> Result<Self, StoreError> {
        let rest = url.strip_prefix("dynamodb:").ok_or_else(|| "it is no `dynamodb:` URL".to_owned());
        rest.and_then(Self::parse).map_err(StoreError::Url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_table_and_where_it_is() {
        assert_eq!(DynamoDbTable::parse("//tasks"), Ok(DynamoDbTable::new("tasks")));
        let all = "//my.tasks-1?region=eu-north-1&endpoint=http%3A%2F%2F127.0.0.1%3A8000&prefix=a%23/";
        let table =
            DynamoDbTable::new("my.tasks-1").region("eu-north-1").endpoint("http://127.0.0.1:8000").prefix("a#/");
        assert_eq!(DynamoDbTable::parse(all), Ok(table));
        for (rest, told) in [
            ("tasks", "names no table"),
            ("//", "a table's name"),
            ("//user:secret@host/tasks", "a table's name"),
            ("//tasks?regions=x", "no option `regions`"),
            ("//tasks?region", "`region` has no value"),
            ("//tasks?endpoint=localhost:8000", "`endpoint` is no address"),
            ("//tasks?endpoint=http://me:secret@localhost", "`endpoint` is no address"),
        ] {
            let error = DynamoDbTable::parse(rest).unwrap_err();
            assert!(error.contains(told) && !error.contains("secret") && error.contains("dynamodb://TABLE"), "{error}");
        }
    }
}
