//! The shelf: teas, and how they are brewed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    #[default]
    Green,
    Black,
    Mint,
}

/// A tea, and how it is brewed.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Tea {
    kind: Kind,
    celsius: u8,
    pub(crate) minutes: u8,
    note: &'static str,
}

impl Kind {
    pub(crate) fn tea(self) -> Tea {
        let (celsius, minutes, note) = match self {
            Self::Green => (75, 3, "Fresh and grassy. Boiling water hurts it."),
            Self::Black => (95, 4, "Dark and malty. It takes milk well."),
            Self::Mint => (100, 6, "Clear and cool, and nothing in it keeps you awake."),
        };
        Tea {
            kind: self,
            celsius,
            minutes,
            note,
        }
    }
}
