//! Counts that progress is told in.

/// A count that progress can be told in.
pub trait Amount: Send {
    /// As a number of the protocol.
    fn amount(self) -> f64;
}

macro_rules! amounts {
    ($($type:ty),*) => {$(
        impl Amount for $type {
            #[expect(clippy::cast_precision_loss, reason = "progress beyond 2^53 is exact enough")]
            fn amount(self) -> f64 {
                self as f64
            }
        }
    )*};
}

amounts!(u64, usize, i64, isize);

macro_rules! small_amounts {
    ($($type:ty),*) => {$(
        impl Amount for $type {
            fn amount(self) -> f64 {
                self.into()
            }
        }
    )*};
}

small_amounts!(u8, u16, u32, i8, i16, i32, f32, f64);
