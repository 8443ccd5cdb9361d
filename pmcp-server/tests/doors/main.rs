//! What comes in at every door, good and bad, and what goes out.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::needless_pass_by_value, reason = "a literal reads better in place")]

mod support;

mod anonymous;
mod any_instance;
mod authentication;
mod brought;
mod changed_lists;
mod connections;
mod embedding;
mod failures;
mod fair;
mod fallback;
mod http_2025_bad_input;
mod http_2025_limits;
mod http_2025_pages;
mod http_2025_questions;
mod http_2025_resumed;
mod http_2025_sessions;
mod http_2025_streams;
mod http_2026_checks;
mod http_2026_results;
mod http_2026_streams;
mod http_2026_subscriptions;
mod inner_log;
#[cfg(feature = "jwt")]
mod jwt;
mod lines_bad_input;
mod lines_concurrency;
#[cfg(feature = "testing")]
mod lines_of_several;
mod lines_sessions;
mod long_texts;
#[cfg(feature = "metrics")]
mod metrics;
mod offered;
mod origins;
mod other_forms;
mod permissions;
mod protected_resource;
#[cfg(feature = "testing")]
mod schemas;
mod shutdown;
mod silence;
#[cfg(unix)]
mod standard_output;
mod start_log;
mod too_much;
mod traces;
mod watched;
#[cfg(feature = "apps")]
mod widget_types;
#[cfg(feature = "apps")]
mod widgets;
mod workflows;
