//! Samples, what is told of them, and taking turns.

use std::{fmt, time::Duration};

/// Durations of the same thing, in nanoseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn add(&mut self, duration: Duration) {
        let nanos = duration.as_secs_f64() * 1e9;
        let at = self.0.partition_point(|other| *other < nanos);
        self.0.insert(at, nanos);
    }

    /// The value below which this part of the samples lies, between 0 and 1.
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        quantile(&self.0, part)
    }

    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }
}

fn quantile(sorted: &[f64], part: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "an index into a short list"
    )]
    let at = ((sorted.len().saturating_sub(1)) as f64 * part).round() as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

/// The medians of rounds in which two sides took turns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Duel {
    rounds: Vec<(f64, f64)>,
}

impl Duel {
    /// One round: a sample set of each side, taken one after the other.
    pub(crate) fn round(&mut self, one: &Samples, other: &Samples) {
        self.rounds.push((one.median(), other.median()));
    }

    pub(crate) fn one(&self) -> Spread {
        Spread::of(self.rounds.iter().map(|(one, _)| *one))
    }

    pub(crate) fn other(&self) -> Spread {
        Spread::of(self.rounds.iter().map(|(_, other)| *other))
    }

    /// How many times as long the other side takes, a ratio a round: noise that lasts hits both.
    pub(crate) fn ratio(&self) -> Spread {
        Spread::of(self.rounds.iter().map(|(one, other)| other / one))
    }
}

/// The median of rounds, with the lowest and the highest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Spread {
    pub(crate) fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_unstable_by(f64::total_cmp);
        Self { median: quantile(&values, 0.5), low: quantile(&values, 0.0), high: quantile(&values, 1.0) }
    }

    /// As durations.
    pub(crate) fn times(self) -> String {
        format!("{} ({} – {})", Nanos(self.median), Nanos(self.low), Nanos(self.high))
    }

    /// As how often.
    pub(crate) fn factors(self) -> String {
        format!("{}x ({} – {})", Factor(self.median), Factor(self.low), Factor(self.high))
    }
}

/// A duration for people, given in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nanos(pub(crate) f64);

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, unit) = match self.0 {
            nanos if nanos < 1e3 => (nanos, "ns"),
            nanos if nanos < 1e6 => (nanos / 1e3, "µs"),
            nanos if nanos < 1e9 => (nanos / 1e6, "ms"),
            nanos => (nanos / 1e9, "s"),
        };
        write!(f, "{} {unit}", Factor(value))
    }
}

/// A number with three figures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Factor(pub(crate) f64);

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = match self.0.abs() {
            value if value < 10.0 => 2,
            value if value < 100.0 => 1,
            _ => 0,
        };
        write!(f, "{:.digits$}", self.0)
    }
}
