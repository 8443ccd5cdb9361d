//! What every recorded message has, counted over the whole corpus of mistakes.

use std::{collections::HashMap, error::Error, fs};

/// Makes many mistakes on purpose, and is not counted.
const MANY: &str = "tool_every_mistake";

/// Cases with more errors than mistakes: the compiler checks the bounds of `step` at the method, at its future and at `.await`;
/// serde's derive has a bound for each way to read a field; and what is no tool, or no type, is told where it is used, too.
const REPEATED: [&str; 7] = [
    "step_error_type",
    "step_foreign",
    "step_value",
    "workflow_not_a_tool_type",
    "workflow_prompt_field_type",
    "workflow_two_mistakes",
    "workflow_undefined_type",
];

/// What the compiler says by itself, at a token of the user's, with nothing to add.
const OF_THE_COMPILER: [&str; 6] = [
    "argument_default_type",
    "argument_unknown_type",
    "form_default_type",
    "prompt_complete_not_annotated",
    "workflow_argument_field_missing",
    "workflow_not_a_tool_function",
];

/// Cases in which the compiler proposes an edit of its own.
const PROPOSED: [&str; 11] = [
    "argument_without_default",
    "call_not_imported",
    "call_unknown_tool",
    "call_without_tool",
    "form_range_of_another_type",
    "step_error_open",
    "tool_as_value",
    "variables_without_default",
    "workflow_argument_expression_error",
    "workflow_argument_field_type",
    "workflow_undefined_type",
];

/// The recorded messages, by case.
fn messages() -> Result<HashMap<String, String>, Box<dyn Error>> {
    let mut messages = HashMap::new();
    for file in fs::read_dir("tests/fail")? {
        let path = file?.path();
        let case = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if path.extension().is_none_or(|extension| extension != "stderr") {
            assert!(path.with_extension("stderr").exists(), "{case} has no recorded message");
            continue;
        }
        messages.insert(case.to_owned(), fs::read_to_string(&path)?);
    }
    Ok(messages)
}

fn errors(text: &str) -> usize {
    text.lines().filter(|line| line.starts_with("error")).count()
}

#[test]
fn one_mistake_is_one_error_that_says_what_to_do() -> Result<(), Box<dyn Error>> {
    let mut messages = messages()?;
    let many = messages.remove(MANY).unwrap_or_default();
    assert!(errors(&many) > 5, "{MANY} has {} errors", errors(&many));
    for (case, text) in &messages {
        let tells = text.lines().any(|line| line.contains("help: ") || line.contains("note: "));
        assert_eq!(tells, !OF_THE_COMPILER.contains(&case.as_str()), "{case}:\n{text}");
        assert!(!text.contains("panicked"), "{case}:\n{text}");
        assert_eq!(errors(text) == 1, !REPEATED.contains(&case.as_str()), "{case}:\n{text}");
    }
    let single = messages.values().filter(|text| errors(text) == 1).count();
    let many = messages.values().filter(|text| errors(text) > 2).count();
    assert!(messages.len() > 110, "only {} messages were found", messages.len());
    assert!(single * 100 >= messages.len() * 93, "{single} of {} have one error", messages.len());
    assert!(many <= 6, "{many} have more than two errors");
    Ok(())
}

#[test]
fn no_help_leads_astray() -> Result<(), Box<dyn Error>> {
    for (case, text) in messages()? {
        // Whoever forgets `State` would ask the model for a database.
        if text.contains("cannot be a tool's argument\n") {
            let (state, derive) = (text.find("take it as `State<"), text.find("derive `Serialize`"));
            assert!(state.is_some() && state < derive, "{case}:\n{text}");
        }
        let proposes = text.lines().any(|line| line.contains(" + ") && line.starts_with(|c: char| c.is_ascii_digit()))
            || text.contains("++++");
        assert_eq!(proposes, PROPOSED.contains(&case.as_str()), "{case}:\n{text}");
    }
    Ok(())
}
