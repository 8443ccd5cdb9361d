//! The spans of a trace as a tree, without what differs from run to run: ids and times.

use opentelemetry_proto::tonic::trace::v1::{span::SpanKind, status::StatusCode};

use crate::collector::Received;

/// The spans of a trace, each below its parent, in the order in which they began. A parent that never came was being worked on when its process died:
/// spans are sent when they end.
pub(crate) fn tree(all: &[Received], (trace, caller): (&[u8], &[u8])) -> String {
    let mut spans: Vec<&Received> = all.iter().filter(|one| one.span.trace_id == trace).collect();
    spans.sort_by_key(|one| one.span.start_time_unix_nano);
    let mut text = "the caller's span\n".to_owned();
    write(&mut text, &spans, caller, 1);
    let mut lost: Vec<&[u8]> = Vec::new();
    for one in &spans {
        let parent = &*one.span.parent_span_id;
        let is_known =
            parent == caller || lost.contains(&parent) || spans.iter().any(|other| other.span.span_id == parent);
        if !is_known {
            lost.push(parent);
            text += "a span that was lost with its process\n";
            write(&mut text, &spans, parent, 1);
        }
    }
    text
}

fn write(text: &mut String, spans: &[&Received], parent: &[u8], depth: usize) {
    for one in spans.iter().filter(|one| one.span.parent_span_id == parent) {
        let kind = SpanKind::try_from(one.span.kind).unwrap_or_default().as_str_name().replace("SPAN_KIND_", "");
        let failed = one.span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error);
        let told = ["pmcp.step.name", "pmcp.task.attempt", "pmcp.task.outcome", "error.type"];
        let told =
            told.iter().filter_map(|key| one.attribute(key)).fold(String::new(), |told, value| told + " " + &value);
        let failed = if failed { " ERROR" } else { "" };
        text.extend(["  ".repeat(depth), format!("{kind} {} [{}]{told}{failed}\n", one.span.name, one.instance)]);
        write(text, spans, &one.span.span_id, depth + 1);
    }
}
