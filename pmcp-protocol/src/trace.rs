//! Trace context: how a request says which trace it is a part of.
//!
//! Three texts of W3C that stand unprefixed in `_meta` (overview, "OpenTelemetry trace context"), and in headers of HTTP under the
//! same names. What is read is checked against the grammar of [Trace Context] and [Baggage] and bounded; what is malformed or too
//! long counts as absent, as both specifications want it: no request fails for its trace.
//!
//! [Trace Context]: https://www.w3.org/TR/trace-context/
//! [Baggage]: https://www.w3.org/TR/baggage/

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{bounds, meta};

/// Key of the span that a request comes from.
pub const TRACEPARENT: &str = "traceparent";
/// Key of what vendors of tracing add to it.
pub const TRACESTATE: &str = "tracestate";
/// Key of what applications hand along a trace.
pub const BAGGAGE: &str = "baggage";

/// The flag of a trace that is recorded.
const SAMPLED: u8 = 1;
/// The most members of a `tracestate`.
const STATES: usize = 32;
/// The most members of a `baggage` that are handed along.
const BAGGAGE_MEMBERS: usize = 64;

/// The place of a request or a task in a trace, as W3C writes it. Never empty. Made of what others send, so it is checked and bounded: at most
/// 55, [`bounds::TRACESTATE`] and [`bounds::BAGGAGE`] bytes.
///
/// ```
/// use pmcp_protocol::TraceContext;
///
/// let parent = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
/// let trace = TraceContext::of(&serde_json::json!({ "_meta": { "traceparent": parent, "tracestate": "rojo=1" } })).unwrap();
/// assert_eq!(trace.traceparent(), Some(parent));
/// assert_eq!(trace.pairs().collect::<Vec<_>>(), [("traceparent", parent), ("tracestate", "rojo=1")]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceContext {
    // In the order of their names, as all that is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    baggage: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tracestate: Option<Box<str>>,
}

impl TraceContext {
    /// Reads it from where `value` finds the texts of [`TRACEPARENT`], [`TRACESTATE`] and [`BAGGAGE`]; `None` if there is nothing
    /// valid. A `tracestate` means nothing without a valid `traceparent`; a `baggage` stands for itself.
    pub fn read<'a>(value: impl Fn(&'static str) -> Option<&'a str>) -> Option<Self> {
        let traceparent = value(TRACEPARENT).and_then(traceparent);
        let states = || value(TRACESTATE).map(str::trim).filter(|text| is_tracestate(text)).map(Into::into);
        let tracestate = traceparent.as_ref().and_then(|_| states());
        let baggage = value(BAGGAGE).map(str::trim).filter(|text| is_baggage(text)).map(Into::into);
        let is_empty = traceparent.is_none() && baggage.is_none();
        (!is_empty).then_some(Self { baggage, traceparent, tracestate })
    }

    /// The place of this span in this trace, as identifiers of a system of tracing; `None` if one of them is zero, which is none.
    ///
    /// ```
    /// use pmcp_protocol::TraceContext;
    ///
    /// let trace = TraceContext::new(0x0af7651916cd43dd8448eb211c80319c, 0x00f067aa0ba902b7, true).unwrap();
    /// assert_eq!(trace.traceparent(), Some("00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"));
    /// assert_eq!(trace.ids(), Some((0x0af7651916cd43dd8448eb211c80319c, 0x00f067aa0ba902b7, true)));
    /// ```
    #[must_use]
    pub fn new(trace: u128, span: u64, is_sampled: bool) -> Option<Self> {
        let traceparent = format!("00-{trace:032x}-{span:016x}-{:02x}", u8::from(is_sampled));
        let is_place = trace != 0 && span != 0;
        is_place.then(|| Self { baggage: None, traceparent: Some(traceparent.into()), tracestate: None })
    }

    /// The same with these additions of vendors, if that is what they are.
    #[must_use]
    pub fn with_tracestate(self, states: &str) -> Self {
        let tracestate = is_tracestate(states).then(|| states.into());
        Self { tracestate, ..self }
    }

    /// That of a request with these parameters.
    #[must_use]
    pub fn of(params: &Value) -> Option<Self> {
        let meta = meta::of(params)?;
        Self::read(|key| meta.get(key)?.as_str())
    }

    /// `version-trace-parent-flags` in hexadecimal: the trace, and the span in it that comes before.
    #[must_use]
    pub fn traceparent(&self) -> Option<&str> {
        self.traceparent.as_deref()
    }

    /// The same as identifiers: the trace, the span, and whether it is sampled.
    #[must_use]
    pub fn ids(&self) -> Option<(u128, u64, bool)> {
        let mut fields = self.traceparent()?.split('-').skip(1);
        let (trace, span, flags) = (fields.next()?, fields.next()?, fields.next()?);
        let flags = u8::from_str_radix(flags, 16).ok()?;
        Some((u128::from_str_radix(trace, 16).ok()?, u64::from_str_radix(span, 16).ok()?, flags & SAMPLED != 0))
    }

    /// Additions of vendors to that.
    #[must_use]
    pub fn tracestate(&self) -> Option<&str> {
        self.tracestate.as_deref()
    }

    /// Values that applications hand along. It comes from the caller: nothing to be trusted, or logged.
    #[must_use]
    pub fn baggage(&self) -> Option<&str> {
        self.baggage.as_deref()
    }

    /// The same with the other's baggage, if it has none.
    #[must_use]
    pub fn or_baggage_of(self, other: Option<&Self>) -> Self {
        let baggage = self.baggage.or_else(|| other.and_then(|other| other.baggage.clone()));
        Self { baggage, ..self }
    }

    /// The texts under their names, to be sent as headers of HTTP or in `_meta`.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [(TRACEPARENT, self.traceparent()), (TRACESTATE, self.tracestate()), (BAGGAGE, self.baggage())];
        all.into_iter().filter_map(|(key, text)| text.map(|text| (key, text)))
    }
}

/// A valid `traceparent`, as version 00 has it: a later one begins with the same fields, of which only the flag for sampling is
/// known then ("Versioning of traceparent").
fn traceparent(text: &str) -> Option<Box<str>> {
    const LENGTH: usize = 55;
    let text = text.trim();
    let known = text.get(..LENGTH).filter(|_| text.len() <= bounds::TRACEPARENT)?;
    let mut fields = known.split('-');
    let mut field = |length: usize| {
        let is_hex = |text: &&str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        fields.next().filter(|text| text.len() == length).filter(is_hex)
    };
    let (version, trace, parent, flags) = (field(2)?, field(32)?, field(16)?, field(2)?);
    let is_zero = |text: &str| text.bytes().all(|byte| byte == b'0');
    if fields.next().is_some() || version == "ff" || is_zero(trace) || is_zero(parent) {
        return None;
    }
    match (version, &text[LENGTH..]) {
        ("00", "") => Some(known.into()),
        ("00", _) => None,
        (_, rest) if rest.is_empty() || rest.starts_with('-') => {
            let flags = u8::from_str_radix(flags, 16).ok()? & SAMPLED;
            Some(format!("00-{trace}-{parent}-{flags:02x}").into())
        }
        _ => None,
    }
}

/// Tells whether it is a list of vendors' states ("tracestate Header Field Values").
fn is_tracestate(text: &str) -> bool {
    let is_key = |key: &str| {
        let begins = key.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit());
        let is_of_key = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'*' | b'/' | b'@')
        };
        begins && key.len() <= 256 && key.bytes().all(is_of_key)
    };
    let is_value = |value: &str| {
        let is_of_value = |byte| (b' '..=b'~').contains(&byte) && byte != b'=';
        (1..=256).contains(&value.len()) && value.bytes().all(is_of_value) && !value.ends_with(' ')
    };
    let mut keys = Vec::new();
    let is_state = |member: &str| {
        let Some((key, value)) = member.split_once('=') else { return false };
        let is_new = !keys.contains(&key.to_owned());
        keys.push(key.to_owned());
        is_new && is_key(key) && is_value(value)
    };
    is_list(text, bounds::TRACESTATE, STATES, is_state)
}

/// Tells whether it is a list of an application's values ("Header Content").
fn is_baggage(text: &str) -> bool {
    let is_token = |text: &str| {
        let is_of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        !text.is_empty() && text.bytes().all(is_of_token)
    };
    let is_value = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte));
    let is_pair = |pair: &str| {
        let Some((key, value)) = pair.split_once('=') else { return false };
        is_token(key.trim()) && is_value(value.trim())
    };
    is_list(text, bounds::BAGGAGE, BAGGAGE_MEMBERS, |member| {
        let mut parts = member.split(';').map(str::trim);
        parts.next().is_some_and(is_pair) && parts.all(|property| is_token(property) || is_pair(property))
    })
}

/// Tells whether it is a list of at most so many bytes and members, each of which is as it has to be. Empty members are allowed.
fn is_list(text: &str, bytes: usize, most: usize, is_member: impl FnMut(&str) -> bool) -> bool {
    if text.len() > bytes {
        return false;
    }
    let members = || text.split(',').map(|member| member.trim_matches([' ', '\t'])).filter(|member| !member.is_empty());
    (1..=most).contains(&members().count()) && members().all(is_member)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";

    fn of(meta: &Value) -> Option<TraceContext> {
        TraceContext::of(&json!({ "_meta": meta }))
    }

    fn parent(text: &str) -> Option<String> {
        of(&json!({ "traceparent": text })).and_then(|trace| trace.traceparent().map(str::to_owned))
    }

    fn state(text: &str) -> Option<String> {
        let trace = of(&json!({ "traceparent": PARENT, "tracestate": text })).unwrap();
        trace.tracestate().map(str::to_owned)
    }

    fn baggage(text: &str) -> bool {
        of(&json!({ "baggage": text })).is_some()
    }

    #[test]
    fn a_parent_is_taken_as_it_is_or_not_at_all() {
        assert_eq!(parent(PARENT).as_deref(), Some(PARENT));
        assert_eq!(parent(&PARENT.replace("-01", "-00")).unwrap(), PARENT.replace("-01", "-00"));
        for wrong in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7",
            "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-1",
            "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-0x",
            "00-0AF7651916CD43DD8448EB211C80319C-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "ff-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
            "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01-more",
            "01-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01more",
            "00_0af7651916cd43dd8448eb211c80319c_00f067aa0ba902b7_01",
            "00-0af7651916cd43dd8448eb211c80319-00f067aa0ba902b7-010",
            "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-ü",
        ] {
            assert_eq!(parent(wrong), None, "{wrong}");
        }
        assert_eq!(of(&json!({ "traceparent": 7 })), None);
        assert_eq!(TraceContext::of(&json!({})), None);
    }

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        let later = PARENT.replace("00-0af", "cc-0af");
        assert_eq!(parent(&later).as_deref(), Some(PARENT));
        assert_eq!(parent(&format!("{later}-what-will-be")).as_deref(), Some(PARENT));
        assert_eq!(parent(&later.replace("b7-01", "b7-fe")).unwrap(), PARENT.replace("-01", "-00"));
        assert_eq!(parent(&format!("{later}-{}", "x".repeat(bounds::TRACEPARENT))), None);
    }

    #[test]
    fn a_state_belongs_to_a_parent_and_is_whole_or_absent() {
        for right in ["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "a=b", "t1@v=x y", " a=1 ,\tb=2, ,", "0/*-_@=~"] {
            assert_eq!(state(right).as_deref(), Some(right.trim()), "{right}");
        }
        for wrong in ["", ",", "a", "a=", "=b", "A=b", "a=b=c", "a=1,a=2", "a=ü", "_a=1", "a b=1", "a=\u{7}"] {
            assert_eq!(state(wrong), None, "{wrong}");
        }
        assert_eq!(of(&json!({ "tracestate": "a=b" })), None);
        let members = |n: usize| (0..n).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
        assert!(state(&members(32)).is_some() && state(&members(33)).is_none());
        assert!(state(&format!("a={},b={}", "x".repeat(250), "y".repeat(250))).is_some());
        assert!(state(&format!("a={},b={},c=", "x".repeat(256), "y".repeat(256))).is_none());
    }

    #[test]
    fn a_baggage_stands_for_itself() {
        for right in ["userId=alice", "a=", "a = b ; p ; q=r, c=DF%2028", "!#$%&'*+-.^_`|~=()=[]"] {
            assert!(baggage(right), "{right}");
        }
        for wrong in ["", "a", "=b", "a=\"b\"", "a=b c", "a=ü", "ü=a", "a=b;", "a=b;p q", "a=\\"] {
            assert!(!baggage(wrong), "{wrong}");
        }
        let members = |n: usize| (0..n).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
        assert!(baggage(&members(64)) && !baggage(&members(65)));
        assert!(baggage(&format!("a={}", "x".repeat(8190))) && !baggage(&format!("a={}", "x".repeat(8191))));
        let both = of(&json!({ "traceparent": "broken", "tracestate": "a=b", "baggage": "a=b" })).unwrap();
        assert_eq!(both.pairs().collect::<Vec<_>>(), [("baggage", "a=b")]);
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_read_again_as_the_same(
            parent in "(00|[0-9a-f]{2})-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.{0,9})?|.{0,80}",
            state in "[a-z0-9=, ]{0,40}|.{0,40}",
            baggage in "[a-z0-9=,; %]{0,40}|.{0,40}",
        ) {
            let given = json!({ "traceparent": parent, "tracestate": state, "baggage": baggage });
            if let Some(trace) = of(&given) {
                let again: serde_json::Map<String, Value> =
                    trace.pairs().map(|(key, text)| (key.to_owned(), text.into())).collect();
                prop_assert!(trace.pairs().all(|(_, text)| text.is_ascii()));
                prop_assert_eq!(of(&again.into()), Some(trace));
            }
        }
    }
}
