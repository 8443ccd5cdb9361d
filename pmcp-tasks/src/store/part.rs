//! The sizes of parts.

use bytes::Bytes;

use super::{
    StoreError,
    backend::{Field, FieldOp, Put, Result},
};

/// Fails if one of the parts is larger than the backend stores.
pub(super) fn check_sizes<'a>(
    backend: &'static str,
    max: u32,
    parts: impl IntoIterator<Item = &'a Bytes>,
) -> Result<()> {
    for part in parts {
        if u32::try_from(part.len()).map_or(true, |size| size > max) {
            return Err(StoreError::TooLarge { backend, size: part.len() as u64, max });
        }
    }
    Ok(())
}

/// The parts that a write of the head writes.
pub(super) fn of_put(put: &Put) -> impl Iterator<Item = &Bytes> {
    let step = put.step.as_ref().map(|(_, value)| value);
    [&put.head].into_iter().chain(&put.outcome).chain(step)
}

/// The values that changes of variables write.
pub(super) fn values(ops: &[(Field, FieldOp)]) -> impl Iterator<Item = &Bytes> {
    ops.iter().filter_map(|(_, op)| match op {
        FieldOp::Set(value) | FieldOp::SetIf { value, .. } => Some(value),
        FieldOp::Remove => None,
    })
}
