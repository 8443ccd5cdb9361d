//! Diagnostics, signatures and fallbacks shared by the macro crates.
