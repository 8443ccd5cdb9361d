//! Hints that processes give each other: which task changed, and whom that concerns.

use std::fmt::Write as _;

use crate::{
    id::TaskId,
    owner::OwnerKey,
    store::backend::{TaskKey, WorkerId},
};

/// A change that another process may be waiting for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) key: TaskKey,
    /// The worker that runs the task and did not make the change.
    pub(super) holder: Option<WorkerId>,
    /// Set if anybody may claim the task now.
    pub(super) queued: bool,
}

/// News of other processes.
#[derive(Clone, Debug)]
pub(super) enum News {
    Change(Change),
    /// Some changes were not heard of.
    Missed,
}

/// Number of hexadecimal digits of an owner, a task, a worker.
const OWNER: usize = 64;
const ID: usize = 32;

impl Change {
    /// The change as a notification: far shorter than the 8000 bytes that one may have.
    pub(super) fn payload(&self) -> String {
        let mut payload = String::with_capacity(OWNER + 2 * ID + 1);
        let hex = |payload: &mut String, bytes: &[u8]| {
            for byte in bytes {
                // Texts take everything.
                let _ = write!(payload, "{byte:02x}");
            }
        };
        hex(&mut payload, &self.key.owner.0);
        hex(&mut payload, self.key.id.as_bytes());
        payload.push(if self.queued { 'q' } else { '-' });
        if let Some(holder) = self.holder {
            hex(&mut payload, &holder.0.to_be_bytes());
        }
        payload
    }

    /// The change of a notification; `None` if it is of something else.
    pub(super) fn of(payload: &str) -> Option<Self> {
        let bytes = payload.as_bytes();
        let (owner, rest) = bytes.split_at_checked(OWNER)?;
        let (id, rest) = rest.split_at_checked(ID)?;
        let (queued, holder) = rest.split_first()?;
        let holder = if holder.is_empty() { None } else { Some(WorkerId(u128::from_be_bytes(unhex(holder)?))) };
        let key = TaskKey { owner: OwnerKey(unhex(owner)?), id: TaskId::from_bytes(unhex(id)?) };
        Some(Self { key, holder, queued: *queued == b'q' })
    }
}

fn unhex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if digits.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = (digit(pair[0])? << 4) | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_read_as_it_was_written() {
        let key = TaskKey { owner: OwnerKey([0xa7; 32]), id: TaskId::from_random([0x3c; 16]) };
        for (holder, queued) in
            [(None, true), (None, false), (Some(WorkerId(7)), false), (Some(WorkerId(u128::MAX)), true)]
        {
            let change = Change { key: key.clone(), holder, queued };
            assert_eq!(Change::of(&change.payload()), Some(change));
        }
        for other in ["", "heard?", "é", &"g".repeat(97), &"0".repeat(96), &"0".repeat(98)] {
            assert_eq!(Change::of(other), None, "{other}");
        }
    }
}
