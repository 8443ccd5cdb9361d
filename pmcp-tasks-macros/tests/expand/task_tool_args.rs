#[allow(clippy::unused_async)]
async fn search(query: &Query, cx: &Context) -> io::Result<Found> {
    body
}
/// The tool [`search`](fn@search).
#[doc(hidden)]
#[allow(dead_code, missing_debug_implementations, non_camel_case_types, unreachable_pub)]
enum search {}
#[allow(deprecated, non_snake_case)]
const _: () = {
    fn __pmcp_object() -> crate::tasks::__private::ObjectSpec<Query> {
        crate::tasks::__private::object::<Query>()
    }
    fn __pmcp_context() -> crate::tasks::__private::ContextSpec<Context> {
        crate::tasks::__private::context::<Context>()
    }
    fn __pmcp_output() -> crate::tasks::__private::OutputSpec<io::Result<Found>> {
        crate::tasks::__private::result::<
            <io::Result<Found> as crate::tasks::__private::AnyResult>::Itself,
            _,
        >()
    }
    impl crate::tasks::__private::NamedTool for search {
        const NAME: &'static ::core::primitive::str = "search";
        type Itself = Self;
    }
    impl crate::tasks::__private::ArgumentsOf<search> for Query {}
    impl crate::tasks::__private::ResultOf<search>
    for <io::Result<Found> as crate::tasks::__private::AnyResult>::Value {}
    impl crate::tasks::__private::Gives<
        <io::Result<Found> as crate::tasks::__private::AnyResult>::Value,
    > for search {}
    impl<__PmcpState> crate::tasks::__private::Tool<__PmcpState> for search {
        fn definition() -> crate::tasks::__private::ToolDefinition {
            crate::tasks::__private::ToolDefinition {
                name: ::core::convert::From::from("search"),
                title: ::core::option::Option::None,
                description: ::core::option::Option::None,
                support: crate::tasks::__private::TaskSupport::Optional,
                ttl: ::core::option::Option::None,
                poll_interval: ::core::option::Option::None,
                timeout: ::core::option::Option::None,
                on_crash: crate::tasks::__private::OnCrash::Fail,
                annotations: crate::tasks::__private::ToolAnnotations {
                    read_only: ::core::option::Option::None,
                    destructive: ::core::option::Option::None,
                    idempotent: ::core::option::Option::None,
                    open_world: ::core::option::Option::None,
                },
                input_schema: (__pmcp_object().schema)(),
                output_schema: (__pmcp_output().schema)(),
                questions: ::core::convert::From::from([]),
                variables: (__pmcp_context().fields)(),
                types: ::core::option::Option::Some(crate::tasks::__private::ToolTypes {
                    arguments: __pmcp_object().named,
                    result: __pmcp_output().named,
                }),
                ..::core::default::Default::default()
            }
        }
        fn prepare(
            __pmcp_state: &__PmcpState,
            __pmcp_arguments: crate::tasks::__private::Arguments,
        ) -> ::core::result::Result<
            crate::tasks::__private::Prepared,
            crate::tasks::__private::ArgumentError,
        > {
            let __pmcp_args = (__pmcp_object().decode)(__pmcp_arguments.given)?;
            ::core::result::Result::Ok(
                crate::tasks::__private::Prepared::new(move |
                    __pmcp_run: crate::tasks::__private::RunContext|
                async move {
                    (__pmcp_output()
                        .convert)(
                        search(&__pmcp_args, &(__pmcp_context().make)(&__pmcp_run)).await,
                    )
                }),
            )
        }
    }
};
