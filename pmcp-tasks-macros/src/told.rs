//! Mistakes, as tests read them.

use pmcp_macro_support::Diagnostics;
use proc_macro2::TokenStream;

/// Of each mistake what is underlined, and the first line of what is said; the second one is a help.
pub(crate) fn told(diag: Diagnostics) -> Vec<(String, String)> {
    let found = diag.errors().iter().map(|error| {
        let message = error.to_string();
        let (first, help) = message.split_once('\n').unwrap();
        assert!(help.starts_with("help: ") && !help.contains('\n'), "{message}");
        (error.span().source_text().unwrap(), first.into())
    });
    let found = found.collect();
    drop(diag.finish(TokenStream::new()));
    found
}
