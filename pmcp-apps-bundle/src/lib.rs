//! Check a widget's directory of HTML and make one document of it.

pub mod script;
