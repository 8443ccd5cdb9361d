#[allow(clippy::unused_async)]
async fn note(year: u32, day: String) -> String {
    body
}
/// The resource [`note`](fn@note).
#[doc(hidden)]
#[allow(dead_code, missing_debug_implementations, non_camel_case_types, unreachable_pub)]
enum note {}
#[allow(deprecated, non_snake_case, unused_mut, unused_variables)]
const _: () = {
    fn __pmcp_year_text() -> ::pmcp_tasks::__private::TextSpec<u32> {
        ::pmcp_tasks::__private::text::<u32, _>("year").variable()
    }
    fn __pmcp_day_text() -> ::pmcp_tasks::__private::TextSpec<String> {
        ::pmcp_tasks::__private::text::<String, _>("day").variable()
    }
    fn __pmcp_output() -> fn(
        String,
    ) -> ::core::result::Result<
        ::pmcp_tasks::__private::ResourceContents,
        ::pmcp_tasks::__private::ToolError,
    > {
        ::pmcp_tasks::__private::resource_output::<String>()
    }
    impl<__PmcpState> ::pmcp_tasks::__private::ResourceFunction<__PmcpState> for note {
        const IS_TEMPLATE: ::core::primitive::bool = true;
        fn definition() -> ::pmcp_tasks::__private::Resource {
            ::pmcp_tasks::__private::resource_definition(
                    ("note://{year}/{day}", "note"),
                    ::core::option::Option::None,
                    ::core::option::Option::None,
                    ::core::option::Option::Some("text/plain"),
                )
                .icons([
                    ::pmcp_tasks::__private::Icon::new("https://example.com/note.png"),
                ])
                .annotations(
                    ::pmcp_tasks::__private::Annotations::new()
                        .audience([::pmcp_tasks::__private::Role::User])
                        .priority(0.5f64),
                )
                .scopes(["notes:read", "notes:old"])
                .meta(crate::meta())
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
            let __pmcp_year_argument = __pmcp_year_text().decode(&mut __pmcp_given)?;
            let __pmcp_day_argument = __pmcp_day_text().decode(&mut __pmcp_given)?;
            ::core::result::Result::Ok(
                ::pmcp_tasks::__private::ResourceRead::new(move |
                    __pmcp_run: ::pmcp_tasks::__private::RunContext|
                async move {
                    __pmcp_output()(
                        note(__pmcp_year_argument, __pmcp_day_argument).await,
                    )
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
                "year" => __pmcp_year_text().suggest(&__pmcp_request.value),
                "day" => __pmcp_day_text().suggest(&__pmcp_request.value),
                _ => ::pmcp_tasks::__private::Suggested::Unknown,
            }
        }
    }
};
