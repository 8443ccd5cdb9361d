//! Values as JSON that comes back as themselves: the one way in which steps, variables and results are written.
//!
//! `serde_json` writes a number that JSON does not have, such as NaN, as `null`, which is found when it is read: after a crash, by
//! a client, or never. Here it is an error at once that says where the value is. What is to be read again is read at once, too.

use serde::{
    Serialize, Serializer,
    de::DeserializeOwned,
    ser::{
        Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::error::Mistake;

/// A value as JSON text, and as it is read from that.
///
/// # Errors
/// It does not serialise, JSON has no such number, or it cannot be read again; the error says where.
pub(crate) fn read_back<T: Serialize + DeserializeOwned>(value: &T) -> Result<(Vec<u8>, T), Mistake> {
    let mut bytes = Vec::new();
    serde_path_to_error::serialize(value, Exact(&mut serde_json::Serializer::new(&mut bytes))).map_err(mistake)?;
    let mut text = serde_json::Deserializer::from_slice(&bytes);
    let read = serde_path_to_error::deserialize(&mut text).map_err(|error| {
        let place = place(error.path());
        // The reason may repeat the value, which is for the log alone.
        Mistake::caused("is written in a form that its type does not read", error.into_inner()).of(place)
    })?;
    Ok((bytes, read))
}

/// A value as JSON.
///
/// # Errors
/// It does not serialise, or JSON has no such number; the error says where.
pub(crate) fn value<T: Serialize>(value: &T) -> Result<Value, Mistake> {
    serde_path_to_error::serialize(value, Exact(serde_json::value::Serializer)).map_err(mistake)
}

/// The end of the text about a number that is refused here.
const NO_NUMBER: &str = "which JSON does not have";

/// What is wrong with a value.
fn mistake(error: serde_path_to_error::Error<serde_json::Error>) -> Mistake {
    let place = place(error.path());
    let reason = error.inner().to_string();
    // Any other may repeat the value, which is for the log alone.
    if reason.ends_with(NO_NUMBER) {
        Mistake::new(format!("is {reason}")).of(place)
    } else {
        Mistake::caused("cannot be written as JSON", error.into_inner()).of(place)
    }
}

/// The place of a value in what was to be written, for people.
fn place(path: &Path) -> String {
    let is_whole = path.iter().all(|segment| matches!(segment, Segment::Unknown));
    if is_whole { "it".into() } else { format!("its `{path}`") }
}

/// A serialiser, or a value, of which nothing is written that would not come back.
struct Exact<T>(T);

impl<T: Serialize> Serialize for Exact<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(Exact(serializer))
    }
}

macro_rules! as_they_are {
    ($($method:ident: $type:ty),*) => {$(
        fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
            self.0.$method(value)
        }
    )*};
}

macro_rules! finite {
    ($($method:ident: $type:ty),*) => {$(
        fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
            if !value.is_finite() {
                return Err(S::Error::custom(format_args!("{value}, {NO_NUMBER}")));
            }
            self.0.$method(value)
        }
    )*};
}

impl<S: Serializer> Serializer for Exact<S> {
    type Error = S::Error;
    type Ok = S::Ok;
    type SerializeMap = Exact<S::SerializeMap>;
    type SerializeSeq = Exact<S::SerializeSeq>;
    type SerializeStruct = Exact<S::SerializeStruct>;
    type SerializeStructVariant = Exact<S::SerializeStructVariant>;
    type SerializeTuple = Exact<S::SerializeTuple>;
    type SerializeTupleStruct = Exact<S::SerializeTupleStruct>;
    type SerializeTupleVariant = Exact<S::SerializeTupleVariant>;

    finite!(serialize_f32: f32, serialize_f64: f64);

    as_they_are!(
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_u128: u128, serialize_char: char, serialize_str: &str, serialize_bytes: &[u8],
        serialize_unit_struct: &'static str
    );

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.0.serialize_none()
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.0.serialize_unit()
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.0.serialize_some(&Exact(value))
    }

    fn serialize_unit_variant(self, name: &'static str, n: u32, variant: &'static str) -> Result<S::Ok, S::Error> {
        self.0.serialize_unit_variant(name, n, variant)
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, name: &'static str, value: &T) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_struct(name, &Exact(value))
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        name: &'static str,
        n: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_variant(name, n, variant, &Exact(value))
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        self.0.serialize_seq(length).map(Exact)
    }

    fn serialize_tuple(self, length: usize) -> Result<Self::SerializeTuple, S::Error> {
        self.0.serialize_tuple(length).map(Exact)
    }

    fn serialize_tuple_struct(self, name: &'static str, length: usize) -> Result<Self::SerializeTupleStruct, S::Error> {
        self.0.serialize_tuple_struct(name, length).map(Exact)
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        n: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        self.0.serialize_tuple_variant(name, n, variant, length).map(Exact)
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        self.0.serialize_map(length).map(Exact)
    }

    fn serialize_struct(self, name: &'static str, length: usize) -> Result<Self::SerializeStruct, S::Error> {
        self.0.serialize_struct(name, length).map(Exact)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        n: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        self.0.serialize_struct_variant(name, n, variant, length).map(Exact)
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

macro_rules! elements {
    ($($trait:ident, $method:ident;)*) => {$(
        impl<C: $trait> $trait for Exact<C> {
            type Error = C::Error;
            type Ok = C::Ok;

            fn $method<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), C::Error> {
                self.0.$method(&Exact(value))
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.0.end()
            }
        }
    )*};
}

elements! {
    SerializeSeq, serialize_element;
    SerializeTuple, serialize_element;
    SerializeTupleStruct, serialize_field;
    SerializeTupleVariant, serialize_field;
}

macro_rules! fields {
    ($($trait:ident),*) => {$(
        impl<C: $trait> $trait for Exact<C> {
            type Error = C::Error;
            type Ok = C::Ok;

            fn serialize_field<T: ?Sized + Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), C::Error> {
                self.0.serialize_field(name, &Exact(value))
            }

            fn skip_field(&mut self, name: &'static str) -> Result<(), C::Error> {
                self.0.skip_field(name)
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.0.end()
            }
        }
    )*};
}

fields!(SerializeStruct, SerializeStructVariant);

impl<C: SerializeMap> SerializeMap for Exact<C> {
    type Error = C::Error;
    type Ok = C::Ok;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), C::Error> {
        self.0.serialize_key(&Exact(key))
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), C::Error> {
        self.0.serialize_value(&Exact(value))
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        self.0.end()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap, HashSet};

    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq, Serialize)]
    enum Shape {
        Point,
        Line(f64),
        Pair(f32, f32),
        Box { sides: Vec<Option<f64>> },
    }

    #[derive(Debug, Deserialize, PartialEq, Serialize)]
    struct Newtype(f64);

    #[derive(Debug, Deserialize, PartialEq, Serialize)]
    struct Everything {
        shapes: Vec<Shape>,
        by_number: BTreeMap<u8, Newtype>,
        tuple: (i8, u64, i128, char),
        nothing: (),
        text: Option<String>,
    }

    fn everything() -> Everything {
        Everything {
            shapes: vec![
                Shape::Point,
                Shape::Line(0.1),
                Shape::Pair(0.1, f32::MIN_POSITIVE),
                Shape::Box { sides: vec![None, Some(-0.0), Some(f64::MAX)] },
            ],
            by_number: [(7, Newtype(1e300))].into(),
            tuple: (-1, u64::MAX, i128::MIN, 'ü'),
            nothing: (),
            text: Some("text".into()),
        }
    }

    #[test]
    fn what_json_can_hold_is_written_as_it_always_was() {
        let (bytes, read) = read_back(&everything()).unwrap();
        assert_eq!(bytes, serde_json::to_vec(&everything()).unwrap());
        assert_eq!(read, everything());
        let shapes = everything().shapes;
        assert_eq!(value(&shapes).unwrap(), serde_json::to_value(&shapes).unwrap());
        assert_eq!(value(&json!({ "a": [1.5, null] })).unwrap(), json!({ "a": [1.5, null] }));
        let set = HashSet::from([1, 2, 3]);
        assert_eq!(read_back(&set).unwrap().1, set);
    }

    #[test]
    fn numbers_that_json_does_not_have_are_an_error_that_says_where() {
        let told = |wrong: Everything| read_back(&wrong).unwrap_err().to_string();
        for (shape, said) in [
            (Shape::Line(f64::NAN), "its `shapes[0]` is NaN, which JSON does not have"),
            (Shape::Pair(1.0, f32::INFINITY), "its `shapes[0][1]` is inf, which JSON does not have"),
            (
                Shape::Box { sides: vec![None, Some(f64::NEG_INFINITY)] },
                "its `shapes[0].sides[1]` is -inf, which JSON does not have",
            ),
        ] {
            assert_eq!(told(Everything { shapes: vec![shape], ..everything() }), said);
        }
        let by_number = [(7, Newtype(f64::NAN))].into();
        assert_eq!(
            told(Everything { by_number, ..everything() }),
            "its `by_number.7` is NaN, which JSON does not have"
        );
        assert_eq!(value(&f32::NAN).unwrap_err().to_string(), "it is NaN, which JSON does not have");
        assert_eq!(value(&[Some(f64::NAN)]).unwrap_err().to_string(), "its `[0]` is NaN, which JSON does not have");
    }

    #[test]
    fn what_cannot_be_written_or_read_again_is_an_error_without_the_value() {
        #[derive(Debug, Deserialize, Serialize)]
        struct Odd {
            #[serde(serialize_with = "as_text")]
            secret: u64,
        }
        #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
        fn as_text<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(&format_args!("number {value}"))
        }

        let keys = HashMap::from([((1, 2), "secret")]);
        assert_eq!(value(&keys).unwrap_err().to_string(), "it cannot be written as JSON");
        assert_eq!(value(&json!({ "a": 1 })).unwrap(), json!({ "a": 1 }));
        assert_eq!(value(&[i128::MAX]).unwrap_err().to_string(), "its `[0]` cannot be written as JSON");
        let error = read_back(&vec![Odd { secret: 77 }]).unwrap_err();
        assert_eq!(error.to_string(), "its `[0].secret` is written in a form that its type does not read");
        assert!(std::error::Error::source(&error).is_some());
    }

    #[test]
    fn every_finite_number_comes_back_as_itself() {
        // A simple generator: the bits of numbers of every size.
        let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..100_000 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = f64::from_bits(bits);
            if number.is_finite() {
                assert_eq!(read_back(&number).unwrap().1.to_bits(), bits, "{number}");
            }
        }
    }
}
