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
    args_string, "write `args = Numbers`":
        "\"Numbers\"" => "Numbers";
    args_taken, "give that another name with `args = AddArguments`":
        "#[task_tool]" => "#[task_tool(args = AddArguments)]";
    args_unmarked, "mark the parameter `#[args]`":
        "args: AddArgs" => "#[args] args: AddArgs";
    argument_bare_attribute, "or remove it":
        "#[arg] " => "";
    argument_inner_borrow, "use owned types inside, such as `String`":
        "Vec<&str>" => "Vec<String>";
    argument_mutable_borrow, "take it by value":
        "&mut Vec<u32>" => "Vec<u32>";
    argument_name_without_key, "write `rename = \"other\"`":
        "\"other\"" => "rename = \"other\"";
    argument_pattern, "write a plain name here and take it apart in the body":
        "(_a, _b): (u32, u32)) -> u32 {\n" => "pair: (u32, u32)) -> u32 {\n    let (_a, _b) = pair;\n";
    argument_same_name, "rename one of them":
        "rename = \"a\"" => "rename = \"other\"";
    argument_schemars_range, "put it on a field of a struct, and take that struct as `#[args] arguments: Arguments`":
        "#[task_tool]\nasync fn add(a: u32, #[schemars(range(min = 1))] b: u32) -> u32 {\n    a + b\n" =>
        "#[derive(serde::Deserialize, schemars::JsonSchema)]\nstruct Arguments {\n    a: u32,\n    #[schemars(range(min = 1))]\n    b: u32,\n}\n\n#[task_tool]\nasync fn add(#[args] arguments: Arguments) -> u32 {\n    arguments.a + arguments.b\n";
    argument_serde_default, "write `#[arg(default)]`":
        "#[serde(default)]" => "#[arg(default)]";
    argument_serde_rename, "write `#[arg(rename = \"other\")]`":
        "#[serde(rename" => "#[arg(rename";
    argument_unknown_key, "did you mean `default`?":
        "defualt" => "default";
    ask_without_question, "write `#[ask(\"What is your name?\")]`":
        "#[ask]" => "#[ask(\"What is your name?\")]";
    complete_input_type, "take the text that was typed as `&str`":
        "typed: u32" => "typed: &str";
    complete_not_async, "write `async fn paths`":
        "fn paths" => "async fn paths";
    complete_result_type, "return the texts as a `Vec<String>`":
        "-> String {\n    typed" => "-> Vec<String> {\n    vec![typed]";
    complete_two_inputs, "take a `CompletionRequest` in place of both":
        "typed: &str, folder: &str) -> Vec<String> {\n    vec![format!(\"{folder}/{typed}\")]" => "request: pmcp_tasks::offer::CompletionRequest) -> Vec<String> {\n    vec![request.value]";
    context_in_option, "write `TaskContext` without the type around it":
        "Option<TaskContext>" => "TaskContext";
    context_in_ordinary_tool, "use `support = \"optional\"`":
        "support = \"forbidden\"" => "support = \"optional\"";
    context_twice, "keep one: `TaskContext` has everything of `ToolContext`":
        ", _tool: ToolContext" => "";
    context_unmarked, "write `#[context]` before the parameter":
        "_cx: Context" => "#[context] _cx: Context";
    context_unmarked_ordinary, "write `#[context]` before the parameter":
        "_cx: &Context" => "#[context] _cx: &Context";
    form_default_out_of_range, "widen the bounds":
        "1..=9" => "0..=9";
    form_derive_on_fields_only, "an enum without data that derives `Form`":
        "enum Size" => "#[derive(Form)]\nenum Size";
    form_format_unknown, "did you mean `email`?":
        "e-mail" => "email";
    form_length_on_number, "a number has a `range`":
        "length" => "range";
    form_range_beside_length, "keep `range` for a number":
        "range = 1..=9, " => "";
    form_range_in_parentheses, "write `range = 1..=80`":
        "range(min = 1, max = 80)" => "range = 1..=80";
    form_range_not_a_range, "write `range = ..=80`":
        "= 80" => "= ..=80";
    form_range_of_another_type, "expected `u8`, found `usize`":
        "usize" => "u8";
    form_range_upside_down, "write the least value first":
        "80..=1" => "1..=80";
    form_range_without_ends, "write `range = 1..=10`":
        "= .." => "= 1..=10";
    form_range_without_greatest, "write `..=` and that value":
        "1..80" => "1..=79";
    form_same_name, "rename one of them":
        "\"pieces\"" => "\"more\"";
    form_schemars_range, "write `#[form(range = 1..=80)]`":
        "    #[schemars" => "    #[form(range = 1..=80)]\n    #[schemars";
    form_schemars_title, "write `#[form(title = \"As small as can be\")]`":
        "    #[schemars" => "    #[form(title = \"As small as can be\")]\n    #[schemars";
    form_serde_default_of_struct, "write `#[form(default)]` on the fields":
        "#[serde(default)]\nstruct Order {\n" => "struct Order {\n    #[form(default)]\n";
    form_serde_rename_both, "write `#[form(rename = \"…\")]`":
        "#[serde(rename(serialize = \"count\", deserialize = \"pieces\"))]" => "#[form(rename = \"pieces\")]";
    form_serde_skip, "take the field out of the struct":
        "    #[serde(skip)]\n    _note: String,\n" => "";
    form_serde_skip_variant, "take the variant out of the enum":
        "    #[serde(skip)]\n    _Large,\n" => "";
    form_underived_json_schema, "add `#[derive(Form)]` to `Order`":
        "serde::Deserialize, schemars::JsonSchema" => "Form";
    form_unknown_key, "did you mean `title`?":
        "titel" => "title";
    form_without_name, "or remove `rename`":
        "    #[form(rename = \"\")]\n" => "";
    from_ref_bare_attribute, "or remove it":
        "    #[from_ref]\n" => "";
    prompt_args_type, "derive `Deserialize` and `JsonSchema`":
        "struct All;" => "#[derive(serde::Deserialize, schemars::JsonSchema)]\nstruct All;";
    prompt_argument_reference, "remove the lifetime":
        "&'static str" => "&str";
    prompt_complete_context, "remove it":
        "#[complete(paths)] " => "";
    prompt_complete_string, "write `#[complete(paths)]`":
        "\"paths\"" => "paths";
    prompt_complete_tool, "name a function that is annotated with `#[complete]`":
        "#[task_tool]" => "#[complete]";
    prompt_error_type, "return `ToolError`":
        "String, Broken>" => "String, ToolError>";
    prompt_header, "remove it":
        "#[arg(header = \"Path\")] " => "";
    prompt_meta_text, "write `meta = json!({ \"com.example/key\": … })`":
        "\"reviews\"" => "serde_json::json!({ \"com.example/key\": \"reviews\" })";
    prompt_name_without_key, "write `name = \"review\"`":
        "(\"review\")" => "(name = \"review\")";
    prompt_not_a_prompt, "annotate the function with `#[prompt]`":
        "#[task_tool]" => "#[prompt]";
    prompt_not_async, "write `async fn review`":
        "fn review" => "async fn review";
    prompt_result_texts, "return a `String` for one message of the user":
        "Vec<String>, ToolError> {\n    Ok(vec![path])" => "String, ToolError> {\n    Ok(path)";
    prompt_result_type, "return a `String`":
        "u32 {\n    lines\n" => "String {\n    lines.to_string()\n";
    prompt_same_name, "rename one of them":
        "rename = \"path\"" => "rename = \"other\"";
    prompt_state_alias, "write `#[state]` before the parameter":
        "_files: Files" => "#[state] _files: Files";
    prompt_task_context, "take `ToolContext`, which can ask the user, too":
        "TaskContext" => "ToolContext";
    prompt_two_contexts, "keep one of them":
        ", _two: &ToolContext" => "";
    prompt_unknown_key, "did you mean `title`?":
        "titel" => "title";
    question_mark_box_dyn_error, "let the model read it with `.map_err(ToolError::new)?`":
        "read()?" => "read().map_err(ToolError::new)?";
    question_mark_no_error, "implement `std::error::Error`":
        "#[task_tool]" => "impl std::fmt::Display for NoRows {\n    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {\n        f.write_str(\"no rows\")\n    }\n}\n\nimpl std::error::Error for NoRows {}\n\n#[task_tool]";
    resource_args, "take each variable of the URI as a parameter of its name":
        "#[args] all: All) -> String {\n    all.day" => "day: u32) -> String {\n    day";
    resource_audience_unknown, "did you mean `\"user\"`?":
        "\"users\"" => "\"user\"";
    resource_brace, "write variables as `{name}`":
        "{id\"" => "{id}\"";
    resource_default, "remove `default`":
        "#[arg(default = 1)] " => "";
    resource_no_scheme, "begin it with one, such as `note://today`":
        "notes/{id}" => "note://{id}";
    resource_operator, "write `{id}`":
        "{/id}" => "{id}";
    resource_parameter_unknown, "put it into the URI, as in `…/{_db}`":
        "note://today" => "note://today/{_db}";
    resource_priority_beyond, "to `1.0`, of what is needed":
        "1.5" => "1.0";
    resource_space, "write it as `%20`":
        "my day" => "my%20day";
    resource_task_context, "take `ToolContext`":
        "TaskContext" => "ToolContext";
    resource_variable_misspelt, "did you mean `year`?":
        "(yaer: u32, day: u32) -> String {\n    format!(\"{yaer} {day}\")" => "(year: u32, day: u32) -> String {\n    format!(\"{year} {day}\")";
    resource_variable_unused, "add the parameter `day: String`":
        "(year: u32) -> String {\n    year.to_string()" => "(year: u32, day: String) -> String {\n    format!(\"{year} {day}\")";
    resource_variables_touch, "write something between them, such as `/`":
        "}{" => "}/{";
    resource_without_uri, "write `#[resource(uri = \"note://today\")]`":
        "#[resource]" => "#[resource(uri = \"note://today\")]";
    result_borrow, "return an owned type, such as `String`":
        "&str {\n    path\n" => "String {\n    path.to_owned()\n";
    result_box_dyn_error, "return `ToolError`: `?` makes one of every error":
        "Box<dyn std::error::Error>" => "ToolError";
    result_content_beside_text, "put text beside it with `ToolResult::text(…).with(…)`":
        "(String, Content) {\n    (\"a dot\".into(), Content::image([1], \"image/png\"))" =>
        "ToolResult {\n    ToolResult::text(\"a dot\").with(Content::image([1], \"image/png\"))";
    state_alias, "write `#[state]` before the parameter":
        "_db: Db" => "#[state] _db: Db";
    state_borrowed, "write `State<Database>`":
        "State<&Database>" => "State<Database>";
    state_forgotten, "take it as `State<Database>`":
        "_db: Database" => "_db: State<Database>";
    state_forgotten_arc, "take it as `State<Arc<Database>>`":
        "&std::sync::Arc<Database>" => "&State<std::sync::Arc<Database>>";
    state_in_option, "write `State<T>`, where `T` may be an `Option`":
        "Option<State<Database>>" => "State<Option<Database>>";
    state_rc, "write `State<Arc<u32>>`":
        "std::rc::Rc" => "std::sync::Arc";
    step_error_open, "name it where `work` ends: `Ok::<_, ToolError>(…)`":
        "Ok(std" => "Ok::<_, ToolError>(std";
    step_value, "derive `Serialize` and `Deserialize` for `Rows`":
        "struct Rows" => "#[derive(serde::Serialize, serde::Deserialize)]\nstruct Rows";
    tool_as_value, "and the tool as a type: `.tool::<add>()`":
        ".tool(add)" => ".tool::<add>()";
    tool_async_trait, "remove it":
        "#[async_trait::async_trait]\n" => "";
    tool_attribute_twice, "write all of it in one `#[task_tool(…)]`":
        "read_only)]\n#[task_tool(" => "read_only, ";
    tool_colon, "write `name = \"sum\"`":
        "name: \"sum\"" => "name = \"sum\"";
    tool_crate_string, "write `crate = ::pmcp_tasks`":
        "\"::pmcp_tasks\"" => "::pmcp_tasks";
    tool_duration, "a number and one of `ms`, `s`, `m`, `h`, `d`":
        "1 hour" => "1h";
    tool_duration_without_quotes, "write `ttl = \"1h\"`":
        "1h" => "\"1h\"";
    tool_fallback_unknown, "use `\"handle\"` or `\"none\"`":
        "fallback = \"x\"" => "fallback = \"handle\"";
    tool_flag_string, "write `read_only` or `read_only = false`":
        "read_only = \"true\"" => "read_only";
    tool_icon_theme, "did you mean `\"dark\"`?":
        "drak" => "dark";
    tool_icons_no_list, "write `icons = [\"https://example.com/add.svg\"]`":
        "\"https://example.com/add.svg\"" => "[\"https://example.com/add.svg\"]";
    tool_in_impl, "move it out of the `impl`":
        "impl Calculator {\n    #[task_tool]\n    async fn add(a: u32) -> u32 {\n        a\n    }\n}\n\nfn _call() -> impl Future {\n    Calculator::add(1)" =>
        "#[task_tool]\nasync fn add(a: u32) -> u32 {\n    a\n}\n\nfn _call() -> impl Future {\n    add(1)";
    tool_inline_without_choice, "use `support = \"optional\"`":
        "\"required\"" => "\"optional\"";
    tool_key_twice, "remove one of them":
        ", title = \"Sum\"" => "";
    tool_like_module, "rename one of them":
        "mod add" => "mod sum";
    tool_like_primitive, "rename the function and use `name = \"str\"`":
        "#[task_tool]\nasync fn str" => "#[task_tool(name = \"str\")]\nasync fn text";
    tool_meta_braces, "write `meta = json!({ … })`":
        "{ \"com.example/group\": \"numbers\" }" => "serde_json::json!({ \"com.example/group\": \"numbers\" })";
    tool_name, "1 to 128 of `A-Z a-z 0-9 _ - .`":
        "add numbers" => "add-numbers";
    tool_name_without_key, "write `name = \"sum\"`":
        "\"sum\"" => "name = \"sum\"";
    tool_not_async, "write `async fn add`":
        "\nfn add" => "\nasync fn add";
    tool_parentheses, "write `name = \"sum\"`":
        "name(\"sum\")" => "name = \"sum\"";
    tool_read_only_destructive, "keep one of `read_only` and `destructive`":
        "read_only, " => "";
    tool_unknown_key, "did you mean `support`?":
        "suport" => "support";
    tool_visibility_unknown, "did you mean `\"app\"`?":
        "\"apps\"" => "\"app\"";
    tool_widget_for_views, "remove it":
        "widget = Board, " => "";
    tool_without_comma, "write a `,` between `title` and `read_only`":
        " read_only" => ", read_only";
    tool_without_equals, "write `name = \"sum\"`":
        "name \"sum\"" => "name = \"sum\"";
    tool_without_quotes, "write `support = \"optional\"`":
        "= optional" => "= \"optional\"";
    variables_bare_attribute, "write `#[variable(hidden)]`":
        "#[variable]" => "#[variable(hidden)]";
    variables_hidden_and_writable, "keep one of `hidden` and `client_writable`":
        "hidden, client_writable" => "client_writable";
    variables_rename_all_unknown, "`camelCase`":
        "\"camel\"" => "\"camelCase\"";
    variables_same_name, "rename one of them":
        "\"rows\"" => "\"lines\"";
    variables_serde_alias, "write `#[variable(rename = \"…\")]`":
        "#[serde(alias" => "#[variable(rename";
    variables_serde_default, "remove it":
        "    #[serde(default)]\n" => "";
    variables_serde_flatten, "remove it to make the whole one variable":
        "    #[serde(flatten)]\n" => "";
    variables_serde_rename_both, "write `#[variable(rename = \"…\")]`":
        "#[serde(rename(serialize = \"lines\", deserialize = \"rows\"))]" => "#[variable(rename = \"lines\")]";
    variables_serde_skip, "write `#[variable(hidden)]` instead":
        "#[serde(skip)]" => "#[variable(hidden)]";
    variables_serde_skip_if, "write `#[variable(hidden)]` instead":
        "#[serde(skip_serializing_if = \"Option::is_none\")]" => "#[variable(hidden)]";
    workflow_async_client, "remove `async`":
        "async fn approve" => "fn approve";
    workflow_async_tool, "remove `async`":
        "async fn build" => "fn build";
    workflow_attribute_twice, "write all of it in one `#[workflow(…)]`":
        "\"Deploy\")]\n#[workflow(" => "\"Deploy\", ";
    workflow_client_without_tool, "or `client, output = …`":
        "#[step(client)]" => "#[step(client, output = String)]";
    workflow_context_twice, "keep one: `TaskContext` has everything of `ToolContext`":
        ", _tool: ToolContext" => "";
    workflow_duplicate_step, "rename one of them":
        "async fn validate(&self) -> u8" => "async fn again(&self) -> u8";
    workflow_generic_step, "name the types":
        "<T: Default>" => "";
    workflow_icon_size, "as in `\"48x48\"`":
        "\"48\"" => "\"48x48\"";
    workflow_later_step, "move `validate` before `build`":
        "    #[step(tool = build_image)]\n    fn build(&self, validate: &Validated) -> BuildImageArgs {\n        BuildImageArgs { image: validate.image.clone() }\n    }\n\n    #[step]\n    async fn validate(&self) -> Result<Validated, ToolError> {\n        Ok(Validated { image: self.service.clone() })\n    }\n" => "    #[step]\n    async fn validate(&self) -> Result<Validated, ToolError> {\n        Ok(Validated { image: self.service.clone() })\n    }\n\n    #[step(tool = build_image)]\n    fn build(&self, validate: &Validated) -> BuildImageArgs {\n        BuildImageArgs { image: validate.image.clone() }\n    }\n";
    workflow_missing_receiver, "write `fn validate(&self, …)`":
        "validate()" => "validate(&self)";
    workflow_mut_receiver, "take `&self`":
        "&mut self" => "&self";
    workflow_name, "1 to 128 of `A-Z a-z 0-9 _ - .`":
        "roll out" => "roll-out";
    workflow_no_steps, "mark a function in this `impl` with `#[step]`":
        "    fn helper" => "    #[step]\n    async fn helper";
    workflow_on_error_of_client, "remove it":
        ", on_error = \"skip\"" => "";
    workflow_on_error_value, "did you mean `\"skip\"`?":
        "\"skp\"" => "\"skip\"";
    workflow_output_of_server, "or remove it":
        "#[step(output = Approval)]" => "#[step]";
    workflow_output_without_schema, "derive `Serialize`, `Deserialize` and `JsonSchema`":
        "serde::Serialize, serde::Deserialize)]" => "serde::Serialize, serde::Deserialize, schemars::JsonSchema)]";
    workflow_pattern_parameter, "write the step's name here and take the value apart in the body":
        "Validated { image }: &Validated) -> Result<usize, ToolError> {\n" => "validate: &Validated) -> Result<usize, ToolError> {\n        let Validated { image } = validate;\n";
    workflow_prompt_not_deserialize, "derive `Deserialize` and `JsonSchema` (of schemars 1) for `Deploy`":
        "struct Deploy" => "#[derive(serde::Deserialize, schemars::JsonSchema)]\nstruct Deploy";
    workflow_result_by_alias, "write `Result<…, ToolError>` with the type of the arguments":
        "-> Result {" => "-> std::result::Result<BuildImageArgs, ToolError> {";
    workflow_result_taken_twice, "remove one of them":
        ", _validate: &Validated" => "";
    workflow_server_not_async, "write `async fn validate`":
        "    fn validate" => "    async fn validate";
    workflow_shown_not_serialize, "derive `Serialize` for `Plain`":
        "struct Plain" => "#[derive(serde::Serialize)]\nstruct Plain";
    workflow_skipped_needs_option, "take `Option<&BuildReport>`":
        "build: &BuildReport) -> ApproveRolloutArgs {\n        ApproveRolloutArgs { digest: build.digest.clone() }" => "build: Option<&BuildReport>) -> Option<ApproveRolloutArgs> {\n        Some(ApproveRolloutArgs { digest: build?.digest.clone() })";
    workflow_step_attribute_twice, "write all of it in one `#[step(…)]`":
        "\"Validate\")]\n    #[step(" => "\"Validate\", ";
    workflow_step_cfg, "with the `cfg` on the `impl`s":
        "#[workflow]\nimpl Deploy {\n    #[cfg(unix)]\n" => "#[workflow]\n#[cfg(unix)]\nimpl Deploy {\n";
    workflow_step_error_type, "return `ToolError`: `?` makes one of every error":
        "u8, Plain>" => "u8, ToolError>";
    workflow_stray_step, "put `#[workflow]` on the `impl`":
        "\nimpl Deploy" => "\n#[workflow]\nimpl Deploy";
    workflow_timeout_of_tool, "remove it: tools have a `timeout` of their own":
        ", timeout = \"1m\"" => "";
    workflow_tool_in_quotes, "write `tool = ui_tests::deploy::build_image`":
        "\"ui_tests::deploy::build_image\"" => "ui_tests::deploy::build_image";
    workflow_unknown_key, "did you mean `tool`?":
        "tol =" => "tool =";
    workflow_unknown_step, "a step named `validate` exists":
        "validated: &Validated) -> BuildImageArgs {\n        BuildImageArgs { image: validated." => "validate: &Validated) -> BuildImageArgs {\n        BuildImageArgs { image: validate.";
    workflow_unknown_workflow_key, "did you mean `title`?":
        "titel" => "title";
    workflow_value_not_recordable, "derive `Serialize` and `Deserialize` for `Plain`":
        "struct Plain" => "#[derive(serde::Serialize, serde::Deserialize)]\nstruct Plain";
    workflow_variables_in_server_step, "take `TaskContext<V>`":
        "#[variables] a: &A) -> u32 {\n        a.n" => "a: TaskContext<A>) -> Result<u32, ToolError> {\n        Ok(a.variables().n.get().await?)";
}

#[test]
fn the_fixed_cases_are_the_failing_ones_with_the_edit_of_their_help() -> Result<(), Box<dyn Error>> {
    let mut fixed = Vec::<OsString>::new();
    for (case, help, from, to) in EDITS {
        let said = fs::read_to_string(format!("tests/fail/{case}.stderr"))?;
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
