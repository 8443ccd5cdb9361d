#[allow(clippy::unused_async)]
async fn review(all: &Review) -> io::Result<String> {
    body
}
/// The prompt [`review`](fn@review).
#[doc(hidden)]
#[allow(dead_code, missing_debug_implementations, non_camel_case_types, unreachable_pub)]
enum review {}
#[allow(deprecated, non_snake_case, unused_mut, unused_variables)]
const _: () = {
    fn __pmcp_texts() -> ::pmcp_tasks::__private::TextsSpec<Review> {
        ::pmcp_tasks::__private::texts::<Review>()
    }
    fn __pmcp_output() -> fn(
        io::Result<String>,
    ) -> ::core::result::Result<
        ::pmcp_tasks::__private::PromptResult,
        ::pmcp_tasks::__private::ToolError,
    > {
        ::pmcp_tasks::__private::prompt_result::<
            <io::Result<String> as ::pmcp_tasks::__private::AnyResult>::Itself,
        >()
    }
    impl<__PmcpState> ::pmcp_tasks::__private::PromptFunction<__PmcpState> for review {
        fn definition() -> ::pmcp_tasks::__private::Prompt {
            ::pmcp_tasks::__private::prompt_definition(
                "review",
                ::core::option::Option::None,
                ::core::option::Option::None,
                __pmcp_texts().declare(),
            )
        }
        fn prepare(
            __pmcp_state: &__PmcpState,
            mut __pmcp_given: ::pmcp_tasks::__private::Values,
        ) -> ::core::result::Result<
            ::pmcp_tasks::__private::Prepared,
            ::pmcp_tasks::__private::ArgumentError,
        > {
            let __pmcp_args = __pmcp_texts().decode(__pmcp_given)?;
            ::core::result::Result::Ok(
                ::pmcp_tasks::__private::Prepared::prompt(move |
                    __pmcp_run: ::pmcp_tasks::__private::RunContext|
                async move { __pmcp_output()(review(&__pmcp_args).await) }),
            )
        }
        fn suggest(
            __pmcp_state: &__PmcpState,
            __pmcp_request: ::pmcp_tasks::__private::CompletionRequest,
        ) -> ::pmcp_tasks::__private::Suggested {
            __pmcp_texts().suggest(&__pmcp_request.argument, &__pmcp_request.value)
        }
    }
};
