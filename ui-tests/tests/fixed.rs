//! Doing what a message's `help:` says makes the case compile.

use std::{error::Error, ffi::OsString, fs};

/// Cases with words of their help and the edit they ask for: a text, and what takes its place.
macro_rules! edits {
    ($($case:ident, $help:literal: $from:literal => $to:literal;)*) => {
        const EDITS: &[(&str, &str, &str, &str)] = &[$((stringify!($case), $help, $from, $to)),*];

        /// They compile, or this file does not.
        #[expect(dead_code, reason = "they only have to compile")]
        mod fixed {
            $(mod $case;)*
        }
    };
}

edits! {
    argument_inner_borrow, "use owned types inside, such as `String`":
        "Vec<&str>" => "Vec<String>";
    argument_mutable_borrow, "take it by value":
        "&mut Vec<u32>" => "Vec<u32>";
    argument_pattern, "write a plain name here and take it apart in the body":
        "(_a, _b): (u32, u32)) -> u32 {\n" => "pair: (u32, u32)) -> u32 {\n    let (_a, _b) = pair;\n";
    argument_same_name, "rename one of them":
        "rename = \"a\"" => "rename = \"other\"";
    argument_unknown_key, "did you mean `default`?":
        "defualt" => "default";
    ask_without_question, "write `#[ask(\"What is your name?\")]`":
        "#[ask]" => "#[ask(\"What is your name?\")]";
    context_in_ordinary_tool, "use `support = \"optional\"`":
        "support = \"forbidden\"" => "support = \"optional\"";
    context_twice, "keep one: `TaskContext` has everything of `ToolContext`":
        ", _tool: ToolContext" => "";
    result_borrow, "return an owned type, such as `String`":
        "&str {\n    path\n" => "String {\n    path.to_owned()\n";
    state_borrowed, "write `State<Database>`":
        "State<&Database>" => "State<Database>";
    tool_duration, "a number and one of `ms`, `s`, `m`, `h`, `d`":
        "1 hour" => "1h";
    tool_fallback_unknown, "use `\"handle\"` or `\"none\"`":
        "fallback = \"x\"" => "fallback = \"handle\"";
    tool_inline_without_choice, "use `support = \"optional\"`":
        "\"required\"" => "\"optional\"";
    tool_key_twice, "remove one of them":
        ", title = \"Sum\"" => "";
    tool_like_primitive, "rename the function and use `name = \"str\"`":
        "#[task_tool]\nasync fn str" => "#[task_tool(name = \"str\")]\nasync fn text";
    tool_name, "1 to 128 of `A-Z a-z 0-9 _ - .`":
        "add numbers" => "add-numbers";
    tool_not_async, "write `async fn add`":
        "\nfn add" => "\nasync fn add";
    tool_unknown_key, "did you mean `support`?":
        "suport" => "support";
    variables_hidden_and_writable, "keep one of `hidden` and `client_writable`":
        "hidden, client_writable" => "client_writable";
}

#[test]
fn the_fixed_cases_are_the_failing_ones_with_the_edit_of_their_help() -> Result<(), Box<dyn Error>> {
    let mut fixed = Vec::<OsString>::new();
    for (case, help, from, to) in EDITS {
        let said = fs::read_to_string(format!("tests/fail/{case}.stderr"))?;
        let said = said.lines().filter(|line| line.contains("help:")).collect::<String>();
        assert!(said.contains(help), "{case} says {said}");
        let failing = fs::read_to_string(format!("tests/fail/{case}.rs"))?;
        assert_eq!(failing.matches(from).count(), 1, "{case} has not one {from}");
        let edited = failing.replace(from, to);
        assert_eq!(fs::read_to_string(format!("tests/fixed/{case}.rs"))?, edited, "tests/fixed/{case}.rs");
        fixed.push(format!("{case}.rs").into());
    }
    let mut files: Vec<_> =
        fs::read_dir("tests/fixed")?.map(|file| Ok(file?.file_name())).collect::<Result<_, std::io::Error>>()?;
    files.sort();
    assert_eq!(files, fixed, "every file has an edit");
    Ok(())
}
