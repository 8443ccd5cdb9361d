#[allow(dead_code)]
impl Deploy {
    async fn one(&self, v: &V) -> u8 {
        1
    }
    const N: u8 = 1;
}
#[allow(dead_code, non_camel_case_types)]
const _: () = {
    impl<__PmcpState> ::pmcp_tasks::__private::Workflow<__PmcpState> for Deploy {
        fn definition() -> ::pmcp_tasks::__private::WorkflowDefinition {
            ::core::default::Default::default()
        }
        fn tools() -> ::std::vec::Vec<
            ::pmcp_tasks::__private::WorkflowTool<__PmcpState>,
        > {
            ::std::vec::Vec::new()
        }
        fn read(
            _: ::pmcp_tasks::__private::Values,
        ) -> ::core::result::Result<Self, ::pmcp_tasks::__private::ArgumentError> {
            ::core::result::Result::Err(::pmcp_tasks::__private::ArgumentError {
                message: ::std::string::String::new(),
            })
        }
        fn resolve(
            &self,
            _: &__PmcpState,
            _: ::core::primitive::usize,
            _: &::pmcp_tasks::__private::Outputs,
            _: &::pmcp_tasks::__private::Values,
        ) -> ::pmcp_tasks::__private::Resolved {
            ::pmcp_tasks::__private::no_step()
        }
        fn run<'a>(
            &'a self,
            _: &'a __PmcpState,
            _: ::core::primitive::usize,
            _: &'a ::pmcp_tasks::__private::Outputs,
            _: &'a ::pmcp_tasks::__private::RunContext,
        ) -> ::pmcp_tasks::__private::BoxFuture<
            'a,
            ::core::result::Result<
                ::pmcp_tasks::__private::serde_json::Value,
                ::pmcp_tasks::__private::StepFailure,
            >,
        > {
            ::pmcp_tasks::__private::not_run()
        }
    }
};
::core::compile_error! {
    "unknown key `titel`\nhelp: did you mean `title`?"
}
::core::compile_error! {
    "`#[step]` has no effect here\nhelp: put `#[workflow]` on the `impl` that this function is in"
}
::core::compile_error! {
    "`#[variables]` is for steps that only map results\nhelp: take `TaskContext<V>`, whose `variables()` reads and changes them"
}
