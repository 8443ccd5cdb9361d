//! Tables, made where they are missing.

use tokio::time::timeout;

use super::{
    connect::Link,
    db::CALL,
    error::{Failure, Result},
    keys::quoted,
};
use crate::store::Missing;

/// The tables, for a schema named `pmcp`.
pub(super) const TABLES: &str = include_str!("tables.sql");

/// The statement of them that makes the schema.
const MAKE_SCHEMA: &str = "CREATE SCHEMA IF NOT EXISTS pmcp;";

/// Version of the tables this build reads and writes.
const VERSION: i32 = 1;

/// Makes the tables unless they are there, or refuses their absence. An account that may only read and write finds them made by somebody else.
pub(super) async fn ensure(link: &Link, schema: &str, missing: Missing) -> Result<()> {
    let (has_schema, has_tables) = found(link, schema).await?;
    if !has_tables && missing == Missing::Refused {
        return Err(Failure::refused(format!(
            "there is no store in the schema `{schema}`; a server makes its tables when it starts with this URL"
        )));
    }
    if !has_tables {
        let made = link.run(&script(schema, has_schema)).await;
        made.map_err(|failure| {
            failure.of("the tables are missing and cannot be made; have `tables.sql` run by an account that may")
        })?;
    }
    let version = format!("SELECT version, oldest FROM {}.meta", quoted(schema));
    let rows = timeout(CALL, link.client.query_typed(&version, &[])).await;
    let rows = rows.map_err(|_| Failure::late("the server did not answer"))??;
    let row =
        rows.first().ok_or_else(|| Failure::refused(format!("the table `meta` of schema `{schema}` is empty")))?;
    let (version, oldest): (i32, i32) = (row.try_get(0)?, row.try_get(1)?);
    if oldest > VERSION {
        return Err(Failure::refused(format!(
            "the tables have version {version}, and this build writes version {VERSION}; use the newer build"
        )));
    }
    Ok(())
}

async fn found(link: &Link, schema: &str) -> Result<(bool, bool)> {
    let schema = quoted(schema);
    let meta = format!("{schema}.meta");
    let text = tokio_postgres::types::Type::TEXT;
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), _); 2] = [(&schema, text.clone()), (&meta, text)];
    let found =
        link.client.query_typed("SELECT to_regnamespace($1) IS NOT NULL, to_regclass($2) IS NOT NULL", &parameters);
    let found = timeout(CALL, found).await.map_err(|_| Failure::late("the server did not answer"))??;
    let row = found.first().ok_or_else(|| Failure::corrupt("an answer has no row"))?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// The script for a schema. One that is there is not made: even if nothing is done, that takes a right to make schemas.
fn script(schema: &str, has_schema: bool) -> String {
    let name = quoted(schema);
    let make = if has_schema { String::new() } else { format!("CREATE SCHEMA IF NOT EXISTS {name};") };
    TABLES.replace(MAKE_SCHEMA, &make).replace(" pmcp.", &format!(" {name}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_for_one_schema() {
        assert_eq!(TABLES.matches(MAKE_SCHEMA).count(), 1);
        for has_schema in [false, true] {
            let script = script("My \"Tasks\"", has_schema);
            let code: Vec<_> = script.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
            let code = code.join("\n");
            assert!(!code.contains("pmcp.") && !code.contains(" pmcp;"), "{code}");
            assert!(code.contains("CREATE TABLE IF NOT EXISTS \"My \"\"Tasks\"\"\".task ("), "{code}");
            assert_eq!(code.contains("CREATE SCHEMA"), !has_schema);
        }
    }
}
