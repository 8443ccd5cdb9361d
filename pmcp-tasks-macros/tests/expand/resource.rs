#[allow(clippy::unused_async)]
async fn today() -> Vec<u8> {
    body
}
/// The resource [`today`](fn@today).
#[doc(hidden)]
#[allow(dead_code, missing_debug_implementations, non_camel_case_types, unreachable_pub)]
enum today {}
#[allow(deprecated, non_snake_case, unused_mut, unused_variables)]
const _: () = {
    fn __pmcp_output() -> fn(
        Vec<u8>,
    ) -> ::core::result::Result<
        ::pmcp_tasks::__private::ResourceContents,
        ::pmcp_tasks::__private::ToolError,
    > {
        ::pmcp_tasks::__private::resource_output::<Vec<u8>>()
    }
    impl<__PmcpState> ::pmcp_tasks::__private::ResourceFunction<__PmcpState> for today {
        const IS_TEMPLATE: ::core::primitive::bool = false;
        fn definition() -> ::pmcp_tasks::__private::Resource {
            ::pmcp_tasks::__private::resource_definition(
                ("note://today", "today"),
                ::core::option::Option::None,
                ::core::option::Option::None,
                ::core::option::Option::None,
            )
        }
        fn prepare(
            __pmcp_state: &__PmcpState,
            __pmcp_variables: ::std::collections::BTreeMap<
                ::std::string::String,
                ::std::string::String,
            >,
        ) -> ::core::result::Result<
            ::pmcp_tasks::__private::ResourceRead,
            ::pmcp_tasks::__private::ArgumentError,
        > {
            let mut __pmcp_given = ::pmcp_tasks::__private::values(__pmcp_variables);
            ::core::result::Result::Ok(
                ::pmcp_tasks::__private::ResourceRead::new(move |
                    __pmcp_run: ::pmcp_tasks::__private::RunContext|
                async move { __pmcp_output()(today().await) }),
            )
        }
        fn suggest(
            __pmcp_state: &__PmcpState,
            __pmcp_request: ::pmcp_tasks::__private::CompletionRequest,
        ) -> ::pmcp_tasks::__private::Suggested {
            match ::core::convert::AsRef::<
                ::core::primitive::str,
            >::as_ref(&__pmcp_request.argument) {
                _ => ::pmcp_tasks::__private::Suggested::Unknown,
            }
        }
    }
};
