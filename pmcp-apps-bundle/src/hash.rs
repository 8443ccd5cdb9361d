//! The hash that names a document in its address.

/// FNV-1a with 64 bits over the parts, one after the other. Each part is followed by its length, so that moving a byte from one to the next
/// changes the hash. It tells versions apart for caches and is no protection against anybody.
#[must_use]
pub fn hash(parts: &[&[u8]]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        hash = mix(hash, part);
        if parts.len() > 1 {
            hash = mix(hash, &(part.len() as u64).to_le_bytes());
        }
    }
    hash
}

fn mix(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::hash;

    /// The values that the authors of the function publish for these texts.
    #[test]
    fn one_part_has_the_published_hash() {
        assert_eq!(hash(&[b""]), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash(&[b"a"]), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash(&[b"foobar"]), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_byte_that_moves_to_the_next_part_changes_the_hash() {
        assert_ne!(hash(&[b"ab", b"c"]), hash(&[b"a", b"bc"]));
    }
}
