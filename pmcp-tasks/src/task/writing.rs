//! What writes of a task bring, and what becomes of one that may take it.

use bytes::Bytes;

use super::Change;
use crate::store::backend::{Field, FieldOp, HolderChange};

/// A step to record.
#[derive(Debug)]
pub(crate) struct NewStep {
    pub(crate) name: String,
    pub(crate) value: Bytes,
    /// Changes of variables that come with it.
    pub(crate) changes: Vec<(Field, FieldOp)>,
    /// The largest size of all variables, in bytes.
    pub(crate) max_bytes: u32,
}

/// A write of a task's head: what it brings.
#[derive(Clone, Debug)]
pub(crate) struct Writing<'a> {
    pub(crate) changes: &'a [Change],
    /// The result of a step that is recorded with it.
    pub(crate) step: Option<(String, Bytes)>,
    pub(crate) holder: HolderChange,
}

impl<'a> From<&'a [Change]> for Writing<'a> {
    fn from(changes: &'a [Change]) -> Self {
        Self { changes, step: None, holder: HolderChange::Keep }
    }
}

/// Outcome of a write that may take a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Done,
    /// Somebody else had written; the task is known as it is now.
    Overtaken,
    /// Others have taken the worker that was to hold it for dead.
    Buried,
}
