//! A task as it lies in its row, and numbers as columns have them.

use std::collections::BTreeMap;

use bytes::Bytes;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    error::{Failure, Result, too_many_bits},
    keys::holder,
};
use crate::{
    id::TaskId,
    owner::OwnerKey,
    store::backend::{Stamp, StoredTask, TaskKey},
    time::Millis,
};

/// Number of columns of a task without its parts.
pub(super) const COLUMNS: usize = 7;

/// Reads a task without its parts from the first columns.
pub(super) fn record(row: &Row) -> Result<StoredTask> {
    Ok(StoredTask {
        version: natural(row, 0)?,
        fence: natural(row, 1)?,
        holder: row.try_get::<_, Option<Uuid>>(2)?.map(holder),
        open: row.try_get(3)?,
        stamp: Stamp(natural(row, 4)?),
        expires: Millis(natural(row, 5)?),
        head: bytes(row, 6)?,
        body: None,
        variables: None,
        steps: None,
        outcome: None,
    })
}

/// The key of a task from columns with its owner's key and its id.
pub(super) fn key(row: &Row, owner: usize, id: usize) -> Result<TaskKey> {
    let owner = row
        .try_get::<_, &[u8]>(owner)?
        .try_into()
        .map_err(|_| Failure::corrupt("an owner's key has another length"))?;
    Ok(TaskKey { owner: OwnerKey(owner), id: task(row.try_get(id)?) })
}

pub(super) fn task(id: Uuid) -> TaskId {
    TaskId::from_bytes(id.into_bytes())
}

pub(super) fn bytes(row: &Row, column: usize) -> Result<Bytes> {
    Ok(Bytes::copy_from_slice(row.try_get(column)?))
}

pub(super) fn part(row: &Row, column: usize) -> Result<Option<Bytes>> {
    Ok(row.try_get::<_, Option<&[u8]>>(column)?.map(Bytes::copy_from_slice))
}

/// Names and values from two columns of arrays; none if there are none.
pub(super) fn cells<N: Ord + for<'a> From<&'a str>>(row: &Row, column: usize) -> Result<BTreeMap<N, Bytes>> {
    let names: Vec<&[u8]> = row.try_get::<_, Option<_>>(column)?.unwrap_or_default();
    let values: Vec<&[u8]> = row.try_get::<_, Option<_>>(column + 1)?.unwrap_or_default();
    names
        .into_iter()
        .zip(values)
        .map(|(name, value)| Ok((N::from(text(name)?), Bytes::copy_from_slice(value))))
        .collect()
}

pub(super) fn text(name: &[u8]) -> Result<&str> {
    str::from_utf8(name).map_err(|_| Failure::corrupt("the name of a variable or step is no text"))
}

/// A number that is stored as PostgreSQL stores them: with a sign.
pub(super) fn natural(row: &Row, column: usize) -> Result<u64> {
    u64::try_from(row.try_get::<_, i64>(column)?).map_err(|_| Failure::corrupt("a number is negative"))
}

/// A number to compare with, the largest PostgreSQL knows for those above: nothing stored is larger.
pub(super) fn clamped(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number to store.
pub(super) fn exact(what: &'static str, number: u64) -> Result<i64> {
    i64::try_from(number).map_err(|_| too_many_bits(what))
}
