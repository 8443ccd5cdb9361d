//! Every message of the server against the official JSON schemas of its revision, from the folder `MCP_SPEC_DIR` names.

mod doors;
mod fixture;
mod odd;
mod record;
mod script;

/// What a conversation in either revision has examples of.
const COMMON: &[&str] = &[
    "content audio",
    "content image",
    "content of an error",
    "content resource blob",
    "content resource text",
    "content resource_link",
    "content text",
    "error -31000",
    "error -32600",
    "error -32601",
    "error -32602",
    "error -32603",
    "error -32700",
    "notification notifications/message",
    "notification notifications/progress",
    "page prompts/list",
    "page resources/list",
    "page resources/templates/list",
    "page tools/list",
    "prompt audio",
    "prompt image",
    "prompt resource text",
    "prompt resource_link",
    "prompt text",
    "result completion/complete",
    "result prompts/get",
    "result prompts/list",
    "result resources/list",
    "result resources/read",
    "result resources/templates/list",
    "result tasks/cancel",
    "result tasks/get",
    "result tasks/update",
    "result tools/call",
    "result tools/call as a task",
    "result tools/list",
    "structured object",
    "task cancelled",
    "task completed",
    "task failed",
    "task input_required",
    "task working",
];

const OF_2025: &[&str] = &[
    "error -32002",
    "notification notifications/tasks/status",
    "page tasks/list",
    "request elicitation/create",
    "request roots/list",
    "request sampling/createMessage",
    "result initialize",
    "result logging/setLevel",
    "result ping",
    "result tasks/list",
    "result tasks/result",
];

const OF_2026: &[&str] = &[
    "error -32021",
    "error -32022",
    "input elicitation/create",
    "input roots/list",
    "input sampling/createMessage",
    "input_required prompts/get",
    "input_required resources/read",
    "input_required tools/call",
    "notification notifications/cancelled",
    "notification notifications/subscriptions/acknowledged",
    "notification notifications/tasks",
    "result server/discover",
    "result subscriptions/listen",
    "structured other",
];

/// Members that may hold anything.
const FREE: &[&str] = &["/_meta/", "/params/data", "/error/data", "/inputSchema/", "/outputSchema/"];

mod needs_mcp_spec_dir {
    use std::{collections::BTreeSet, fmt::Write as _, time::Duration};

    use serde_json::{Value, json};
    use spec_check::{Emitted, Inspector, Revision, Schemas};

    use super::{COMMON, FREE, OF_2025, OF_2026, doors::Door, fixture, record::Record, script};

    fn schemas() -> &'static Schemas {
        Schemas::from_environment().expect("`MCP_SPEC_DIR` names the folder of the specification")
    }

    /// A whole conversation; what the server said in it.
    async fn conversation(revision: Revision, over_http: bool) -> Vec<Emitted> {
        let record = Record::default();
        let talk = async {
            let server = fixture::server();
            let door = if over_http { Door::http(server, &record).await } else { Door::lines(server, &record) };
            match revision {
                Revision::V2025 => {
                    script::of_2025(&door).await;
                    door.shut_down().await;
                }
                Revision::V2026 => script::of_2026(door).await,
            }
        };
        tokio::time::timeout(Duration::from_secs(60), talk).await.expect("the conversation ends");
        record.emitted()
    }

    async fn assert_fits(revision: Revision, over_http: bool) {
        let schemas = schemas();
        let emitted = conversation(revision, over_http).await;
        let mut inspector = Inspector::new(schemas, revision, &emitted);
        let mut wrong = String::new();
        for message in &emitted {
            let mistakes = inspector.mistakes(message);
            if !mistakes.is_empty() {
                write!(wrong, "\n{message}\n  {}", mistakes.join("\n  ")).unwrap();
            }
        }
        assert!(wrong.is_empty(), "messages that do not fit:{wrong}");
        let mut expected = [COMMON, if revision == Revision::V2025 { OF_2025 } else { OF_2026 }].concat();
        if over_http && revision == Revision::V2026 {
            expected.push("error -32020");
        }
        expected.sort_unstable();
        // Both ways: what appears for the first time belongs on the list, so that it does not disappear unnoticed.
        assert_eq!(inspector.examples().into_iter().collect::<Vec<_>>(), expected);
    }

    #[tokio::test]
    #[ignore = "needs MCP_SPEC_DIR"]
    async fn messages_of_2025_11_25_fit_on_lines() {
        assert_fits(Revision::V2025, false).await;
    }

    #[tokio::test]
    #[ignore = "needs MCP_SPEC_DIR"]
    async fn messages_of_2025_11_25_fit_over_http() {
        assert_fits(Revision::V2025, true).await;
    }

    #[tokio::test]
    #[ignore = "needs MCP_SPEC_DIR"]
    async fn messages_of_2026_07_28_fit_on_lines() {
        assert_fits(Revision::V2026, false).await;
    }

    #[tokio::test]
    #[ignore = "needs MCP_SPEC_DIR"]
    async fn messages_of_2026_07_28_fit_over_http() {
        assert_fits(Revision::V2026, true).await;
    }

    /// The members of a message, as JSON pointers.
    fn members(value: &Value, at: &str, pointers: &mut Vec<String>) {
        let children: Vec<(String, &Value)> = match value {
            Value::Object(fields) => {
                let escaped = |name: &String| name.replace('~', "~0").replace('/', "~1");
                fields.iter().map(|(name, value)| (escaped(name), value)).collect()
            }
            Value::Array(items) => items.iter().enumerate().map(|(i, value)| (i.to_string(), value)).collect(),
            _ => return,
        };
        for (name, value) in children {
            let pointer = format!("{at}/{name}");
            members(value, &pointer, pointers);
            pointers.push(pointer);
        }
    }

    /// Puts something that belongs nowhere in the place of each member of each kind of message.
    #[tokio::test]
    #[ignore = "needs MCP_SPEC_DIR"]
    async fn a_spoilt_message_is_found() {
        let schemas = schemas();
        for revision in [Revision::V2025, Revision::V2026] {
            let emitted = conversation(revision, false).await;
            let mut inspector = Inspector::new(schemas, revision, &emitted);
            let (mut kinds, mut spoilt, mut unnoticed) = (BTreeSet::new(), 0, BTreeSet::new());
            for message in &emitted {
                inspector.mistakes(message);
                if !kinds.insert(inspector.examples()) {
                    continue;
                }
                let mut pointers = Vec::new();
                members(&message.message, "", &mut pointers);
                for pointer in pointers.iter().filter(|pointer| !FREE.iter().any(|free| pointer.contains(free))) {
                    let mut message = message.clone();
                    *message.message.pointer_mut(pointer).unwrap() = json!([[{ "wrong": null }]]);
                    spoilt += 1;
                    if inspector.mistakes(&message).is_empty() {
                        unnoticed.insert(pointer.clone());
                    }
                }
            }
            assert!(unnoticed.is_empty(), "{revision:?}: nobody noticed {unnoticed:?}");
            assert!(spoilt > 500, "{revision:?}: only {spoilt} members");
        }
    }
}
