//! Cursors of task lists: a position, and a check that it came from the same list.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::{
    id::TaskId,
    store::backend::{Position, Scope, Stamp},
};

const CHECK: usize = 8;

fn check(scope: &Scope, position: &[u8]) -> [u8; CHECK] {
    let digest = Sha256::new().chain_update(b"cursor").chain_update(scope.0.0).chain_update(position).finalize();
    let mut check = [0; CHECK];
    check.copy_from_slice(&digest[..CHECK]);
    check
}

/// The cursor for the page after this position.
pub(crate) fn encode(scope: &Scope, position: &Position) -> String {
    let mut bytes = Vec::with_capacity(24 + CHECK);
    bytes.extend(position.stamp.0.to_be_bytes());
    bytes.extend(position.id.as_bytes());
    let check = check(scope, &bytes);
    bytes.extend(check);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The position a cursor of this list stands for; `None` if it is not one.
pub(crate) fn decode(scope: &Scope, cursor: &str) -> Option<Position> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (position, given) = bytes.split_at_checked(24)?;
    if given != check(scope, position) {
        return None;
    }
    let (stamp, id) = position.split_at(8);
    Some(Position {
        stamp: Stamp(u64::from_be_bytes(stamp.try_into().ok()?)),
        id: TaskId::from_bytes(id.try_into().ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::OwnerKey;

    #[test]
    fn a_cursor_belongs_to_one_list_and_nothing_else_is_one() {
        let scope = Scope(OwnerKey([1; 32]));
        let position = Position { stamp: Stamp(7), id: TaskId::from_random([9; 16]) };
        let cursor = encode(&scope, &position);
        assert_eq!(decode(&scope, &cursor), Some(position));
        assert_eq!(decode(&Scope(OwnerKey([2; 32])), &cursor), None);
        for wrong in ["", "x", "page-2", &cursor[1..], &format!("{cursor}A"), "🦀"] {
            assert_eq!(decode(&scope, wrong), None, "{wrong:?}");
        }
    }
}
