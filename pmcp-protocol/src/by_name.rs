//! Reading what a peer sends: an object where an object is meant, and a whole number however it is written.

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};

use crate::number::whole;

/// A deserializer whose structs are objects and whose integers may be written `3.0`, at every depth.
///
/// Structs that serde derives take an array as well, field by field: `[true]` for a struct of one flag. A peer that sends one
/// did not mean it. Many send `3.0` for 3, which JSON does not tell apart; 3.5 is no integer. Out of reach is what serde reads into
/// a buffer of its own first: the inside of untagged and internally tagged enums, and of flattened fields.
///
/// ```
/// use pmcp_protocol::ByName;
/// use serde::Deserialize;
/// use serde_json::json;
///
/// #[derive(Deserialize)]
/// struct Confirm {
///     confirm: bool,
/// }
///
/// assert!(Confirm::deserialize(ByName(json!({ "confirm": true }))).unwrap().confirm);
/// assert!(Confirm::deserialize(ByName(json!([true]))).is_err());
/// assert!(Vec::<Confirm>::deserialize(ByName(json!([[true]]))).is_err());
///
/// assert_eq!(u8::deserialize(ByName(json!(3.0))).unwrap(), 3);
/// assert!(u8::deserialize(ByName(json!(3.5))).is_err());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ByName<D>(pub D);

/// A type that what comes is read as, where it makes a difference.
#[derive(Clone, Copy, PartialEq)]
enum Meant {
    Anything,
    Struct,
    Integer,
}

/// The visitor of a value.
struct Visit<V> {
    visitor: V,
    meant: Meant,
}

fn any<V>(visitor: V) -> Visit<V> {
    Visit { visitor, meant: Meant::Anything }
}

fn named<V>(visitor: V) -> Visit<V> {
    Visit { visitor, meant: Meant::Struct }
}

fn integer<V>(visitor: V) -> Visit<V> {
    Visit { visitor, meant: Meant::Integer }
}

macro_rules! deserialize {
    ($as:ident: $($method:ident($($argument:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method($($argument,)* $as(visitor))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ByName<D> {
    type Error = D::Error;

    deserialize! {
        integer:
        deserialize_i8()
        deserialize_i16()
        deserialize_i32()
        deserialize_i64()
        deserialize_i128()
        deserialize_u8()
        deserialize_u16()
        deserialize_u32()
        deserialize_u64()
        deserialize_u128()
    }

    deserialize! {
        any:
        deserialize_any()
        deserialize_bool()
        deserialize_f32()
        deserialize_f64()
        deserialize_char()
        deserialize_str()
        deserialize_string()
        deserialize_bytes()
        deserialize_byte_buf()
        deserialize_option()
        deserialize_unit()
        deserialize_unit_struct(name: &'static str)
        deserialize_newtype_struct(name: &'static str)
        deserialize_seq()
        deserialize_tuple(len: usize)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_map()
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
        deserialize_identifier()
        deserialize_ignored_any()
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_struct(name, fields, named(visitor))
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

macro_rules! visit {
    ($($method:ident($type:ty))*) => {$(
        fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.visitor.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Visit<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    visit! {
        visit_bool(bool)
        visit_i8(i8)
        visit_i16(i16)
        visit_i32(i32)
        visit_i64(i64)
        visit_i128(i128)
        visit_u8(u8)
        visit_u16(u16)
        visit_u32(u32)
        visit_u64(u64)
        visit_u128(u128)
        visit_f32(f32)
        visit_char(char)
        visit_str(&str)
        visit_borrowed_str(&'de str)
        visit_string(String)
        visit_bytes(&[u8])
        visit_borrowed_bytes(&'de [u8])
        visit_byte_buf(Vec<u8>)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<V::Value, E> {
        match whole(value).filter(|_| self.meant == Meant::Integer) {
            Some(number) => self.visitor.visit_i64(number),
            None => self.visitor.visit_f64(value),
        }
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(ByName(deserializer))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(ByName(deserializer))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, values: A) -> Result<V::Value, A::Error> {
        if self.meant == Meant::Struct {
            return Err(A::Error::invalid_type(Unexpected::Seq, &self));
        }
        self.visitor.visit_seq(ByName(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(ByName(entries))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_enum(ByName(variant))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for ByName<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(ByName(deserializer))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for ByName<A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, A::Error> {
        self.0.next_element_seed(ByName(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for ByName<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        self.0.next_key_seed(seed)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        self.0.next_value_seed(ByName(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for ByName<A> {
    type Error = A::Error;
    type Variant = ByName<A::Variant>;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self::Variant), A::Error> {
        self.0.variant_seed(seed).map(|(name, variant)| (name, ByName(variant)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for ByName<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        self.0.newtype_variant_seed(ByName(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(len, any(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.struct_variant(fields, named(visitor))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        flag: bool,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Wrapped(Inner);

    #[derive(Debug, PartialEq, Deserialize)]
    enum Kind {
        Plain,
        Newtype(Inner),
        Pair(u8, Inner),
        Struct { inner: Inner },
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Outer {
        one: Inner,
        maybe: Option<Inner>,
        list: Vec<Inner>,
        pair: (i128, Inner),
        by_number: BTreeMap<u32, Inner>,
        wrapped: Wrapped,
        kinds: Vec<Kind>,
        texts: (String, char, f64, ()),
    }

    /// An outer struct with this in the place of every inner one.
    fn outer(inner: &Value) -> Value {
        json!({
            "one": inner,
            "maybe": inner,
            "list": [inner],
            "pair": [-1, inner],
            "by_number": { "7": inner },
            "wrapped": inner,
            "kinds": ["Plain", { "Newtype": inner }, { "Pair": [1, inner] }, { "Struct": { "inner": inner } }],
            "texts": ["a", "b", 1, null],
        })
    }

    fn read(value: Value) -> Result<Outer, String> {
        Outer::deserialize(ByName(value)).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_meant_is_read_as_ever() {
        let value = outer(&json!({ "flag": true }));
        assert_eq!(read(value.clone()).unwrap(), Outer::deserialize(&value).unwrap());
        let text = value.to_string();
        let from_text = Outer::deserialize(ByName(&mut serde_json::Deserializer::from_str(&text))).unwrap();
        assert_eq!(from_text, Outer::deserialize(&value).unwrap());
    }

    #[test]
    fn a_whole_number_is_an_integer_however_it_is_written() {
        let mut value = outer(&json!({ "flag": true }));
        value["pair"][0] = json!(-1.0);
        value["kinds"][2]["Pair"][0] = json!(1e0);
        assert_eq!(read(value.clone()).unwrap(), read(outer(&json!({ "flag": true }))).unwrap());
        value["pair"][0] = json!(-1.5);
        assert!(read(value).unwrap_err().contains("floating point `-1.5`"));
        assert_eq!(u64::deserialize(ByName(json!(9e15))).unwrap(), 9_000_000_000_000_000);
        for wrong in [json!(256.0), json!(-1.0), json!(1e300), json!(0.5)] {
            assert!(u8::deserialize(ByName(&wrong)).is_err(), "{wrong}");
        }
        assert_eq!(f64::deserialize(ByName(json!(3.0))).unwrap().to_string(), "3");
        assert_eq!(Value::deserialize(ByName(json!(3.0))).unwrap(), json!(3.0));
    }

    #[test]
    fn an_array_is_no_struct_wherever_it_stands() {
        let good = outer(&json!({ "flag": true }));
        for place in [
            "/one",
            "/maybe",
            "/list/0",
            "/pair/1",
            "/by_number/7",
            "/wrapped",
            "/kinds/1/Newtype",
            "/kinds/2/Pair/1",
            "/kinds/3/Struct",
            "/kinds/3/Struct/inner",
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(place).unwrap() = json!([true]);
            let error = read(bad).unwrap_err();
            assert!(error.starts_with("invalid type: sequence"), "{place}: {error}");
        }
        assert!(read(json!([[true]])).is_err());
    }
}
