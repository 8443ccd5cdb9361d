//! Numbers, which JSON writes in more than one way.

/// The integer that a double is: `5.0` is 5. Of larger ones than a double tells apart there is none.
pub(crate) fn whole(number: f64) -> Option<i64> {
    /// From here on a double leaves integers out.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
    (number.fract() == 0.0 && number.abs() < EXACT).then_some(number as i64)
}
