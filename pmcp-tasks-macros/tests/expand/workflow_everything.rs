/// Roll a service out.
#[cfg(unix)]
impl Deploy {
    const N: u8 = 1;
    #[allow(clippy::unused_async, clippy::unused_self)]
    /// Check the configuration.
    async fn validate(
        &self,
        task: TaskContext<Progress>,
        State(db): &State<Database>,
    ) -> io::Result<Validated> {
        body
    }
    #[allow(clippy::unused_async, clippy::unused_self)]
    #[allow(dead_code, clippy::used_underscore_binding)]
    fn build(&self, validate: &Validated) -> Result<BuildImageArgs, ToolError> {
        let __pmcp_mapped = self
            .__pmcp_build_fields::<
                ::core::convert::Infallible,
            >(
                &mut ::pmcp_tasks::__private::Fields::none(),
                ::core::result::Result::Ok(validate),
            );
        match __pmcp_mapped {
            ::core::result::Result::Ok(__pmcp_arguments) => {
                ::core::result::Result::Ok(__pmcp_arguments)
            }
            ::core::result::Result::Err(__pmcp_never) => match __pmcp_never {}
        }
    }
    #[allow(clippy::unused_async, clippy::unused_self)]
    /// Ask the user.
    fn approve(
        &self,
        _validate: &Validated,
        build: &[Report],
        v: &Progress,
    ) -> Option<String> {
        body
    }
    #[allow(clippy::unused_async, clippy::unused_self)]
    fn again(
        &self,
        approve: Option<&[Choice]>,
        build: Report,
    ) -> io::Result<Option<Args>> {
        body
    }
    #[allow(clippy::unused_async, clippy::unused_self)]
    async fn last(&self, again: Option<&str>, cx: &ToolContext, db: Db) -> u8 {
        body
    }
    fn helper(&self) {}
}
#[cfg(unix)]
#[allow(
    dead_code,
    deprecated,
    missing_debug_implementations,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    unreachable_pub
)]
const _: () = {
    impl Deploy {
        #[doc(hidden)]
        fn __pmcp_build_fields<__PmcpAbsent: ::core::marker::Copy>(
            &self,
            __pmcp_fields: &mut ::pmcp_tasks::__private::Fields,
            validate: ::core::result::Result<&Validated, __PmcpAbsent>,
        ) -> ::core::result::Result<BuildImageArgs, __PmcpAbsent> {
            let __pmcp_make = |
                (
                    __pmcp_0,
                    (__pmcp_1, ()),
                ): (
                    ::core::result::Result<_, __PmcpAbsent>,
                    (::core::result::Result<_, __PmcpAbsent>, ()),
                ),
            | -> ::core::result::Result<BuildImageArgs, __PmcpAbsent> {
                ::core::result::Result::Ok(BuildImageArgs {
                    image: __pmcp_0?,
                    region: __pmcp_1?,
                })
            };
            let __pmcp_expected = ::pmcp_tasks::__private::expected(&__pmcp_make);
            let (__pmcp_0, __pmcp_expected) = __pmcp_expected
                .field(
                    __pmcp_fields,
                    "image",
                    (validate, ()),
                    |#[allow(unused_variables)] (validate, ())| format!("{validate}"),
                );
            let (__pmcp_1, __pmcp_expected) = __pmcp_expected
                .field(
                    __pmcp_fields,
                    "region",
                    (),
                    |#[allow(unused_variables)] ()| self.region.clone(),
                );
            __pmcp_make((__pmcp_0, (__pmcp_1, ())))
        }
    }
    mod __pmcp_steps {
        pub enum validate {}
        pub enum approve {}
        pub enum last {}
    }
    fn __pmcp_prompt() -> ::pmcp_tasks::__private::PromptSpec<Deploy> {
        ::pmcp_tasks::__private::prompt::<Deploy>()
    }
    fn __pmcp_validate_value() -> ::pmcp_tasks::__private::StepSpec<
        <io::Result<Validated> as ::pmcp_tasks::__private::AnyResult>::Value,
    > {
        ::pmcp_tasks::__private::step_value::<
            <io::Result<Validated> as ::pmcp_tasks::__private::AnyResult>::Value,
        >()
    }
    impl ::pmcp_tasks::__private::OutputOf<__pmcp_steps::validate>
    for <io::Result<Validated> as ::pmcp_tasks::__private::AnyResult>::Value {
        fn read(
            __pmcp_value: &::pmcp_tasks::__private::serde_json::Value,
        ) -> ::core::result::Result<Self, ::std::string::String> {
            (__pmcp_validate_value().read)(__pmcp_value)
        }
    }
    fn __pmcp_validate_failure() -> fn(
        <io::Result<Validated> as ::pmcp_tasks::__private::AnyResult>::Error,
    ) -> ::pmcp_tasks::__private::ToolError {
        ::pmcp_tasks::__private::failure::<
            <io::Result<Validated> as ::pmcp_tasks::__private::AnyResult>::Error,
        >()
    }
    fn __pmcp_validate_context() -> ::pmcp_tasks::__private::ContextSpec<
        ::pmcp_tasks::__private::TaskContext<Progress>,
    > {
        ::pmcp_tasks::__private::task_context::<Progress>()
    }
    type __pmcp_build_tool = tools::build_image;
    fn __pmcp_build_arguments() -> ::pmcp_tasks::__private::ArgumentsSpec<
        BuildImageArgs,
    > {
        ::pmcp_tasks::__private::step_arguments::<
            <tools::build_image as ::pmcp_tasks::__private::NamedTool>::Itself,
            BuildImageArgs,
        >()
    }
    fn __pmcp_build_failure() -> fn(ToolError) -> ::pmcp_tasks::__private::ToolError {
        ::pmcp_tasks::__private::failure::<ToolError>()
    }
    fn __pmcp_build_takes_validate() -> ::pmcp_tasks::__private::Input<Validated> {
        ::pmcp_tasks::__private::output_of::<
            __pmcp_steps::validate,
            Validated,
        >("validate")
    }
    fn __pmcp_approve_value() -> ::pmcp_tasks::__private::StepSpec<Vec<Choice>> {
        ::pmcp_tasks::__private::client_output::<Vec<Choice>>()
    }
    impl ::pmcp_tasks::__private::OutputOf<__pmcp_steps::approve> for Vec<Choice> {
        fn read(
            __pmcp_value: &::pmcp_tasks::__private::serde_json::Value,
        ) -> ::core::result::Result<Self, ::std::string::String> {
            (__pmcp_approve_value().read)(__pmcp_value)
        }
    }
    fn __pmcp_approve_arguments() -> ::pmcp_tasks::__private::ArgumentsSpec<String> {
        ::pmcp_tasks::__private::shown::<String>()
    }
    fn __pmcp_approve_variables() -> ::pmcp_tasks::__private::VariablesSpec<Progress> {
        ::pmcp_tasks::__private::variables::<Progress>()
    }
    fn __pmcp_approve_takes_validate() -> ::pmcp_tasks::__private::Input<Validated> {
        ::pmcp_tasks::__private::output_of::<
            __pmcp_steps::validate,
            Validated,
        >("validate")
    }
    fn __pmcp_approve_takes_build() -> ::pmcp_tasks::__private::Input<
        ::std::vec::Vec<Report>,
    > {
        ::pmcp_tasks::__private::result_of::<
            <tools::build_image as ::pmcp_tasks::__private::NamedTool>::Itself,
            ::std::vec::Vec<Report>,
        >("build")
    }
    type __pmcp_again_tool = approve_rollout;
    fn __pmcp_again_arguments() -> ::pmcp_tasks::__private::ArgumentsSpec<Args> {
        ::pmcp_tasks::__private::step_arguments::<
            <approve_rollout as ::pmcp_tasks::__private::NamedTool>::Itself,
            Args,
        >()
    }
    fn __pmcp_again_failure() -> fn(
        <io::Result<Option<Args>> as ::pmcp_tasks::__private::AnyResult>::Error,
    ) -> ::pmcp_tasks::__private::ToolError {
        ::pmcp_tasks::__private::failure::<
            <io::Result<Option<Args>> as ::pmcp_tasks::__private::AnyResult>::Error,
        >()
    }
    fn __pmcp_again_takes_approve() -> ::pmcp_tasks::__private::Input<
        ::std::vec::Vec<Choice>,
    > {
        ::pmcp_tasks::__private::output_of::<
            __pmcp_steps::approve,
            ::std::vec::Vec<Choice>,
        >("approve")
    }
    fn __pmcp_again_takes_build() -> ::pmcp_tasks::__private::Input<Report> {
        ::pmcp_tasks::__private::result_of::<
            <tools::build_image as ::pmcp_tasks::__private::NamedTool>::Itself,
            Report,
        >("build")
    }
    fn __pmcp_last_value() -> ::pmcp_tasks::__private::StepSpec<u8> {
        ::pmcp_tasks::__private::step_value::<u8>()
    }
    impl ::pmcp_tasks::__private::OutputOf<__pmcp_steps::last> for u8 {
        fn read(
            __pmcp_value: &::pmcp_tasks::__private::serde_json::Value,
        ) -> ::core::result::Result<Self, ::std::string::String> {
            (__pmcp_last_value().read)(__pmcp_value)
        }
    }
    fn __pmcp_last_context() -> ::pmcp_tasks::__private::ContextSpec<
        ::pmcp_tasks::__private::ToolContext,
    > {
        ::pmcp_tasks::__private::tool_context()
    }
    fn __pmcp_last_takes_again() -> ::pmcp_tasks::__private::Input<
        ::std::string::String,
    > {
        ::pmcp_tasks::__private::result_of::<
            <approve_rollout as ::pmcp_tasks::__private::NamedTool>::Itself,
            ::std::string::String,
        >("again")
    }
    impl<__PmcpState> ::pmcp_tasks::__private::Workflow<__PmcpState> for Deploy
    where
        tools::build_image: ::pmcp_tasks::__private::Tool<__PmcpState>,
        approve_rollout: ::pmcp_tasks::__private::Tool<__PmcpState>,
        Database: ::pmcp_tasks::__private::FromRef<__PmcpState>,
        Db: ::pmcp_tasks::__private::StateParameter<__PmcpState>,
    {
        fn definition() -> ::pmcp_tasks::__private::WorkflowDefinition {
            ::pmcp_tasks::__private::WorkflowDefinition {
                name: ::core::convert::From::from("deploy"),
                title: ::core::option::Option::Some(
                    ::core::convert::From::from("Deploy"),
                ),
                description: ::core::option::Option::Some(
                    ::core::convert::From::from("Roll a service out."),
                ),
                icons: ::core::convert::From::from([
                    ::pmcp_tasks::__private::Icon::new("https://example.com/deploy.png"),
                ]),
                ttl: ::core::option::Option::Some(
                    ::core::time::Duration::from_millis(172800000u64),
                ),
                scopes: ::core::convert::From::from([
                    ::std::string::String::from("deploy"),
                ]),
                start: ::core::option::Option::Some(
                    ::pmcp_tasks::__private::Start::PromptOnly,
                ),
                finish_on_cancel: true,
                meta: crate::meta(),
                arguments: (__pmcp_prompt().schema)(),
                order: (__pmcp_prompt().order)(),
                variables: (__pmcp_validate_context().fields)(),
                steps: ::core::convert::From::from([
                    ::pmcp_tasks::__private::StepDefinition {
                        name: "validate",
                        title: ::core::option::Option::Some("Validation"),
                        guidance: ::core::option::Option::Some(
                            "Check the configuration.",
                        ),
                        by: ::pmcp_tasks::__private::By::Server,
                        hidden: true,
                        on_error: ::pmcp_tasks::__private::OnError::Fail,
                        timeout: ::core::option::Option::Some(
                            ::core::time::Duration::from_millis(60000u64),
                        ),
                        may_be_skipped: false,
                        takes: ::core::convert::From::from([]),
                        output_schema: (__pmcp_validate_value().schema)(),
                        check: |__pmcp_value| __pmcp_validate_value().check(__pmcp_value),
                    },
                    ::pmcp_tasks::__private::StepDefinition {
                        name: "build",
                        title: ::core::option::Option::None,
                        guidance: ::core::option::Option::None,
                        by: ::pmcp_tasks::__private::By::ServerTool(
                            <tools::build_image as ::pmcp_tasks::__private::Tool<
                                __PmcpState,
                            >>::definition()
                                .name,
                        ),
                        hidden: false,
                        on_error: ::pmcp_tasks::__private::OnError::Pause,
                        timeout: ::core::option::Option::None,
                        may_be_skipped: false,
                        takes: ::core::convert::From::from([
                            ::pmcp_tasks::__private::Takes {
                                step: "validate",
                                may_be_skipped: false,
                            },
                        ]),
                        output_schema: ::core::option::Option::None,
                        check: |__pmcp_value| {
                            __pmcp_approve_takes_build().check(__pmcp_value)
                        },
                    },
                    ::pmcp_tasks::__private::StepDefinition {
                        name: "approve",
                        title: ::core::option::Option::None,
                        guidance: ::core::option::Option::Some("Ask the user."),
                        by: ::pmcp_tasks::__private::By::ClientOutput,
                        hidden: false,
                        on_error: ::pmcp_tasks::__private::OnError::Pause,
                        timeout: ::core::option::Option::None,
                        may_be_skipped: true,
                        takes: ::core::convert::From::from([
                            ::pmcp_tasks::__private::Takes {
                                step: "validate",
                                may_be_skipped: false,
                            },
                            ::pmcp_tasks::__private::Takes {
                                step: "build",
                                may_be_skipped: false,
                            },
                        ]),
                        output_schema: (__pmcp_approve_value().schema)(),
                        check: |__pmcp_value| __pmcp_approve_value().check(__pmcp_value),
                    },
                    ::pmcp_tasks::__private::StepDefinition {
                        name: "again",
                        title: ::core::option::Option::None,
                        guidance: ::core::option::Option::None,
                        by: ::pmcp_tasks::__private::By::ClientTool(
                            <approve_rollout as ::pmcp_tasks::__private::Tool<
                                __PmcpState,
                            >>::definition()
                                .name,
                        ),
                        hidden: false,
                        on_error: ::pmcp_tasks::__private::OnError::Pause,
                        timeout: ::core::option::Option::None,
                        may_be_skipped: true,
                        takes: ::core::convert::From::from([
                            ::pmcp_tasks::__private::Takes {
                                step: "approve",
                                may_be_skipped: true,
                            },
                            ::pmcp_tasks::__private::Takes {
                                step: "build",
                                may_be_skipped: false,
                            },
                        ]),
                        output_schema: ::core::option::Option::None,
                        check: |__pmcp_value| {
                            __pmcp_last_takes_again().check(__pmcp_value)
                        },
                    },
                    ::pmcp_tasks::__private::StepDefinition {
                        name: "last",
                        title: ::core::option::Option::None,
                        guidance: ::core::option::Option::None,
                        by: ::pmcp_tasks::__private::By::Server,
                        hidden: false,
                        on_error: ::pmcp_tasks::__private::OnError::Pause,
                        timeout: ::core::option::Option::None,
                        may_be_skipped: false,
                        takes: ::core::convert::From::from([
                            ::pmcp_tasks::__private::Takes {
                                step: "again",
                                may_be_skipped: true,
                            },
                        ]),
                        output_schema: (__pmcp_last_value().schema)(),
                        check: |__pmcp_value| __pmcp_last_value().check(__pmcp_value),
                    },
                ]),
            }
        }
        fn tools() -> ::std::vec::Vec<
            ::pmcp_tasks::__private::WorkflowTool<__PmcpState>,
        > {
            ::core::convert::From::from([
                ::pmcp_tasks::__private::WorkflowTool::of::<__pmcp_build_tool>(),
                ::pmcp_tasks::__private::WorkflowTool::of::<__pmcp_again_tool>(),
            ])
        }
        fn read(
            __pmcp_given: ::pmcp_tasks::__private::Values,
        ) -> ::core::result::Result<Self, ::pmcp_tasks::__private::ArgumentError> {
            (__pmcp_prompt().read)(__pmcp_given)
        }
        fn resolve(
            &self,
            __pmcp_state: &__PmcpState,
            __pmcp_step: ::core::primitive::usize,
            __pmcp_outputs: &::pmcp_tasks::__private::Outputs,
            __pmcp_variables: &::pmcp_tasks::__private::Values,
        ) -> ::pmcp_tasks::__private::Resolved {
            match __pmcp_step {
                0usize => ::pmcp_tasks::__private::ready(__pmcp_outputs, &[]),
                1usize => {
                    let mut __pmcp_reading = ::pmcp_tasks::__private::Reading::new(
                        __pmcp_outputs,
                    );
                    let __pmcp_validate_result = __pmcp_reading
                        .take(&__pmcp_build_takes_validate());
                    let mut __pmcp_fields = __pmcp_build_arguments().fields();
                    let __pmcp_mapped = self
                        .__pmcp_build_fields(
                            &mut __pmcp_fields,
                            match &__pmcp_validate_result {
                                ::core::result::Result::Ok(__pmcp_value) => {
                                    ::core::result::Result::Ok(__pmcp_value)
                                }
                                ::core::result::Result::Err(__pmcp_absent) => {
                                    ::core::result::Result::Err(*__pmcp_absent)
                                }
                            },
                        )
                        .map(|__pmcp_arguments| {
                            ::core::result::Result::Ok(
                                ::core::option::Option::Some(__pmcp_arguments),
                            )
                        });
                    __pmcp_build_arguments()
                        .resolved(__pmcp_reading, __pmcp_fields, __pmcp_mapped)
                }
                2usize => {
                    let mut __pmcp_reading = ::pmcp_tasks::__private::Reading::new(
                        __pmcp_outputs,
                    );
                    let __pmcp_validate_result = __pmcp_reading
                        .take(&__pmcp_approve_takes_validate());
                    let __pmcp_build_result = __pmcp_reading
                        .take(&__pmcp_approve_takes_build());
                    let __pmcp_2 = match (__pmcp_approve_variables()
                        .read)(__pmcp_variables)
                    {
                        ::core::result::Result::Ok(__pmcp_variables) => __pmcp_variables,
                        ::core::result::Result::Err(__pmcp_error) => {
                            return ::pmcp_tasks::__private::Resolved::Refused(
                                ::core::convert::From::from(__pmcp_error),
                            );
                        }
                    };
                    let mut __pmcp_fields = __pmcp_approve_arguments().fields();
                    let __pmcp_mapped = (|| {
                        let __pmcp_validate_result = __pmcp_validate_result?;
                        let __pmcp_build_result = __pmcp_build_result?;
                        ::core::result::Result::Ok({
                            let __pmcp_given = Self::approve(
                                self,
                                &__pmcp_validate_result,
                                &__pmcp_build_result,
                                &__pmcp_2,
                            );
                            ::core::result::Result::Ok(__pmcp_given)
                        })
                    })();
                    __pmcp_approve_arguments()
                        .resolved(__pmcp_reading, __pmcp_fields, __pmcp_mapped)
                }
                3usize => {
                    let mut __pmcp_reading = ::pmcp_tasks::__private::Reading::new(
                        __pmcp_outputs,
                    );
                    let __pmcp_approve_result = __pmcp_reading
                        .take_skippable(&__pmcp_again_takes_approve());
                    let __pmcp_build_result = __pmcp_reading
                        .take(&__pmcp_again_takes_build());
                    let mut __pmcp_fields = __pmcp_again_arguments().fields();
                    let __pmcp_mapped = (|| {
                        let __pmcp_approve_result = __pmcp_approve_result?;
                        let __pmcp_build_result = __pmcp_build_result?;
                        ::core::result::Result::Ok({
                            match ::pmcp_tasks::__private::AnyResult::parts(
                                Self::again(
                                    self,
                                    ::core::option::Option::as_deref(&__pmcp_approve_result),
                                    __pmcp_build_result,
                                ),
                            ) {
                                ::core::result::Result::Ok(__pmcp_given) => {
                                    ::core::result::Result::Ok(__pmcp_given)
                                }
                                ::core::result::Result::Err(__pmcp_error) => {
                                    ::core::result::Result::Err(
                                        __pmcp_again_failure()(__pmcp_error),
                                    )
                                }
                            }
                        })
                    })();
                    __pmcp_again_arguments()
                        .resolved(__pmcp_reading, __pmcp_fields, __pmcp_mapped)
                }
                4usize => ::pmcp_tasks::__private::ready(__pmcp_outputs, &["again"]),
                _ => ::pmcp_tasks::__private::no_step(),
            }
        }
        fn run<'__pmcp>(
            &'__pmcp self,
            __pmcp_state: &'__pmcp __PmcpState,
            __pmcp_step: ::core::primitive::usize,
            __pmcp_outputs: &'__pmcp ::pmcp_tasks::__private::Outputs,
            __pmcp_run: &'__pmcp ::pmcp_tasks::__private::RunContext,
        ) -> ::pmcp_tasks::__private::BoxFuture<
            '__pmcp,
            ::core::result::Result<
                ::pmcp_tasks::__private::serde_json::Value,
                ::pmcp_tasks::__private::StepFailure,
            >,
        > {
            match __pmcp_step {
                0usize => {
                    let mut __pmcp_reading = ::pmcp_tasks::__private::Reading::new(
                        __pmcp_outputs,
                    );
                    let __pmcp_1 = ::pmcp_tasks::__private::State(
                        <Database as ::pmcp_tasks::__private::FromRef<
                            __PmcpState,
                        >>::from_ref(__pmcp_state),
                    );
                    let __pmcp_0 = (__pmcp_validate_context().make)(__pmcp_run);
                    let __pmcp_checked = __pmcp_reading.checked();
                    ::pmcp_tasks::__private::run_step(async move {
                        __pmcp_checked?;
                        let __pmcp_value = match ::pmcp_tasks::__private::AnyResult::parts(
                            Self::validate(self, __pmcp_0, &__pmcp_1).await,
                        ) {
                            ::core::result::Result::Ok(__pmcp_given) => __pmcp_given,
                            ::core::result::Result::Err(__pmcp_error) => {
                                return ::core::result::Result::Err(
                                    ::pmcp_tasks::__private::StepFailure::Failed(
                                        __pmcp_validate_failure()(__pmcp_error),
                                    ),
                                );
                            }
                        };
                        (__pmcp_validate_value().record)(&__pmcp_value)
                            .map_err(::pmcp_tasks::__private::StepFailure::Failed)
                    })
                }
                4usize => {
                    let mut __pmcp_reading = ::pmcp_tasks::__private::Reading::new(
                        __pmcp_outputs,
                    );
                    let __pmcp_again_result = __pmcp_reading
                        .take_skippable(&__pmcp_last_takes_again());
                    let __pmcp_2 = <Db as ::pmcp_tasks::__private::StateParameter<
                        __PmcpState,
                    >>::from_state(__pmcp_state);
                    let __pmcp_1 = (__pmcp_last_context().make)(__pmcp_run);
                    let __pmcp_checked = __pmcp_reading.checked();
                    ::pmcp_tasks::__private::run_step(async move {
                        __pmcp_checked?;
                        let __pmcp_again_result = __pmcp_again_result?;
                        let __pmcp_value = Self::last(
                                self,
                                ::core::option::Option::as_deref(&__pmcp_again_result),
                                &__pmcp_1,
                                __pmcp_2,
                            )
                            .await;
                        (__pmcp_last_value().record)(&__pmcp_value)
                            .map_err(::pmcp_tasks::__private::StepFailure::Failed)
                    })
                }
                _ => ::pmcp_tasks::__private::not_run(),
            }
        }
    }
};
