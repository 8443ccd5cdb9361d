//! One argument, read as its type asks.

use std::fmt::Display;

use serde::{
    Deserializer,
    de::{
        DeserializeSeed, EnumAccess, Error as _, IntoDeserializer, SeqAccess, VariantAccess, Visitor,
        value::StrDeserializer,
    },
    forward_to_deserialize_any,
};
use serde_json::Value;

use super::error::Misread;
use crate::protocol::ByName;

/// An argument as it was given: a text, or a value that is none.
pub(super) struct Given(pub(super) Value);

/// A text.
#[derive(Clone, Copy)]
struct Text<'a>(&'a str);

/// Reads a JSON value with this method of a deserializer.
fn as_it_is<'de, V: Visitor<'de>>(
    value: Value,
    visitor: V,
    read: impl FnOnce(serde_path_to_error::Deserializer<'_, '_, ByName<Value>>, V) -> Result<V::Value, serde_json::Error>,
) -> Result<V::Value, Misread> {
    let mut track = serde_path_to_error::Track::new();
    let deserializer = serde_path_to_error::Deserializer::new(ByName(value), &mut track);
    read(deserializer, visitor).map_err(|error| {
        let misread = Misread::custom(error);
        match track.path().to_string() {
            root if root == "." => misread,
            index if index.starts_with('[') => misread.inside(index),
            field => misread.inside(format_args!(".{field}")),
        }
    })
}

macro_rules! either {
    ($($method:ident($($name:ident: $type:ty),*);)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, Misread> {
            match self.0 {
                Value::String(text) => Text(&text).$method($($name,)* visitor),
                value => as_it_is(value, visitor, |deserializer, visitor| deserializer.$method($($name,)* visitor)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Given {
    type Error = Misread;

    either! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_option();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
        deserialize_ignored_any();
    }
}

impl Text<'_> {
    /// The value of a text in JSON, if it begins like one.
    fn json(self) -> Option<Result<Value, Misread>> {
        let text = self.0.trim_start();
        let kind = match text.as_bytes().first() {
            Some(b'[') => "a list",
            Some(b'{') => "an object",
            _ => return None,
        };
        let misread = |_| Misread::new(format_args!("it begins like {kind} in JSON and is none"));
        Some(serde_json::from_str(text).map_err(misread))
    }

    /// A whole number between these.
    fn whole<T: TryFrom<i128> + Display + Copy>(self, least: T, greatest: T) -> Result<T, Misread> {
        let text = self.0.trim();
        let number = text.parse().ok().or_else(|| fraction(text));
        let number: i128 = number.ok_or_else(|| Misread::text(text, "a whole number"))?;
        T::try_from(number).map_err(|_| Misread::text(text, &format!("between {least} and {greatest}")))
    }

    fn number(self) -> Result<f64, Misread> {
        let number = self.0.trim().parse().ok().filter(|number: &f64| number.is_finite());
        number.ok_or_else(|| Misread::text(self.0, "a number"))
    }

    /// The parts of a list.
    fn list<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        match self.json() {
            Some(list) => as_it_is(list?, visitor, |deserializer, visitor| deserializer.deserialize_seq(visitor)),
            None if self.0.trim().is_empty() => visitor.visit_seq(Parts { rest: None, at: 0 }),
            None => visitor.visit_seq(Parts { rest: Some(self.0), at: 0 }),
        }
    }

    /// The fields of an object.
    fn object<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        match self.json() {
            Some(object) => as_it_is(object?, visitor, |deserializer, visitor| deserializer.deserialize_map(visitor)),
            None => Err(Misread::text(self.0, "an object in JSON")),
        }
    }
}

/// A whole number that is written as another is: `3.0`.
fn fraction(text: &str) -> Option<i128> {
    let (whole, zeros) = text.split_once('.')?;
    if zeros.bytes().all(|digit| digit == b'0') { whole.parse().ok() } else { None }
}

macro_rules! whole {
    ($($method:ident: $visit:ident, $type:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
            visitor.$visit(self.whole($type::MIN, $type::MAX)?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Text<'_> {
    type Error = Misread;

    whole! {
        deserialize_i8: visit_i8, i8;
        deserialize_i16: visit_i16, i16;
        deserialize_i32: visit_i32, i32;
        deserialize_i64: visit_i64, i64;
        deserialize_i128: visit_i128, i128;
        deserialize_u8: visit_u8, u8;
        deserialize_u16: visit_u16, u16;
        deserialize_u32: visit_u32, u32;
        deserialize_u64: visit_u64, u64;
        deserialize_u128: visit_u128, u128;
    }

    /// Reads a type that does not say what it is.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        match self.json() {
            Some(Ok(value)) => as_it_is(value, visitor, |deserializer, visitor| deserializer.deserialize_any(visitor)),
            _ => visitor.visit_str(self.0),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        let is = |words: [&str; 3]| words.iter().any(|word| self.0.trim().eq_ignore_ascii_case(word));
        match (is(["true", "yes", "on"]), is(["false", "no", "off"])) {
            (true, _) => visitor.visit_bool(true),
            (_, true) => visitor.visit_bool(false),
            _ if self.0.trim().is_empty() => Err(Misread::text(self.0, "`true` or `false`")),
            _ => Err(Misread::flag(self.0)),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        visitor.visit_f64(self.number()?)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        let mut chars = self.0.chars();
        match (chars.next(), chars.next()) {
            (Some(letter), None) => visitor.visit_char(letter),
            _ => Err(Misread::text(self.0, "one character")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        if self.0.trim().is_empty() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Misread> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Misread> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.list(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Misread> {
        self.list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Misread> {
        self.list(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.object(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misread> {
        self.object(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misread> {
        if let Some(Ok(value)) = self.json() {
            return as_it_is(value, visitor, |deserializer, visitor| {
                deserializer.deserialize_enum(name, variants, visitor)
            });
        }
        let text = self.0.trim();
        let same = variants.iter().find(|variant| **variant == text);
        let meant = same.or_else(|| variants.iter().find(|variant| variant.eq_ignore_ascii_case(text)));
        // Another name of a variant is in no list.
        visitor.visit_enum(Variant { name: meant.copied().unwrap_or(text) })
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        visitor.visit_str(self.0)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        visitor.visit_str(self.0)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        visitor.visit_bytes(self.0.as_bytes())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        visitor.visit_bytes(self.0.as_bytes())
    }

    forward_to_deserialize_any! {
        identifier ignored_any
    }
}

/// The parts of a text between commas.
struct Parts<'a> {
    rest: Option<&'a str>,
    at: usize,
}

impl<'de> SeqAccess<'de> for Parts<'_> {
    type Error = Misread;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misread> {
        let Some(rest) = self.rest else { return Ok(None) };
        let (part, rest) = rest.split_once(',').map_or((rest, None), |(part, rest)| (part, Some(rest)));
        self.rest = rest;
        let value = seed.deserialize(Text(part.trim())).map_err(|error| error.inside(format_args!("[{}]", self.at)))?;
        self.at += 1;
        Ok(Some(value))
    }
}

/// A variant without data.
struct Variant<'a> {
    name: &'a str,
}

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = Misread;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Misread> {
        let name: StrDeserializer<'a, Misread> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Misread;

    fn unit_variant(self) -> Result<(), Misread> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Misread> {
        Err(self.with_data())
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Misread> {
        Err(self.with_data())
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Misread> {
        Err(self.with_data())
    }
}

impl Variant<'_> {
    fn with_data(&self) -> Misread {
        Misread::new(format_args!("`{}` has more to it: write an object in JSON", self.name))
    }
}
