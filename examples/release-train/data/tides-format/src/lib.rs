//! Tables of heights, as text.

/// A line of a table: the height in metres.
pub fn line(height: tides::Height) -> String {
    format!("{:.2} m", f64::from(height.0) / 100.0)
}
