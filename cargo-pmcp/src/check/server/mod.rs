//! Rules about what a server answers.

mod extension;
mod metadata;
mod policy;
mod promised;
mod resources;
mod results;

pub(super) use policy::LISTS;
pub(super) use results::has_text;

use super::rule::{Group, Rule, Severity};

/// The rules, in the order in which they are told.
pub(super) static RULES: [Rule; 15] = [
    Rule {
        name: "ui-resource-readable",
        group: Group::Server,
        severity: Severity::Error,
        reason: "a host reads the document that a tool names, before it shows anything",
        check: resources::readable,
    },
    Rule {
        name: "mime-type",
        group: Group::Server,
        severity: Severity::Error,
        reason: "hosts render documents of the type of MCP Apps, and no others",
        check: resources::mime_type,
    },
    Rule {
        name: "one-document",
        group: Group::Server,
        severity: Severity::Error,
        reason: "hosts show the one text that is read, and nothing beside it",
        check: resources::one_document,
    },
    Rule {
        name: "list-and-read-agree",
        group: Group::Server,
        severity: Severity::Warning,
        reason: "some hosts take the metadata of the list, and others those that are read",
        check: resources::agree,
    },
    Rule {
        name: "old-uri-answers",
        group: Group::Server,
        severity: Severity::Warning,
        reason: "hosts keep addresses of documents, and ask for them after an update",
        check: resources::old_uri,
    },
    Rule {
        name: "meta-shape",
        group: Group::Server,
        severity: Severity::Error,
        reason: "hosts pass over metadata that are not as specified, without a word",
        check: metadata::shape,
    },
    Rule {
        name: "csp-origins",
        group: Group::Server,
        severity: Severity::Error,
        reason: "hosts drop entries that are no origins, and so block what they were for",
        check: policy::origins_are_such,
    },
    Rule {
        name: "csp-both-forms",
        group: Group::Server,
        severity: Severity::Error,
        reason: "published apps of ChatGPT read its own key, and other hosts do not",
        check: policy::both_forms,
    },
    Rule {
        name: "quiet-without-extension",
        group: Group::Server,
        severity: Severity::Warning,
        reason: "a client without widgets pays for texts that it has no use for",
        check: extension::quiet,
    },
    Rule {
        name: "app-only-hidden",
        group: Group::Server,
        severity: Severity::Warning,
        reason: "without a view nobody is there to call them but a model that should not",
        check: extension::app_only_hidden,
    },
    Rule {
        name: "same-in-both-eras",
        group: Group::Server,
        severity: Severity::Error,
        reason: "most hosts speak the version before the newest",
        check: extension::same_in_both_eras,
    },
    Rule {
        name: "text-content",
        group: Group::Server,
        severity: Severity::Error,
        reason: "the text of a result is all that models and clients without widgets have",
        check: results::text,
    },
    Rule {
        name: "output-schema",
        group: Group::Server,
        severity: Severity::Error,
        reason: "clients refuse results that are not as the tool promises",
        check: results::schema,
    },
    Rule {
        name: "annotations",
        group: Group::Server,
        severity: Severity::Warning,
        reason: "hosts ask users before a call unless a tool says that it does no harm",
        check: results::annotations,
    },
    Rule {
        name: "no-inner-errors",
        group: Group::Server,
        severity: Severity::Error,
        reason: "paths and traces in an error tell strangers how the server is made",
        check: results::inner_errors,
    },
];
