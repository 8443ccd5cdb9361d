//! Random texts that nobody guesses.

use std::fmt;

/// The key of a launch: 256 random bits. Its debugging output does not show it.
#[derive(Clone)]
pub(crate) struct Key(String);

impl Key {
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        Ok(Self(random::<32>()?))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Compares in a time that does not tell how much of it is right.
    pub(crate) fn is(&self, given: &str) -> bool {
        let differ = |bits, (a, b): (u8, u8)| bits | (a ^ b);
        given.len() == self.0.len() && self.0.bytes().zip(given.bytes()).fold(0, differ) == 0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key")
    }
}

/// So many random bytes as hexadecimal digits, which are a label of a host name, too.
pub(crate) fn random<const BYTES: usize>() -> Result<String, getrandom::Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    let mut text = String::with_capacity(2 * BYTES);
    for byte in bytes {
        text.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_key_is_the_key_and_it_is_not_shown() {
        let key = Key::new().unwrap();
        assert!(key.is(key.text()));
        assert!(!key.is("") && !key.is(&key.text()[1..]) && !key.is(&format!("{}0", key.text())));
        assert!(!key.is(Key::new().unwrap().text()));
        assert!(!format!("{key:?}").contains(key.text()));
    }
}
