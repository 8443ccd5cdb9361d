//! Expansions of the macros: `UPDATE_EXPECT=1 cargo test -p pmcp-tasks-macros` writes the files.

use expect_test::{ExpectFile, expect_file};
use proc_macro2::TokenStream;

use crate::{form, from_ref, offered, surroundings::Surroundings, task_tool, task_variables, workflow};

fn tool(args: TokenStream, item: TokenStream) -> TokenStream {
    task_tool::expand(args, item, &Surroundings::default())
}

fn tokens(source: &str) -> TokenStream {
    source.parse().unwrap()
}

fn check(expanded: TokenStream, expected: &ExpectFile) {
    expected.assert_eq(&prettyplease::unparse(&syn::parse2(expanded).unwrap()));
}

#[test]
fn a_tool_with_everything() {
    let expanded = tool(
        tokens(
            r#"title = "Import", icons = ["https://example.com/csv.png", icon("tests/icons/board.svg", sizes = ["any"], theme = "dark")],
               meta = json!({ "com.example/group": "files" }), support = "required", ttl = "1h", poll_interval = "250ms", timeout = "5m",
               on_crash = "restart", fallback = "handle", read_only, idempotent = false"#,
        ),
        tokens(
            r#"
            /// Imports a file.
            #[cfg(unix)]
            pub(crate) async fn import_csv(
                /// Path of the file.
                path: &str,
                #[arg(default = 1000, header = "Batch")] batch: u32,
                #[ask("Sure?")] sure: bool,
                task: TaskContext<ImportState>,
                State(db): State<Database>,
                #[state] cache: CacheState,
            ) -> Result<Report, ToolError> {
                body
            }
            "#,
        ),
    );
    check(expanded, &expect_file!["../tests/expand/task_tool_everything.rs"]);
}

#[test]
fn a_tool_with_nothing() {
    let expanded = tool(TokenStream::new(), tokens("async fn ping() {}"));
    check(expanded, &expect_file!["../tests/expand/task_tool_nothing.rs"]);
}

#[test]
fn a_tool_for_whom_scopes_were_granted() {
    let expanded = tool(tokens(r#"scopes = ["files:read", "files:write"]"#), tokens("async fn save() {}"));
    let text = prettyplease::unparse(&syn::parse2(expanded).unwrap());
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let scopes = r#"scopes: ::core::convert::From::from([ ::std::string::String::from("files:read"), ::std::string::String::from("files:write"), ]),"#;
    assert!(text.contains(scopes), "{text}");
}

#[test]
fn a_tool_that_opens_a_widget_and_one_for_views() {
    let opens = tool(tokens("widget = crate::Board"), tokens("async fn show_board() {}"));
    let called = tool(tokens(r#"visibility = "app", name = "move-piece""#), tokens("async fn move_piece() {}"));
    let line = |expanded: TokenStream, holds: &str| {
        let text = prettyplease::unparse(&syn::parse2(expanded).unwrap());
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(holds), "{text}");
    };
    line(
        opens,
        "ui: ::pmcp_tasks::__private::ToolUi::opening::< crate::Board, >(::pmcp_tasks::__private::Visibility::Both),",
    );
    line(called.clone(), "ui: ::pmcp_tasks::__private::ToolUi::visible( ::pmcp_tasks::__private::Visibility::App, ),");
    line(called, "const NAME: &'static ::core::primitive::str = \"move-piece\";");
}

#[test]
fn one_parameter_in_place_of_the_list() {
    let expanded = tool(
        tokens("crate = crate::tasks"),
        tokens("async fn search(#[args] query: &Query, #[context] cx: &Context) -> io::Result<Found> { body }"),
    );
    check(expanded, &expect_file!["../tests/expand/task_tool_args.rs"]);
}

#[test]
fn a_mistake_leaves_every_name_in_place() {
    let expanded = tool(
        tokens(r#"suport = "optional""#),
        tokens("pub fn add(/** First. */ a: u32, #[arg(rename = 1)] b: u8, task: TaskContext) -> u32 { a + b }"),
    );
    check(expanded, &expect_file!["../tests/expand/task_tool_mistake.rs"]);
}

fn offer(kind: offered::Kind, args: &str, item: &str) -> TokenStream {
    offered::expand(kind, tokens(args), tokens(item), &Surroundings::default())
}

#[test]
fn a_prompt_with_everything() {
    let expanded = offer(
        offered::Kind::Prompt,
        r#"name = "review-file", title = "Review", icons = ["tests/icons/board.svg"], scopes = ["files:read"], meta = crate::meta()"#,
        r#"
        /// Reviews a file.
        #[cfg(unix)]
        pub(crate) async fn review(
            /// Path of the file.
            #[complete(crate::paths)]
            path: &str,
            #[arg(default = 3, rename = "maxLines")] lines: u32,
            cx: &ToolContext,
            State(db): State<Database>,
        ) -> Result<Vec<PromptMessage>, ToolError> {
            body
        }
        "#,
    );
    check(expanded, &expect_file!["../tests/expand/prompt_everything.rs"]);
}

#[test]
fn a_prompt_with_all_arguments_as_one() {
    let expanded =
        offer(offered::Kind::Prompt, "", "async fn review(#[args] all: &Review) -> io::Result<String> { body }");
    check(expanded, &expect_file!["../tests/expand/prompt_args.rs"]);
}

#[test]
fn resources_with_and_without_variables() {
    let expanded = offer(
        offered::Kind::Resource,
        r#"uri = "note://{year}/{day}", mime = "text/plain", icons = ["https://example.com/note.png"], audience = ["user"], priority = 0.5,
           meta = crate::meta(), scopes = ["notes:read", "notes:old"]"#,
        "async fn note(year: u32, day: String) -> String { body }",
    );
    check(expanded, &expect_file!["../tests/expand/resource_template.rs"]);
    let expanded = offer(offered::Kind::Resource, r#"uri = "note://today""#, "async fn today() -> Vec<u8> { body }");
    check(expanded, &expect_file!["../tests/expand/resource.rs"]);
}

#[test]
fn a_completion() {
    let expanded =
        offer(offered::Kind::Completion, "", "async fn paths(typed: &str, #[state] db: Db) -> Vec<String> { body }");
    check(expanded, &expect_file!["../tests/expand/complete.rs"]);
}

#[test]
fn an_offer_with_a_mistake_leaves_its_name_in_place() {
    let cases = [
        (offered::Kind::Prompt, "pub fn review(/** Path. */ path: String, #[complete(1)] b: u8) -> String { path }"),
        (offered::Kind::Resource, "async fn note(#[arg(default)] day: u32) -> String { day }"),
        (offered::Kind::Completion, "async fn paths(a: String, b: String) -> Vec<String> { a }"),
    ];
    let expanded: TokenStream = cases.into_iter().map(|(kind, item)| offer(kind, "", item)).collect();
    check(expanded, &expect_file!["../tests/expand/offered_mistakes.rs"]);
}

#[test]
fn variables() {
    let expanded = task_variables::expand(tokens(
        r#"
        pub struct ImportState {
            /// Rows so far.
            rows: u64,
            #[variable(hidden)]
            cursor: Option<String>,
            #[variable(client_writable, rename = "dryRun")]
            dry_run: bool,
        }
        "#,
    ));
    check(expanded, &expect_file!["../tests/expand/task_variables.rs"]);
}

#[test]
fn a_variable_with_a_mistake_is_one_all_the_same() {
    let expanded = task_variables::expand(tokens("struct ImportState { #[variable(hiden)] rows: u64 }")).to_string();
    let stub = task_variables::expand(tokens("struct ImportState { rows: u64 }")).to_string();
    assert!(expanded.starts_with(&stub) && expanded.contains("did you mean `hidden`?"), "{expanded}");
}

#[test]
fn variables_with_a_mistake_are_variables_all_the_same() {
    let expanded = task_variables::expand(tokens("enum ImportState { Started }"));
    check(expanded, &expect_file!["../tests/expand/task_variables_mistake.rs"]);
}

#[test]
fn a_form_of_fields() {
    let expanded = form::expand(tokens(
        r#"
        #[serde(rename_all = "camelCase")]
        struct Wish {
            /// How many there are to be.
            ///
            /// # Examples
            /// None.
            #[form(title = "Pieces", range = 1..=MOST, default = 3)]
            piece_count: u8,
            #[form(format = "email", length = ..=80)]
            mail: Option<String>,
            #[form(length = 1..)]
            #[serde(rename = "all")]
            sizes: Vec<Size>,
            #[form(default = "none")]
            note: String,
            sure: bool,
        }
        "#,
    ));
    check(expanded, &expect_file!["../tests/expand/form_fields.rs"]);
}

#[test]
fn a_form_of_choices() {
    let expanded = form::expand(tokens(
        r#"
        #[serde(rename_all = "kebab-case")]
        enum Size {
            /// As small
            /// as can be.
            VerySmall,
            #[form(title = "Large", rename = "L")]
            Large,
            Other,
        }
        "#,
    ));
    check(expanded, &expect_file!["../tests/expand/form_choices.rs"]);
}

#[test]
fn a_form_with_a_mistake_is_one_all_the_same() {
    let expanded = form::expand(tokens("struct Wish { #[form(titel = \"Pieces\")] pieces: u8 }")).to_string();
    assert!(expanded.contains("Form for Wish") && expanded.contains("did you mean `title`?"), "{expanded}");
    check(form::expand(tokens("enum Wish { Pieces(u8) }")), &expect_file!["../tests/expand/form_mistake.rs"]);
}

#[test]
fn a_workflow_with_everything() {
    let expanded = workflow::expand(
        tokens(
            r#"title = "Deploy", icons = ["https://example.com/deploy.png"], meta = crate::meta(), ttl = "2d", scopes = ["deploy"], start = "prompt", finish_on_cancel"#,
        ),
        tokens(
            r#"
            /// Roll a service out.
            #[cfg(unix)]
            impl Deploy {
                const N: u8 = 1;

                /// Check the configuration.
                #[step(title = "Validation", hidden, on_error = "fail", timeout = "1m")]
                async fn validate(&self, task: TaskContext<Progress>, State(db): &State<Database>) -> io::Result<Validated> {
                    body
                }

                #[step(tool = tools::build_image)]
                fn build(&self, validate: &Validated) -> Result<BuildImageArgs, ToolError> {
                    Ok(BuildImageArgs { image: format!("{validate}"), region: self.region.clone() })
                }

                /// Ask the user.
                #[step(client, output = Vec<Choice>)]
                fn approve(&self, _validate: &Validated, build: &[Report], #[variables] v: &Progress) -> Option<String> {
                    body
                }

                #[step(client, tool = approve_rollout)]
                fn again(&self, approve: Option<&[Choice]>, build: Report) -> io::Result<Option<Args>> {
                    body
                }

                #[step]
                async fn last(&self, again: Option<&str>, cx: &ToolContext, #[state] db: Db) -> u8 {
                    body
                }

                fn helper(&self) {}
            }
            "#,
        ),
    );
    check(expanded, &expect_file!["../tests/expand/workflow_everything.rs"]);
}

#[test]
fn a_workflow_with_a_mistake_is_one_all_the_same() {
    let expanded = workflow::expand(
        tokens(r#"titel = "Deploy""#),
        tokens("impl Deploy { #[step] async fn one(&self, #[variables] v: &V) -> u8 { 1 } #[step] const N: u8 = 1; }"),
    );
    check(expanded, &expect_file!["../tests/expand/workflow_mistake.rs"]);
}

#[test]
fn parts_of_a_state() {
    let expanded = from_ref::expand(tokens("struct App { db: Database, #[from_ref(skip)] other: Database }"));
    check(expanded, &expect_file!["../tests/expand/from_ref.rs"]);
}

#[test]
fn an_example_in_docs_stays_one_test() {
    let example = "/// Adds.\n///\n/// ```\n/// assert!(true);\n/// ```\n";
    let docs = |expanded: TokenStream| expanded.to_string().matches("[doc = \" assert!(true);\"]").count();
    let counted = docs(tool(TokenStream::new(), tokens(&format!("{example} async fn add() {{}}"))));
    assert_eq!(counted, 1, "the function has it");
    let counted = docs(task_variables::expand(tokens(&format!("struct Progress {{ {example} rows: u64 }}"))));
    assert_eq!(counted, 0, "the struct, which is not repeated, has it");
}
