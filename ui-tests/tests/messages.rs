//! What every recorded message has.

use std::{error::Error, fs};

/// Makes many mistakes on purpose.
const MANY: &str = "tool_every_mistake";

/// What the compiler says by itself, at a token of the user's, with nothing to add.
const OF_THE_COMPILER: [&str; 2] = ["argument_default_type", "argument_unknown_type"];

#[test]
fn one_mistake_is_one_error_that_says_what_to_do() -> Result<(), Box<dyn Error>> {
    let mut messages = 0;
    for file in fs::read_dir("tests/fail")? {
        let path = file?.path();
        let case = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if path.extension().is_none_or(|extension| extension != "stderr") {
            assert!(path.with_extension("stderr").exists(), "{case} has no recorded message");
            continue;
        }
        messages += 1;
        let text = fs::read_to_string(&path)?;
        let errors = text.lines().filter(|line| line.starts_with("error")).count();
        let tells = text.lines().any(|line| line.contains("help: ") || line.contains("note: "));
        if case == MANY {
            assert!(errors > 5, "{case} has {errors} errors");
        } else {
            assert_eq!(errors, 1, "{case}:\n{text}");
        }
        assert_eq!(tells, !OF_THE_COMPILER.contains(&case), "{case}:\n{text}");
        assert!(!text.contains("panicked"), "{case}:\n{text}");
    }
    assert!(messages > 50, "only {messages} messages were found");
    Ok(())
}
