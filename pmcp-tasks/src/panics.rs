//! Panics that stop nothing, for this crate and `pmcp-server`.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// The text of a panic, for the log.
#[must_use]
pub fn text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&'static str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("something that is no text")
}

/// Tells of a panic. A panic of whoever is told, or of what the first one carried, ends here.
pub fn told(panic: Box<dyn Any + Send>, tell: impl FnOnce(&str)) {
    harmless(move || {
        tell(text(&*panic));
        drop(panic);
    });
}

/// Does something that may panic and has to stop nothing: to write to the log.
pub fn harmless(act: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(act)) {
        // What it carries may panic when it is dropped.
        std::mem::forget(panic);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct PanicsWhenDropped;

    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            panic!("dropped")
        }
    }

    #[test]
    fn telling_of_a_panic_ends_every_panic() {
        let mut texts = Vec::new();
        told(Box::new("text"), |text| texts.push(text.to_owned()));
        told(Box::new(String::from("string")), |text| texts.push(text.to_owned()));
        told(Box::new(PanicsWhenDropped), |text| texts.push(text.to_owned()));
        told(Box::new(1), |_| std::panic::panic_any(PanicsWhenDropped));
        assert_eq!(texts, ["text", "string", "something that is no text"]);
    }
}
