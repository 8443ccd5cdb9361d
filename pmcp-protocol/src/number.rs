//! Numbers, which JSON writes in more than one way.

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Number;

/// The integer that a double is: `5.0` is 5. Of larger ones than a double tells apart (2^53) there is none.
#[must_use]
pub fn whole(number: f64) -> Option<i64> {
    /// From here on a double leaves integers out.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
    (number.fract() == 0.0 && number.abs() < EXACT).then_some(number as i64)
}

/// The number as the integer it is, if it is one: 5 and `5.0` are the same then.
pub(crate) fn plain(number: &Number) -> Number {
    let whole = number.as_f64().filter(|_| number.is_f64()).and_then(whole);
    whole.map_or_else(|| number.clone(), Number::from)
}

/// Reads an integer that is not negative, however it is written, if there is one.
///
/// # Errors
/// It is no such number.
pub(crate) fn natural<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let Some(number) = Option::<Number>::deserialize(deserializer)? else { return Ok(None) };
    let whole = || whole(number.as_f64()?).and_then(|number| number.try_into().ok());
    let number = number.as_u64().or_else(whole);
    number.map(Some).ok_or_else(|| D::Error::custom("expected an integer that is not negative"))
}
