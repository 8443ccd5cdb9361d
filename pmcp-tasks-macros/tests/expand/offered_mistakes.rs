pub fn review(path: String, b: u8) -> String {
    path
}
#[doc(hidden)]
#[allow(dead_code, missing_debug_implementations, non_camel_case_types, unreachable_pub)]
pub enum review {}
const _: () = {
    impl<__PmcpState> ::pmcp_tasks::__private::PromptFunction<__PmcpState> for review {
        fn definition() -> ::pmcp_tasks::__private::Prompt {
            ::core::default::Default::default()
        }
        fn prepare(
            _: &__PmcpState,
            _: ::pmcp_tasks::__private::Values,
        ) -> ::core::result::Result<
            ::pmcp_tasks::__private::Prepared,
            ::pmcp_tasks::__private::ArgumentError,
        > {
            ::core::result::Result::Err(::pmcp_tasks::__private::ArgumentError {
                message: ::std::string::String::new(),
            })
        }
        fn suggest(
            _: &__PmcpState,
            _: ::pmcp_tasks::__private::CompletionRequest,
        ) -> ::pmcp_tasks::__private::Suggested {
            ::pmcp_tasks::__private::Suggested::Unknown
        }
    }
};
::core::compile_error! {
    "a prompt is an `async fn`\nhelp: write `async fn review`"
}
::core::compile_error! {
    "`#[complete]` on an argument needs the function that completes it\nhelp: name one that has `#[complete]`: write `#[complete(cities)]`"
}
async fn note(day: u32) -> String {
    day
}
#[doc(hidden)]
#[allow(dead_code, missing_debug_implementations, non_camel_case_types, unreachable_pub)]
enum note {}
const _: () = {
    impl<__PmcpState> ::pmcp_tasks::__private::ResourceFunction<__PmcpState> for note {
        const IS_TEMPLATE: ::core::primitive::bool = false;
        fn definition() -> ::pmcp_tasks::__private::Resource {
            ::pmcp_tasks::__private::Resource::new("")
        }
        fn prepare(
            _: &__PmcpState,
            _: ::std::collections::BTreeMap<::std::string::String, ::std::string::String>,
        ) -> ::core::result::Result<
            ::pmcp_tasks::__private::ResourceRead,
            ::pmcp_tasks::__private::ArgumentError,
        > {
            ::core::result::Result::Err(::pmcp_tasks::__private::ArgumentError {
                message: ::std::string::String::new(),
            })
        }
        fn suggest(
            _: &__PmcpState,
            _: ::pmcp_tasks::__private::CompletionRequest,
        ) -> ::pmcp_tasks::__private::Suggested {
            ::pmcp_tasks::__private::Suggested::Unknown
        }
    }
};
::core::compile_error! {
    "a variable of a URI always has a value\nhelp: remove `default`"
}
::core::compile_error! {
    "a resource needs its URI\nhelp: write `#[resource(uri = \"note://today\")]`, with `{name}` for what a parameter takes"
}
async fn paths(a: String, b: String) -> Vec<String> {
    a
}
#[doc(hidden)]
#[allow(dead_code, missing_debug_implementations, non_camel_case_types, unreachable_pub)]
enum paths {}
const _: () = {
    impl ::pmcp_tasks::__private::NamedCompletion for paths {
        type Itself = Self;
    }
    impl<__PmcpState> ::pmcp_tasks::__private::CompletionFunction<__PmcpState>
    for paths {
        fn prepare(
            _: &__PmcpState,
            _: ::pmcp_tasks::__private::CompletionRequest,
        ) -> ::pmcp_tasks::__private::Prepared {
            ::pmcp_tasks::__private::Prepared::completion(|_| async {
                ::core::result::Result::Ok(::core::default::Default::default())
            })
        }
    }
};
::core::compile_error! {
    "a completion is asked one thing\nhelp: take a `CompletionRequest` in place of both, which tells of the other arguments, too"
}
