//! Compile-fail and behaviour tests of the macros.
