//! The variables of a run, in the store or in memory.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Map, Value};

use super::{host::Host, seat::Seat};
use crate::{
    error::CancelCause,
    store::backend::{Field, FieldOp, Guard, Merged, Parts},
    task::{Tries, VariableError, read_value},
};

/// Variables as they were read: their values, and the cells that compare-and-set compares.
pub(crate) struct Read {
    pub(crate) values: Map<String, Value>,
    cells: BTreeMap<Field, Bytes>,
}

/// The variables of a run.
#[derive(Debug)]
pub(crate) struct Variables {
    /// Beginning of their names in the task.
    prefix: String,
    /// Those the client set in the call.
    initial: Map<String, Value>,
    /// Those of a run without a task.
    local: Mutex<Map<String, Value>>,
    /// Serialises the changes that read first.
    turn: tokio::sync::Mutex<()>,
}

impl Variables {
    pub(super) fn new(prefix: String, initial: Map<String, Value>) -> Self {
        Self { prefix, local: Mutex::new(initial.clone()), initial, turn: tokio::sync::Mutex::default() }
    }

    /// The turn of a change that reads first, until it is dropped.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// The field of a variable.
    fn field(&self, name: &str) -> Field {
        format!("{}{name}", self.prefix).into()
    }

    /// The variable of a field, if it is one of these.
    fn own<'a>(&self, field: &'a str) -> Option<&'a str> {
        field.strip_prefix(&*self.prefix)
    }

    /// The values that were set; what was not has its default.
    pub(super) async fn read(&self, host: &Host, seat: &Seat) -> Result<Read, VariableError> {
        let Some(key) = seat.stored() else {
            let values: Map<_, _> = self
                .local
                .lock()
                .iter()
                .filter_map(|(name, value)| Some((self.own(name)?.to_owned(), value.clone())))
                .collect();
            let cells = values.iter().map(|(name, value)| (Field::from(name.as_str()), cell(value))).collect();
            return Ok(Read { values, cells });
        };
        let store = &host.store;
        let tries = Tries::Until(seat.cancellation());
        let task = store.read_trying(tries, key, Parts::VARIABLES).await?.ok_or(VariableError::Lost)?;
        let stored = task.stored.variables.unwrap_or_default();
        let cells: BTreeMap<_, _> =
            stored.into_iter().filter_map(|(field, bytes)| Some((Field::from(self.own(&field)?), bytes))).collect();
        let mut values = self.initial.clone();
        for (field, bytes) in &cells {
            values.insert(field.to_string(), read_value(store.capabilities().name, field, key.id, bytes)?);
        }
        Ok(Read { values, cells })
    }

    /// Writes one variable whatever it was.
    pub(super) async fn set(
        &self,
        host: &Arc<Host>,
        seat: &Arc<Seat>,
        name: &str,
        value: &Value,
    ) -> Result<(), VariableError> {
        let ops = vec![(self.field(name), FieldOp::Set(cell(value)))];
        // Unconditional writes do not find a changed field.
        self.merge(host, seat, ops).await.map(|_| ())
    }

    /// Writes variables if they still are as they were read; the name of one that is not.
    pub(super) async fn set_if(
        &self,
        host: &Arc<Host>,
        seat: &Arc<Seat>,
        read: &Read,
        changed: Vec<(String, Value)>,
    ) -> Result<Option<String>, VariableError> {
        self.merge(host, seat, self.ops_if(seat, read, changed)).await
    }

    /// Writes of variables that hold if they still are as they were read.
    pub(super) fn ops_if(&self, seat: &Seat, read: &Read, changed: Vec<(String, Value)>) -> Vec<(Field, FieldOp)> {
        let initial = |name: &str| self.initial.get(name).map(cell);
        // Of a task that is yet to be stored they were read in memory; in the store the initial ones have no cells.
        let of_memory = seat.key().is_some() && seat.stored().is_none();
        changed
            .into_iter()
            .map(|(name, value)| {
                let was = read.cells.get(name.as_str()).cloned();
                let was = if of_memory && was == initial(&name) { None } else { was };
                (self.field(&name), FieldOp::SetIf { was, value: cell(&value) })
            })
            .collect()
    }

    /// In the store, where the task is then: a crash finds it.
    async fn merge(
        &self,
        host: &Arc<Host>,
        seat: &Arc<Seat>,
        ops: Vec<(Field, FieldOp)>,
    ) -> Result<Option<String>, VariableError> {
        let max = host.limits.max_variables;
        seat.establish(host).await.map_err(|_| VariableError::Lost)?;
        let Some(key) = seat.stored() else { return self.merge_local(&ops, max) };
        let tries = Tries::Until(seat.cancellation());
        match host.store.merge(tries, key, Guard::Fence(seat.fence()), ops, max).await? {
            Merged::Done | Merged::Replayed => Ok(None),
            Merged::Changed(field) => Ok(Some(field.to_string())),
            Merged::TooLarge => Err(VariableError::TooLarge { max }),
            Merged::Lost => {
                seat.given_away(host).await;
                Err(VariableError::Lost)
            }
            Merged::Missing => {
                seat.cancel(CancelCause::Expired);
                Err(VariableError::Lost)
            }
        }
    }

    pub(super) fn merge_local(&self, ops: &[(Field, FieldOp)], max: u32) -> Result<Option<String>, VariableError> {
        let mut values = self.local.lock();
        let mut after = values.clone();
        for (field, op) in ops {
            let (FieldOp::Set(value) | FieldOp::SetIf { value, .. }) = op else { continue };
            if let FieldOp::SetIf { was, .. } = op
                && values.get(&**field).map(cell) != *was
            {
                return Ok(Some(field.to_string()));
            }
            let value = serde_json::from_slice(value)
                .map_err(|source| VariableError::Type { name: field.to_string(), source })?;
            after.insert(field.to_string(), value);
        }
        let size: usize = after.iter().map(|(name, value)| name.len() + value.to_string().len()).sum();
        if size > max as usize {
            return Err(VariableError::TooLarge { max });
        }
        *values = after;
        Ok(None)
    }
}

/// A value as the store keeps it.
pub(crate) fn cell(value: &Value) -> Bytes {
    value.to_string().into_bytes().into_boxed_slice().into()
}
