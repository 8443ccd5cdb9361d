//! Arguments of prompts: texts, read as the types of their fields ask.
//!
//! [`read`] reads all of them into a struct, [`value`](value::Given) one of them. The tool that begins a workflow takes the
//! same arguments, whose values are JSON there: what is no text is read as it is.

mod error;
mod names;
mod value;

use serde::{
    Deserializer,
    de::{DeserializeOwned, DeserializeSeed, MapAccess, Visitor},
    forward_to_deserialize_any,
};
use serde_json::{Map, Value, map::IntoIter};

pub(crate) use self::names::names;
use self::{error::Misread, value::Given};
use crate::{
    protocol::bounds::{self, shortened},
    tool::ArgumentError,
};

/// Reads the arguments of a workflow.
///
/// # Errors
/// One does not fit, is missing or unknown; the message names it.
pub(crate) fn read<T: DeserializeOwned>(given: Map<String, Value>) -> Result<T, ArgumentError> {
    T::deserialize(Arguments(given))
        .map_err(|error| ArgumentError { message: shortened(&error.to_string(), bounds::ERROR) })
}

/// Reads one argument.
///
/// # Errors
/// It does not fit; the message says where, and what it is called: "argument".
pub(crate) fn read_one<T: DeserializeOwned>(what: &str, name: &str, given: Value) -> Result<T, ArgumentError> {
    T::deserialize(Given(given)).map_err(|error| {
        let message = error.of(what, name).to_string();
        ArgumentError { message: shortened(&message, bounds::ERROR) }
    })
}

/// All arguments.
struct Arguments(Map<String, Value>);

impl<'de> Deserializer<'de> for Arguments {
    type Error = Misread;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        visitor.visit_map(Fields { rest: self.0.into_iter(), next: None })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misread> {
        // A misspelt name says more than the "missing" that follows from it.
        match self.0.keys().find(|name| !fields.contains(&name.as_str())) {
            Some(unknown) => Err(Misread::unknown(unknown, fields)),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Misread> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Misread> {
        self.deserialize_struct(name, &[], UnitOfFields(visitor))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Visitor of a struct without fields.
struct UnitOfFields<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for UnitOfFields<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<V::Value, A::Error> {
        self.0.visit_unit()
    }
}

/// The arguments one by one.
struct Fields {
    rest: IntoIter,
    next: Option<(String, Value)>,
}

impl<'de> MapAccess<'de> for Fields {
    type Error = Misread;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Misread> {
        // Some write every argument, and null for those there are not.
        let Some((name, value)) = self.rest.find(|(_, value)| !value.is_null()) else { return Ok(None) };
        let key = seed.deserialize(serde::de::value::StrDeserializer::new(&name))?;
        self.next = Some((name, value));
        Ok(Some(key))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Misread> {
        let (name, value) = self.next.take().unwrap_or_default();
        seed.deserialize(Given(value)).map_err(|error| error.of("argument", &name))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Deserialize, Debug, PartialEq, Clone, Copy)]
    #[serde(rename_all = "lowercase")]
    enum Severity {
        Low,
        High,
    }

    #[derive(Deserialize, Debug, PartialEq)]
    struct Name(String);

    #[derive(Deserialize, Debug, PartialEq, Default)]
    struct Window {
        from: u8,
        #[serde(default)]
        days: Vec<String>,
    }

    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(default)]
    struct Wanted {
        text: String,
        small: u8,
        signed: i64,
        ratio: f64,
        letter: char,
        flag: bool,
        severity: Severity,
        severities: Vec<Severity>,
        name: Name,
        note: Option<String>,
        count: Option<u32>,
        numbers: Vec<u16>,
        pair: (u8, u8),
        window: Option<Window>,
        map: BTreeMap<String, u8>,
        any: Value,
    }

    impl Default for Wanted {
        fn default() -> Self {
            Self {
                text: String::new(),
                small: 0,
                signed: 0,
                ratio: 0.0,
                letter: '-',
                flag: false,
                severity: Severity::Low,
                severities: Vec::new(),
                name: Name(String::new()),
                note: None,
                count: None,
                numbers: Vec::new(),
                pair: (0, 0),
                window: None,
                map: BTreeMap::new(),
                any: Value::Null,
            }
        }
    }

    fn wanted(given: Value) -> Result<Wanted, String> {
        let Value::Object(given) = given else { return Err("no object".into()) };
        read(given).map_err(|error| error.message)
    }

    #[test]
    fn texts_are_what_their_types_ask_for() {
        let read = wanted(json!({
            "text": "12", "small": " 7 ", "signed": "-3", "ratio": "0.5", "letter": "ü", "flag": "Yes", "severity": "High",
            "severities": "low, high", "name": "api", "note": "true", "count": "3.0", "numbers": "[1, 2]", "pair": "4,5",
            "window": "{\"from\": 9, \"days\": [\"mon\"]}", "map": "{\"a\": 1}", "any": "free",
        }));
        let expected = Wanted {
            text: "12".into(),
            small: 7,
            signed: -3,
            ratio: 0.5,
            letter: 'ü',
            flag: true,
            severity: Severity::High,
            severities: vec![Severity::Low, Severity::High],
            name: Name("api".into()),
            note: Some("true".into()),
            count: Some(3),
            numbers: vec![1, 2],
            pair: (4, 5),
            window: Some(Window { from: 9, days: vec!["mon".into()] }),
            map: [("a".to_owned(), 1)].into(),
            any: "free".into(),
        };
        assert_eq!(read.unwrap(), expected);
    }

    #[test]
    fn an_empty_text_is_nothing_where_there_may_be_nothing() {
        let read = wanted(json!({ "text": "", "note": "", "count": " ", "numbers": "", "window": "", "flag": null }));
        assert_eq!(read.unwrap(), Wanted::default());
        let words = wanted(json!({ "flag": "off", "numbers": "1", "any": "[1,{\"a\":2}]" })).unwrap();
        assert_eq!((words.flag, words.numbers, words.any), (false, vec![1], json!([1, { "a": 2 }])));
    }

    #[test]
    fn values_that_are_no_texts_are_read_as_they_are() {
        let given = json!({
            "small": 7.0, "flag": true, "severity": "low", "count": null, "numbers": [1, 2], "window": { "from": 9 },
            "ratio": 2, "pair": [1, 2], "any": { "a": 1 },
        });
        let read = wanted(given).unwrap();
        assert_eq!((read.small, read.flag, read.severity, read.count), (7, true, Severity::Low, None));
        assert_eq!((read.numbers, read.window), (vec![1, 2], Some(Window { from: 9, days: vec![] })));
        assert_eq!((read.pair, read.any), ((1, 2), json!({ "a": 1 })));
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_argument() {
        let cases = [
            (json!({ "small": "three" }), "argument `small`: `three` is not a whole number"),
            (json!({ "small": "" }), "argument `small`: it is empty, and a whole number is needed"),
            (json!({ "small": "3.5" }), "argument `small`: `3.5` is not a whole number"),
            (json!({ "small": "300" }), "argument `small`: `300` is not between 0 and 255"),
            (json!({ "small": "-1" }), "argument `small`: `-1` is not between 0 and 255"),
            (json!({ "count": "x" }), "argument `count`: `x` is not a whole number"),
            (json!({ "numbers": "1, x" }), "argument `numbers[1]`: `x` is not a whole number"),
            (
                json!({ "numbers": "[1, 70000]" }),
                "argument `numbers[1]`: `70000` is not a whole number from 0 to 65535",
            ),
            (json!({ "numbers": "[1" }), "argument `numbers`: it begins like a list in JSON and is none"),
            (json!({ "ratio": "half" }), "argument `ratio`: `half` is not a number"),
            (json!({ "ratio": "NaN" }), "argument `ratio`: `NaN` is not a number"),
            (json!({ "letter": "ab" }), "argument `letter`: `ab` is not one character"),
            (json!({ "flag": "maybe" }), "argument `flag`: `maybe` is neither `true` nor `false`"),
            (
                json!({ "severity": "hgih" }),
                "argument `severity`: `hgih` is none of `low`, `high`; did you mean `high`?",
            ),
            (json!({ "severity": "" }), "argument `severity`: it is empty, and one of `low`, `high` is needed"),
            (json!({ "pair": "1" }), "argument `pair`: its length is 1, and a list of 2 is needed"),
            (json!({ "window": "monday" }), "argument `window`: `monday` is not an object in JSON"),
            (
                json!({ "window": "{\"from\": 900}" }),
                "argument `window.from`: `900` is not a whole number from 0 to 255",
            ),
            (
                json!({ "window": { "from": "9" } }),
                "argument `window.from`: the text \"9\" is not a whole number from 0 to 255",
            ),
            (json!({ "smal": "1" }), "unknown argument `smal`; did you mean `small`?"),
        ];
        for (given, message) in cases {
            assert_eq!(wanted(given.clone()).unwrap_err(), message, "{given}");
        }
    }

    #[test]
    fn a_missing_argument_is_told_and_one_that_may_be_missing_is_not() {
        #[derive(Deserialize, Debug)]
        struct Deploy {
            #[expect(dead_code, reason = "only read")]
            service: String,
            #[serde(rename = "where")]
            region: Option<String>,
        }
        let deploy = |given: Value| read::<Deploy>(given.as_object().unwrap().clone()).map_err(|error| error.message);
        assert_eq!(deploy(json!({ "where": "eu" })).unwrap_err(), "argument `service` is missing");
        assert!(deploy(json!({ "service": "api" })).unwrap().region.is_none());
        assert_eq!(deploy(json!({ "service": "a", "where": "eu" })).unwrap().region.as_deref(), Some("eu"));
        let unknown = deploy(json!({ "service": "a", "xyz": "" })).unwrap_err();
        assert_eq!(unknown, "unknown argument `xyz`; the workflow takes `service`, `where`");
    }

    #[test]
    fn a_struct_without_fields_takes_no_arguments() {
        #[derive(Deserialize, Debug)]
        struct Nothing;
        #[derive(Deserialize, Debug)]
        struct Empty {}
        assert!(read::<Nothing>(Map::new()).is_ok() && read::<Empty>(Map::new()).is_ok());
        let given = json!({ "a": "" }).as_object().unwrap().clone();
        assert_eq!(read::<Nothing>(given).unwrap_err().message, "unknown argument `a`; the workflow takes none");
    }

    #[test]
    fn long_texts_are_cut_in_the_message() {
        let message = wanted(json!({ "small": "x".repeat(100_000) })).unwrap_err();
        assert!(message.len() < 200 && message.ends_with("is not a whole number"), "{message}");
    }
}
