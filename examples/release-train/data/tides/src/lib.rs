//! Heights of the sea at a station.

/// A height above the chart's datum, in centimetres.
#[derive(Clone, Copy, Debug)]
pub struct Height(pub i32);
