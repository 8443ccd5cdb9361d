//! How far a run has come.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The latest amount that is done. Fields are in the order of their names: see [`canonical`](super::canonical).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    done: f64,
    total: Option<f64>,
}

impl Progress {
    /// What is done of so much; none if it is no number. A total that is none is left out.
    pub(crate) fn new(done: f64, total: Option<f64>) -> Option<Self> {
        done.is_finite().then_some(Self { done, total: total.filter(|total| total.is_finite()) })
    }

    /// The amount that is done.
    pub(crate) fn done(self) -> f64 {
        self.done
    }

    /// The parameters of a notification under this token, with what the function says of it.
    pub(crate) fn params(self, token: Value, message: Option<&str>) -> Map<String, Value> {
        let mut params =
            Map::from_iter([("progressToken".to_owned(), token), ("progress".to_owned(), number(self.done))]);
        params.extend(self.total.map(|total| ("total".to_owned(), number(total))));
        params.extend(message.map(|message| ("message".to_owned(), message.into())));
        params
    }
}

/// What a task shows where the function says nothing else.
impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.total {
            Some(total) => write!(f, "{} of {total}", self.done),
            None => write!(f, "{}", self.done),
        }
    }
}

/// A number as JSON: whole ones without a fraction.
fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 { json!(value as i64) } else { json!(value) }
}
