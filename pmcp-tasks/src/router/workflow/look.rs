//! Prompts that hosts get only to look: nothing begins then.

use serde_json::{Map, Value};

use crate::workflow::{Start, WorkflowDefinition};

/// The prompt argument that goes on with a run, or with this value begins one in any case.
pub(super) const NEW: &str = "new";

/// Tells whether a prompt is only looked at: it has arguments and none is given, or what is given are the host's marks for what the user has
/// yet to say.
pub(super) fn is_look(definition: &WorkflowDefinition, given: &Map<String, Value>, is_new: bool) -> bool {
    let properties = definition.arguments.get("properties").and_then(Value::as_object);
    let takes_some = properties.is_some_and(|properties| !properties.is_empty());
    let is_mark = |value: &Value| value.as_str().is_some_and(|text| is_placeholder(text) || is_part(text));
    let is_wanted = is_new && !definition.requires_arguments();
    (takes_some && given.is_empty() && !is_wanted) || given.values().any(is_mark)
}

/// Texts that hosts put where the user's words will be.
pub(super) fn is_placeholder(text: &str) -> bool {
    let text = text.trim();
    let numbered =
        text.strip_prefix('$').is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit()));
    let framed =
        |begin: &str, end: &str| text.len() > begin.len() + end.len() && text.starts_with(begin) && text.ends_with(end);
    numbered || text == "$ARGUMENTS" || framed("{{", "}}") || framed("${", "}")
}

/// Tells whether this is a part of what the user has quoted: hosts that split words at spaces keep the quotes.
fn is_part(text: &str) -> bool {
    ['"', '\''].iter().any(|quote| text.starts_with(*quote) && (text.len() == 1 || !text.ends_with(*quote)))
}

/// The text of a prompt that was looked at.
pub(super) fn plan(definition: &WorkflowDefinition) -> String {
    let description = definition.description.as_deref().or(definition.title.as_deref()).unwrap_or(&definition.name);
    let steps = definition.steps.iter().enumerate().map(|(n, step)| {
        let who = if step.by.is_client() { "yours" } else { "the server's" };
        format!("{}. {}: {who}.", n + 1, step.name)
    });
    let required = definition.arguments.get("required").and_then(Value::as_array);
    let required: Vec<_> = required.into_iter().flatten().filter_map(Value::as_str).collect();
    let example: Map<String, Value> =
        required.iter().map(|name| ((*name).to_owned(), format!("<{name}>").into())).collect();
    let given = if required.is_empty() {
        "To begin".to_owned()
    } else {
        format!(
            "Once the user has given {}",
            joined(&required.iter().map(|name| named(definition, name)).collect::<Vec<_>>())
        )
    };
    let begin = if definition.ways() == Start::PromptOnly { "get the prompt" } else { "call" };
    format!(
        "This is the plan of a workflow: {description} (`{name}`)\n{steps}\nNothing has begun. {given}, {begin} `{name}` with {example}.",
        name = definition.name,
        steps = steps.collect::<Vec<_>>().join(" "),
        example = Value::from(example),
    )
}

/// A list of words as a sentence has it.
fn joined(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// An argument, with what it is.
fn named(definition: &WorkflowDefinition, name: &str) -> String {
    let about = definition.arguments["properties"][name]["description"].as_str().unwrap_or_default();
    let about = about.lines().next().unwrap_or_default().trim_end_matches('.');
    if about.is_empty() { format!("the {name}") } else { format!("the {name} ({about})") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn marks_of_hosts_are_no_words_of_users() {
        for mark in ["$1", "$12", "$ARGUMENTS", "{{service}}", "${service}", " $1 "] {
            assert!(is_placeholder(mark), "{mark}");
        }
        for text in ["", "$", "$5 a month", "api", "{{", "{}", "$ARGUMENT", "1"] {
            assert!(!is_placeholder(text), "{text}");
        }
    }

    #[test]
    fn an_open_quote_is_a_part_of_what_the_user_said() {
        for part in ["'two", "\"two", "'", "'two\""] {
            assert!(is_part(part), "{part}");
        }
        for whole in ["", "two", "'two'", "\"two words\"", "the user's", "two'"] {
            assert!(!is_part(whole), "{whole}");
        }
    }

    #[test]
    fn a_prompt_that_takes_nothing_is_not_only_looked_at() {
        let of = |arguments: Value| WorkflowDefinition { arguments, ..WorkflowDefinition::default() };
        let given = |value: Value| value.as_object().cloned().unwrap_or_default();
        assert!(!is_look(&of(json!({ "type": "object" })), &Map::new(), false));
        let takes = of(json!({ "type": "object", "properties": { "a": { "type": "string" } } }));
        assert!(is_look(&takes, &Map::new(), false));
        assert!(!is_look(&takes, &Map::new(), true));
        assert!(is_look(&takes, &given(json!({ "a": "$1" })), false));
        assert!(!is_look(&takes, &given(json!({ "a": "x" })), false));
    }
}
