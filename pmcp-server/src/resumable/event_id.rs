//! Ids of events, by which a client says what it saw last.

/// Beginning of the ids of events of a call's stream.
pub(super) const CALL: char = 'c';
/// The same of a session's own stream.
pub(super) const LISTENING: char = 's';

/// Writes the id of an event: the kind of its stream, that stream, and its number there.
pub(super) fn write(kind: char, stream: u64, number: u64) -> String {
    format!("{kind}{stream:016x}-{number}")
}

/// Reads it; `None` if it is the id of no event.
pub(super) fn read(event: &str) -> Option<(char, u64, u64)> {
    let (kind, rest) = event.split_at_checked(1)?;
    let kind = [CALL, LISTENING].into_iter().find(|known| kind.starts_with(*known))?;
    let (id, number) = rest.split_once('-')?;
    let is_plain = id.len() == 16 && number.len() <= 20 && number.bytes().all(|byte| byte.is_ascii_digit());
    if !is_plain || !id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    Some((kind, u64::from_str_radix(id, 16).ok()?, number.parse().ok()?))
}
