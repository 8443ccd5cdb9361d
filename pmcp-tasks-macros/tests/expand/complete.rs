#[allow(clippy::unused_async)]
async fn paths(typed: &str, db: Db) -> Vec<String> {
    body
}
/// The completion [`paths`](fn@paths).
#[doc(hidden)]
#[allow(dead_code, missing_debug_implementations, non_camel_case_types, unreachable_pub)]
enum paths {}
#[allow(deprecated, non_snake_case, unused_mut, unused_variables)]
const _: () = {
    fn __pmcp_typed_text() -> fn(
        ::pmcp_tasks::__private::CompletionRequest,
    ) -> ::std::string::String {
        ::pmcp_tasks::__private::completion_input::<::std::string::String>()
    }
    fn __pmcp_output() -> fn(
        Vec<String>,
    ) -> ::core::result::Result<
        ::pmcp_tasks::__private::Completion,
        ::pmcp_tasks::__private::ToolError,
    > {
        ::pmcp_tasks::__private::completion_output::<Vec<String>>()
    }
    impl ::pmcp_tasks::__private::NamedCompletion for paths {
        type Itself = Self;
    }
    impl<__PmcpState> ::pmcp_tasks::__private::CompletionFunction<__PmcpState> for paths
    where
        Db: ::pmcp_tasks::__private::StateParameter<__PmcpState>,
    {
        fn prepare(
            __pmcp_state: &__PmcpState,
            __pmcp_request: ::pmcp_tasks::__private::CompletionRequest,
        ) -> ::pmcp_tasks::__private::Prepared {
            let __pmcp_typed_argument = __pmcp_typed_text()(__pmcp_request);
            let __pmcp_state_1 = <Db as ::pmcp_tasks::__private::StateParameter<
                __PmcpState,
            >>::from_state(__pmcp_state);
            ::pmcp_tasks::__private::Prepared::completion(move |
                __pmcp_run: ::pmcp_tasks::__private::RunContext|
            async move {
                __pmcp_output()(paths(&__pmcp_typed_argument, __pmcp_state_1).await)
            })
        }
    }
};
