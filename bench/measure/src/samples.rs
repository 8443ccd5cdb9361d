//! Samples, and what is told of them.

use std::time::Duration;

/// Durations of the same thing, in nanoseconds, or other values of it.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// Adds one.
    pub fn add(&mut self, duration: Duration) {
        self.add_value(duration.as_secs_f64() * 1e9);
    }

    /// Adds one of something that is not a duration.
    pub fn add_value(&mut self, value: f64) {
        self.0.push(value);
    }

    /// The value below which this part of the samples lies, between 0 and 1.
    #[must_use]
    pub fn quantile(&self, part: f64) -> f64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "an index into a list"
        )]
        let at = (self.0.len().saturating_sub(1) as f64 * part).round() as usize;
        let mut sorted = self.0.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted.get(at).copied().unwrap_or(f64::NAN)
    }

    /// The value in the middle.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<T: IntoIterator<Item = f64>>(nanos: T) -> Self {
        Self(nanos.into_iter().collect())
    }
}
