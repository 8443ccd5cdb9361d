#[allow(clippy::unused_async)]
/// Reviews a file.
#[cfg(unix)]
pub(crate) async fn review(
    path: &str,
    lines: u32,
    cx: &ToolContext,
    State(db): State<Database>,
) -> Result<Vec<PromptMessage>, ToolError> {
    body
}
#[cfg(unix)]
/// The prompt [`review`](fn@review).
#[doc(hidden)]
#[allow(dead_code, missing_debug_implementations, non_camel_case_types, unreachable_pub)]
pub(crate) enum review {}
#[cfg(unix)]
#[allow(deprecated, non_snake_case, unused_mut, unused_variables)]
const _: () = {
    fn __pmcp_path_text() -> ::pmcp_tasks::__private::TextSpec<::std::string::String> {
        ::pmcp_tasks::__private::text::<::std::string::String, _>("path")
            .describe("Path of the file.")
    }
    fn __pmcp_lines_text() -> ::pmcp_tasks::__private::TextSpec<u32> {
        ::pmcp_tasks::__private::text::<u32, _>("maxLines").default(|| 3)
    }
    type __pmcp_path_completion = crate::paths;
    const _: fn() = || {
        let _: ::core::marker::PhantomData<
            <crate::paths as ::pmcp_tasks::__private::NamedCompletion>::Itself,
        >;
    };
    fn __pmcp_output() -> fn(
        Vec<PromptMessage>,
    ) -> ::core::result::Result<
        ::pmcp_tasks::__private::PromptResult,
        ::pmcp_tasks::__private::ToolError,
    > {
        ::pmcp_tasks::__private::prompt_output::<Vec<PromptMessage>>()
    }
    fn __pmcp_failure() -> fn(ToolError) -> ::pmcp_tasks::__private::ToolError {
        ::pmcp_tasks::__private::failure::<ToolError>()
    }
    impl<__PmcpState> ::pmcp_tasks::__private::PromptFunction<__PmcpState> for review
    where
        Database: ::pmcp_tasks::__private::FromRef<__PmcpState>,
        __pmcp_path_completion: ::pmcp_tasks::__private::CompletionFunction<__PmcpState>,
    {
        fn definition() -> ::pmcp_tasks::__private::Prompt {
            ::pmcp_tasks::__private::prompt_definition(
                    "review-file",
                    ::core::option::Option::Some("Review"),
                    ::core::option::Option::Some("Reviews a file."),
                    [__pmcp_path_text().declare(), __pmcp_lines_text().declare()],
                )
                .icons([
                    ::pmcp_tasks::__private::Icon::embedded(
                        ::core::include_bytes!(
                            ::core::concat!(::core::env!("CARGO_MANIFEST_DIR"),
                            "/tests/icons/board.svg")
                        ),
                        "image/svg+xml",
                    ),
                ])
                .scopes(["files:read"])
                .meta(crate::meta())
        }
        fn prepare(
            __pmcp_state: &__PmcpState,
            mut __pmcp_given: ::pmcp_tasks::__private::Values,
        ) -> ::core::result::Result<
            ::pmcp_tasks::__private::Prepared,
            ::pmcp_tasks::__private::ArgumentError,
        > {
            ::pmcp_tasks::__private::known(&__pmcp_given, &["path", "maxLines"])?;
            let __pmcp_path_argument = __pmcp_path_text().decode(&mut __pmcp_given)?;
            let __pmcp_lines_argument = __pmcp_lines_text().decode(&mut __pmcp_given)?;
            let __pmcp_state_3 = ::pmcp_tasks::__private::State(
                <Database as ::pmcp_tasks::__private::FromRef<
                    __PmcpState,
                >>::from_ref(__pmcp_state),
            );
            ::core::result::Result::Ok(
                ::pmcp_tasks::__private::Prepared::prompt(move |
                    __pmcp_run: ::pmcp_tasks::__private::RunContext|
                async move {
                    match review(
                            &__pmcp_path_argument,
                            __pmcp_lines_argument,
                            &__pmcp_run.tool(),
                            __pmcp_state_3,
                        )
                        .await
                    {
                        ::core::result::Result::Ok(__pmcp_value) => {
                            __pmcp_output()(__pmcp_value)
                        }
                        ::core::result::Result::Err(__pmcp_error) => {
                            ::core::result::Result::Err(__pmcp_failure()(__pmcp_error))
                        }
                    }
                }),
            )
        }
        fn suggest(
            __pmcp_state: &__PmcpState,
            __pmcp_request: ::pmcp_tasks::__private::CompletionRequest,
        ) -> ::pmcp_tasks::__private::Suggested {
            match ::core::convert::AsRef::<
                ::core::primitive::str,
            >::as_ref(&__pmcp_request.argument) {
                "path" => {
                    ::pmcp_tasks::__private::completed::<
                        __pmcp_path_completion,
                        __PmcpState,
                    >(__pmcp_state, __pmcp_request)
                }
                "maxLines" => __pmcp_lines_text().suggest(&__pmcp_request.value),
                _ => ::pmcp_tasks::__private::Suggested::Unknown,
            }
        }
    }
};
