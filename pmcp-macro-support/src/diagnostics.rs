//! The mistakes a macro found.

use std::{fmt::Display, thread};

use proc_macro2::TokenStream;
use quote::ToTokens;

/// An error at these tokens: what is wrong, and the edit that helps.
pub fn error(tokens: impl ToTokens, message: impl Display, help: impl Display) -> syn::Error {
    syn::Error::new_spanned(tokens, format_args!("{message}\nhelp: {help}"))
}

/// Collects the mistakes of one macro call, so that all of them are reported at once, each of them once.
///
/// # Panics
/// When it is dropped without [`finish`](Self::finish): mistakes would be lost.
#[derive(Debug, Default)]
pub struct Diagnostics {
    errors: Vec<syn::Error>,
    finished: bool,
}

impl Diagnostics {
    /// No mistakes yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reports a mistake at these tokens, with the edit that helps.
    pub fn error(&mut self, tokens: impl ToTokens, message: impl Display, help: impl Display) {
        self.push(error(tokens, message, help));
    }

    /// Reports every mistake in `error`, except those reported before.
    pub fn push(&mut self, error: syn::Error) {
        for error in error {
            let known = |other: &syn::Error| {
                // Spans compare only by what they print.
                format!("{:?}", other.span()) == format!("{:?}", error.span()) && other.to_string() == error.to_string()
            };
            if !self.errors.iter().any(known) {
                self.errors.push(error);
            }
        }
    }

    /// The value, or nothing after its error was reported.
    pub fn take<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// Tells whether a mistake was reported.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// The mistakes reported so far.
    #[must_use]
    pub fn errors(&self) -> &[syn::Error] {
        &self.errors
    }

    /// The tokens of the macro, followed by its errors.
    #[must_use]
    pub fn finish(mut self, tokens: TokenStream) -> TokenStream {
        self.finished = true;
        let errors = self.errors.iter().map(syn::Error::to_compile_error);
        tokens.into_iter().chain(errors.flatten()).collect()
    }
}

impl Drop for Diagnostics {
    fn drop(&mut self) {
        assert!(self.finished || thread::panicking(), "diagnostics were dropped without being reported");
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn a_mistake_is_reported_once_and_after_the_tokens() {
        let mut diag = Diagnostics::new();
        let token: TokenStream = "name".parse().unwrap();
        diag.error(&token, "wrong", "write `other`");
        diag.error(&token, "wrong", "write `other`");
        let mut both = error(&token, "worse", "write `another`");
        both.combine(error(&token, "wrong", "write `other`"));
        diag.push(both);
        assert!(diag.has_errors());
        let tokens = diag
            .finish(quote!(
                struct Kept;
            ))
            .to_string();
        assert!(tokens.starts_with("struct Kept ;"), "{tokens}");
        assert_eq!(tokens.matches("compile_error").count(), 2, "{tokens}");
        assert!(tokens.contains("wrong\\nhelp: write `other`"), "{tokens}");
    }

    #[test]
    fn mistakes_at_two_places_are_two_mistakes() {
        let mut diag = Diagnostics::new();
        let tokens: TokenStream = "a b".parse().unwrap();
        for token in tokens {
            diag.error(token, "wrong", "write `other`");
        }
        assert_eq!(diag.finish(TokenStream::new()).to_string().matches("compile_error").count(), 2);
    }

    #[test]
    #[should_panic(expected = "dropped without being reported")]
    fn unreported_mistakes_panic() {
        drop(Diagnostics::new());
    }
}
