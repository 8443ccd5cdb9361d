//! The JSON that is stored: the same for equal values.

use std::sync::LazyLock;

use serde::Serialize;
use serde_json::{Map, Value};

/// JSON with sorted keys, the same for equal values whatever the features of `serde_json` in the build.
///
/// Structs that are stored declare their fields in that order, and maps sort themselves: only a build in which something
/// asks for `serde_json/preserve_order` pays for sorting.
pub(crate) fn canonical<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    canonical_of(value, 0)
}

/// The same of a value whose JSON has about so many bytes.
pub(super) fn canonical_of<T: Serialize>(value: &T, bytes: usize) -> Result<Vec<u8>, serde_json::Error> {
    static MAPS_SORT: LazyLock<bool> = LazyLock::new(|| {
        let map = Map::from_iter([("b", 0), ("a", 0)].map(|(key, value)| (key.to_owned(), value.into())));
        map.keys().next().is_some_and(|first| first == "a")
    });
    if !*MAPS_SORT {
        return sorted(value);
    }
    let mut json = Vec::with_capacity(bytes.max(128));
    serde_json::to_writer(&mut json, value)?;
    Ok(json)
}

/// The same for any order of fields and maps.
pub(super) fn sorted<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    fn sort(value: &mut Value) {
        match value {
            Value::Object(map) => {
                map.sort_keys();
                map.values_mut().for_each(sort);
            }
            Value::Array(list) => list.iter_mut().for_each(sort),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(value)?;
    sort(&mut value);
    serde_json::to_vec(&value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_equal_bytes_whatever_the_order_of_their_keys() {
        let one: Value = serde_json::from_str(r#"{"b":{"d":1,"c":[{"y":1,"x":2}]},"a":0}"#).unwrap();
        for write in [canonical, sorted] {
            assert_eq!(write(&one).unwrap(), br#"{"a":0,"b":{"c":[{"x":2,"y":1}],"d":1}}"#);
        }
    }
}
