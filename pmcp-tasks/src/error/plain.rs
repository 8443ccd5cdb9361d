//! What serde says of a value that does not fit, in words for people and models: they know no types of Rust.

/// The same in plain words; a text that is not serde's is left as it is.
pub(crate) fn plain(message: &str) -> String {
    let split = || {
        let (found, expected) = message.rsplit_once(", expected ")?;
        let (found, is_length) = match found.strip_prefix("invalid length ") {
            Some(length) => (length, true),
            None => (found.strip_prefix("invalid type: ").or_else(|| found.strip_prefix("invalid value: "))?, false),
        };
        Some((found, is_length, wanted(expected)))
    };
    match split() {
        Some((length, true, expected)) => format!("its length is {length}, and {expected} is needed"),
        Some((given, false, expected)) => format!("{} is not {expected}", found(given)),
        None => message.to_owned(),
    }
}

/// What was found.
fn found(text: &str) -> String {
    let value = |kind: &str| text.strip_prefix(kind).filter(|rest| rest.starts_with(['`', '"']));
    let shown = ["integer ", "floating point ", "boolean ", "character "].into_iter().find_map(value);
    match (shown, value("string "), text) {
        (Some(shown), ..) => shown.to_owned(),
        (None, Some(quoted), _) => format!("the text {quoted}"),
        (None, None, "null" | "unit value" | "Option value") => "`null`".to_owned(),
        (None, None, "sequence") => "a list".to_owned(),
        (None, None, "map") => "an object".to_owned(),
        (None, None, other) => other.to_owned(),
    }
}

/// What is wanted.
fn wanted(text: &str) -> String {
    let plain = match text {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "u128" | "usize" => "a whole number from 0",
        "i8" => "a whole number from -128 to 127",
        "i16" => "a whole number from -32768 to 32767",
        "i32" => "a whole number from -2147483648 to 2147483647",
        "i64" | "i128" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => "a list",
        "a map" => "an object",
        "unit" => "`null`",
        "option" => "a value or `null`",
        "field identifier" | "variant identifier" => "a name",
        // An enum.
        "string or map" => "a name or an object",
        _ if text.starts_with("struct ") => "an object",
        _ if text.starts_with("tuple struct ") => "a list",
        _ if text.starts_with("enum ") => "one of the choices",
        _ => {
            let size = text.strip_prefix("a tuple of size ").or_else(|| text.strip_prefix("an array of length "));
            return size.map_or_else(|| text.to_owned(), |size| format!("a list of {size}"));
        }
    };
    plain.to_owned()
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, de::DeserializeOwned};
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Row {
        id: u8,
    }

    #[derive(Debug, Deserialize)]
    enum Way {
        Fast,
    }

    fn told<T: DeserializeOwned>(value: Value) -> String {
        plain(&serde_json::from_value::<T>(value).err().unwrap().to_string())
    }

    #[test]
    fn nobody_is_told_of_types_of_rust() {
        assert_eq!(told::<usize>(json!("x")), "the text \"x\" is not a whole number from 0");
        assert_eq!(told::<i64>(json!(3.5)), "`3.5` is not a whole number");
        assert_eq!(told::<u8>(json!(900)), "`900` is not a whole number from 0 to 255");
        assert_eq!(told::<i32>(json!([])), "a list is not a whole number from -2147483648 to 2147483647");
        assert_eq!(told::<f64>(json!(true)), "`true` is not a number");
        assert_eq!(told::<Vec<u8>>(json!({})), "an object is not a list");
        assert_eq!(told::<Row>(json!(7)), "`7` is not an object");
        assert_eq!(told::<Way>(json!(7)), "`7` is not a name or an object");
        assert_eq!(told::<(u8, u8)>(json!([1])), "its length is 1, and a list of 2 is needed");
        assert_eq!(told::<String>(json!(null)), "`null` is not a string");
        assert_eq!(
            told::<u8>(json!(", expected u8")),
            "the text \", expected u8\" is not a whole number from 0 to 255"
        );
        assert!(matches!(serde_json::from_value(json!("Fast")), Ok(Way::Fast)));
    }

    #[test]
    fn words_of_others_stay() {
        assert_eq!(told::<Row>(json!({})), "missing field `id`");
        for text in ["a version has three parts, expected u8", "no", ""] {
            assert_eq!(plain(text), text);
        }
    }
}
