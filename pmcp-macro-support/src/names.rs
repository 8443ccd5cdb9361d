//! Names that were meant, and names that are taken.

/// The candidate that `name` is most likely a misspelling of.
#[must_use]
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// `a`, `b` and `c` as they are written in a sentence.
#[must_use]
pub fn listed(names: &[&str], conjunction: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [all @ .., last] if !all.is_empty() => format!("{} {conjunction} {last}", all.join(", ")),
        all => all.concat(),
    }
}

/// Tells whether a type of this name would shadow one of the language's own.
#[must_use]
pub fn is_primitive_type(name: &str) -> bool {
    const PRIMITIVES: [&str; 17] = [
        "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
        "f32", "f64",
    ];
    PRIMITIVES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_near_name_is_proposed() {
        let keys = ["support", "title", "timeout"];
        assert_eq!(did_you_mean("suport", keys), Some("support"));
        assert_eq!(did_you_mean("time_out", keys), Some("timeout"));
        assert_eq!(did_you_mean("widget", keys), None);
    }
}
