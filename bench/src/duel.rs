//! Taking turns, and figures for people.

use std::fmt;

use measure::Samples;

/// The medians of rounds in which two sides took turns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Duel {
    rounds: Vec<(f64, f64)>,
}

impl Duel {
    /// One round: the median of each side, taken one after the other, in nanoseconds.
    pub(crate) fn round(&mut self, one: f64, other: f64) {
        self.rounds.push((one, other));
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
        let values: Samples = values.collect();
        Self { median: values.median(), low: values.quantile(0.0), high: values.quantile(1.0) }
    }

    /// As durations.
    pub(crate) fn times(self) -> String {
        format!("{} ({} – {})", Nanos(self.median), Nanos(self.low), Nanos(self.high))
    }

    /// As how often in a second.
    pub(crate) fn rates(self) -> String {
        let rate = |nanos: f64| 1e9 / nanos;
        format!("{:.0}/s ({:.0} – {:.0})", rate(self.median), rate(self.high), rate(self.low))
    }

    /// As how many times.
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
