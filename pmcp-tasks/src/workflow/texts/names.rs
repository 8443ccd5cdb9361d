//! Names of a workflow's arguments in the order in which its type declares them, which schemas do not keep.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeOwned, Error, Visitor},
    forward_to_deserialize_any,
};

/// The names of a struct's fields, as its `Deserialize` asks for them; none of a type that does not say.
pub(crate) fn names<T: DeserializeOwned>() -> &'static [&'static str] {
    T::deserialize(Ask).err().map_or(&[], |told| told.0)
}

/// A deserializer that hears for which fields it is asked, and gives nothing.
struct Ask;

/// The fields that were asked for.
#[derive(Debug)]
struct Told(&'static [&'static str]);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing is given")
    }
}

impl std::error::Error for Told {}

impl Error for Told {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(&[])
    }
}

impl<'de> Deserializer<'de> for Ask {
    type Error = Told;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Told> {
        Err(Told(&[]))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Told> {
        Err(Told(fields))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Told> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "for its names")]
    struct Deploy {
        service: String,
        dry_run: Option<bool>,
        #[serde(rename = "at")]
        region: String,
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "for its names")]
    struct Wrapped(Deploy);

    #[test]
    fn fields_are_told_as_they_are_declared() {
        assert_eq!(names::<Deploy>(), ["service", "dryRun", "at"]);
        assert_eq!(names::<Wrapped>(), names::<Deploy>());
        assert!(names::<String>().is_empty());
    }
}
