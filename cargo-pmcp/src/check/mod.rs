//! The rules that a server with widgets is checked by.
//!
//! A server is looked at first ([`look`](mod@look)): over several connections, as hosts of both eras make them, with widgets and without. All that
//! answered is in [`seen::Seen`], which is all that a rule knows; so a rule is a row of a table with a function, and asks nothing of a server.
//! What is found becomes a [`Report`], which is written in one of its forms.

mod browse;
mod document;
mod hosts;
mod look;
mod publish;
mod report;
mod rule;
mod rules;
mod seen;
mod server;
mod views;

pub(crate) use browse::Browsing;
pub(crate) use look::look;
pub(crate) use report::{Report, json, junit, tell};
pub(crate) use rule::Rule;
pub(crate) use rules::{all, named};
pub(crate) use seen::Seen;
