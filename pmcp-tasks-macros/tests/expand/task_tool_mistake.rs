pub fn add(a: u32, b: u8, task: TaskContext) -> u32 {
    a + b
}
#[doc(hidden)]
#[allow(dead_code, missing_debug_implementations, non_camel_case_types, unreachable_pub)]
pub enum add {}
#[allow(
    dead_code,
    missing_debug_implementations,
    missing_docs,
    private_interfaces,
    unreachable_pub
)]
pub struct AddArgs {
    pub a: u32,
    pub b: u8,
}
const _: () = {
    impl ::pmcp_tasks::__private::NamedTool for add {
        const NAME: &'static ::core::primitive::str = "add";
        type Itself = Self;
    }
    impl ::pmcp_tasks::__private::ArgumentsOf<add> for AddArgs {}
    impl ::pmcp_tasks::__private::ResultOf<add> for u32 {}
    impl ::pmcp_tasks::__private::Gives<u32> for add {}
    impl<__PmcpState> ::pmcp_tasks::__private::Tool<__PmcpState> for add {
        fn definition() -> ::pmcp_tasks::__private::ToolDefinition {
            ::core::default::Default::default()
        }
        fn prepare(
            _: &__PmcpState,
            _: ::pmcp_tasks::__private::Arguments,
        ) -> ::core::result::Result<
            ::pmcp_tasks::__private::Prepared,
            ::pmcp_tasks::__private::ArgumentError,
        > {
            ::core::result::Result::Err(::pmcp_tasks::__private::ArgumentError {
                message: ::std::string::String::new(),
            })
        }
    }
};
::core::compile_error! {
    "unknown key `suport`\nhelp: did you mean `support`?"
}
::core::compile_error! {
    "a tool is an `async fn`\nhelp: write `async fn add`"
}
::core::compile_error! {
    "`rename` takes a string\nhelp: write `rename = \"1\"`"
}
