//! The variables of a run, in the store or in memory.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::run::{Run, lock};
use crate::{
    store::backend::{Field, FieldOp, Guard, Merged, Parts},
    task::{FieldDefinition, VariableError, read_value},
};

/// Variables as they were read: their values, and the cells that compare-and-set compares.
pub(crate) struct Read {
    pub(crate) values: Map<String, Value>,
    cells: BTreeMap<Field, Bytes>,
}

impl Run {
    /// The values that were set; what was not has its default.
    pub(crate) async fn variables(&self) -> Result<Read, VariableError> {
        let Some(key) = self.key() else {
            let values = lock(&self.local).clone();
            let cells = values.iter().map(|(name, value)| (Field::from(name.as_str()), cell(value))).collect();
            return Ok(Read { values, cells });
        };
        let store = &self.runtime.store;
        let task = store.read(key, Parts::VARIABLES).await?.ok_or(VariableError::Lost)?;
        let cells = task.stored.variables.unwrap_or_default();
        let mut values = self.parts.initial_variables.clone();
        for (field, bytes) in &cells {
            values.insert(field.to_string(), read_value(store.capabilities().name, field, key.id, bytes)?);
        }
        Ok(Read { values, cells })
    }

    /// Writes one variable whatever it was.
    pub(crate) async fn set_variable(&self, name: &str, value: &Value) -> Result<(), VariableError> {
        let ops = vec![(Field::from(name), FieldOp::Set(cell(value)))];
        // Unconditional writes do not find a changed field.
        self.merge_variables(ops).await.map(|_| ())
    }

    /// Writes variables if they still are as they were read; the name of one that is not.
    pub(crate) async fn set_if(
        &self,
        read: &Read,
        changed: Vec<(String, Value)>,
    ) -> Result<Option<String>, VariableError> {
        let ops = changed
            .into_iter()
            .map(|(name, value)| {
                let was = read.cells.get(name.as_str()).cloned();
                (Field::from(name), FieldOp::SetIf { was, value: cell(&value) })
            })
            .collect();
        self.merge_variables(ops).await
    }

    async fn merge_variables(&self, ops: Vec<(Field, FieldOp)>) -> Result<Option<String>, VariableError> {
        let max = self.runtime.limits.max_variables;
        let Some(key) = self.key() else { return self.merge_local(&ops, max) };
        match self.runtime.store.merge(key, Guard::Fence(self.fence), ops, max).await? {
            Merged::Done | Merged::Replayed => Ok(None),
            Merged::Changed(field) => Ok(Some(field.to_string())),
            Merged::TooLarge => Err(VariableError::TooLarge { max }),
            Merged::Lost | Merged::Missing => {
                self.cancellation().cancel();
                Err(VariableError::Lost)
            }
        }
    }

    fn merge_local(&self, ops: &[(Field, FieldOp)], max: u32) -> Result<Option<String>, VariableError> {
        let mut values = lock(&self.local);
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
    value.to_string().into_bytes().into()
}

/// What clients see of a task's variables: all that are not hidden, with their defaults where nothing was set; `None` if
/// the tool has none to show.
pub(crate) fn visible(fields: &[FieldDefinition], mut stored: Map<String, Value>) -> Option<Map<String, Value>> {
    let shown: Map<String, Value> = fields
        .iter()
        .filter(|field| !field.hidden)
        .map(|field| {
            let value = match stored.remove(field.name) {
                // Written as null by a client that resets it, or because the type has a null: the type decides.
                Some(Value::Null) if (field.check)(&Value::Null).is_err() => field.default.clone(),
                Some(value) => value,
                None => field.default.clone(),
            };
            (field.name.to_owned(), value)
        })
        .collect();
    (!shown.is_empty()).then_some(shown)
}
