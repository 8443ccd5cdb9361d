#[allow(clippy::unused_async)]
/// Imports a file.
#[cfg(unix)]
pub(crate) async fn import_csv(
    path: &str,
    batch: u32,
    sure: bool,
    task: TaskContext<ImportState>,
    State(db): State<Database>,
    cache: CacheState,
) -> Result<Report, ToolError> {
    body
}
#[cfg(unix)]
/// The tool [`import_csv`](fn@import_csv).
#[doc(hidden)]
#[allow(dead_code, missing_debug_implementations, non_camel_case_types, unreachable_pub)]
pub(crate) enum import_csv {}
#[cfg(unix)]
/// The arguments of [`import_csv`](fn@import_csv).
#[allow(dead_code, missing_docs, private_interfaces, unreachable_pub)]
pub(crate) struct ImportCsvArgs {
    /// Path of the file.
    pub path: ::std::string::String,
    pub batch: u32,
}
#[cfg(unix)]
#[allow(deprecated, non_snake_case)]
const _: () = {
    struct __PmcpSpecs {
        path: ::pmcp_tasks::__private::ArgumentSpec<::std::string::String>,
        batch: ::pmcp_tasks::__private::ArgumentSpec<u32>,
    }
    fn __pmcp_specs() -> __PmcpSpecs {
        __PmcpSpecs {
            path: ::pmcp_tasks::__private::argument::<::std::string::String, _>("path")
                .describe("Path of the file."),
            batch: ::pmcp_tasks::__private::argument::<u32, _>("batch")
                .default(|| 1000)
                .header("Batch"),
        }
    }
    impl ::pmcp_tasks::__private::ArgumentList for ImportCsvArgs {
        const NAMES: &'static [&'static ::core::primitive::str] = &["path", "batch"];
        fn decode(
            __pmcp_given: &mut ::pmcp_tasks::__private::Values,
        ) -> ::core::result::Result<Self, ::pmcp_tasks::__private::ArgumentError> {
            let __pmcp_specs = __pmcp_specs();
            ::core::result::Result::Ok(Self {
                path: __pmcp_specs.path.decode(__pmcp_given)?,
                batch: __pmcp_specs.batch.decode(__pmcp_given)?,
            })
        }
        fn encode(
            &self,
            __pmcp_encoded: &mut ::pmcp_tasks::__private::Values,
        ) -> ::core::result::Result<(), ::pmcp_tasks::__private::serde_json::Error> {
            let __pmcp_specs = __pmcp_specs();
            __pmcp_specs.path.encode(&self.path, __pmcp_encoded)?;
            __pmcp_specs.batch.encode(&self.batch, __pmcp_encoded)?;
            ::core::result::Result::Ok(())
        }
        fn schema(__pmcp_object: &mut ::pmcp_tasks::__private::ObjectSchema<'_>) {
            let __pmcp_specs = __pmcp_specs();
            __pmcp_specs.path.schema(__pmcp_object);
            __pmcp_specs.batch.schema(__pmcp_object);
        }
    }
    impl ::pmcp_tasks::__private::serde::Serialize for ImportCsvArgs {
        fn serialize<__S: ::pmcp_tasks::__private::serde::Serializer>(
            &self,
            __pmcp_serializer: __S,
        ) -> ::core::result::Result<__S::Ok, __S::Error> {
            ::pmcp_tasks::__private::serialize_list(self, __pmcp_serializer)
        }
    }
    impl<'de> ::pmcp_tasks::__private::serde::Deserialize<'de> for ImportCsvArgs {
        fn deserialize<__D: ::pmcp_tasks::__private::serde::Deserializer<'de>>(
            __pmcp_deserializer: __D,
        ) -> ::core::result::Result<Self, __D::Error> {
            ::pmcp_tasks::__private::deserialize_list(__pmcp_deserializer)
        }
    }
    impl ::pmcp_tasks::__private::schemars::JsonSchema for ImportCsvArgs {
        fn schema_name() -> ::std::borrow::Cow<'static, ::core::primitive::str> {
            ::std::borrow::Cow::Borrowed("ImportCsvArgs")
        }
        fn schema_id() -> ::std::borrow::Cow<'static, ::core::primitive::str> {
            ::std::borrow::Cow::Borrowed(
                ::core::concat!(::core::module_path!(), "::", "ImportCsvArgs"),
            )
        }
        fn json_schema(
            __pmcp_generator: &mut ::pmcp_tasks::__private::schemars::SchemaGenerator,
        ) -> ::pmcp_tasks::__private::schemars::Schema {
            ::pmcp_tasks::__private::list_schema::<Self>(__pmcp_generator)
        }
    }
    impl ::core::fmt::Debug for ImportCsvArgs {
        fn fmt(
            &self,
            __pmcp_formatter: &mut ::core::fmt::Formatter<'_>,
        ) -> ::core::fmt::Result {
            ::pmcp_tasks::__private::debug_list(self, "ImportCsvArgs", __pmcp_formatter)
        }
    }
    fn __pmcp_sure_question() -> ::pmcp_tasks::__private::AnswerSpec<bool> {
        ::pmcp_tasks::__private::answer::<bool>("sure", "Sure?")
    }
    fn __pmcp_context() -> ::pmcp_tasks::__private::ContextSpec<
        ::pmcp_tasks::__private::TaskContext<ImportState>,
    > {
        ::pmcp_tasks::__private::task_context::<ImportState>()
    }
    fn __pmcp_output() -> ::pmcp_tasks::__private::OutputSpec<Report> {
        ::pmcp_tasks::__private::output::<Report, _>()
    }
    fn __pmcp_failure() -> fn(ToolError) -> ::pmcp_tasks::__private::ToolError {
        ::pmcp_tasks::__private::failure::<ToolError>()
    }
    impl ::pmcp_tasks::__private::NamedTool for import_csv {
        const NAME: &'static ::core::primitive::str = "import_csv";
        type Itself = Self;
    }
    impl ::pmcp_tasks::__private::ArgumentsOf<import_csv> for ImportCsvArgs {
        const FIELDS: &'static [::pmcp_tasks::__private::ArgumentField] = &[
            ::pmcp_tasks::__private::ArgumentField {
                field: "path",
                encode: |__pmcp_value, __pmcp_encoded| {
                    ::pmcp_tasks::__private::encode_field(
                        &__pmcp_specs().path,
                        __pmcp_value,
                        __pmcp_encoded,
                    );
                },
            },
            ::pmcp_tasks::__private::ArgumentField {
                field: "batch",
                encode: |__pmcp_value, __pmcp_encoded| {
                    ::pmcp_tasks::__private::encode_field(
                        &__pmcp_specs().batch,
                        __pmcp_value,
                        __pmcp_encoded,
                    );
                },
            },
        ];
    }
    impl ::pmcp_tasks::__private::ResultOf<import_csv> for Report {}
    impl ::pmcp_tasks::__private::Gives<Report> for import_csv {}
    impl<__PmcpState> ::pmcp_tasks::__private::Tool<__PmcpState> for import_csv
    where
        Database: ::pmcp_tasks::__private::FromRef<__PmcpState>,
        CacheState: ::pmcp_tasks::__private::StateParameter<__PmcpState>,
    {
        fn definition() -> ::pmcp_tasks::__private::ToolDefinition {
            ::pmcp_tasks::__private::ToolDefinition {
                name: ::core::convert::From::from("import_csv"),
                title: ::core::option::Option::Some(
                    ::core::convert::From::from("Import"),
                ),
                description: ::core::option::Option::Some(
                    ::core::convert::From::from("Imports a file."),
                ),
                support: ::pmcp_tasks::__private::TaskSupport::Required,
                ttl: ::core::option::Option::Some(
                    ::core::time::Duration::from_millis(3600000u64),
                ),
                poll_interval: ::core::option::Option::Some(
                    ::core::time::Duration::from_millis(250u64),
                ),
                timeout: ::core::option::Option::Some(
                    ::core::time::Duration::from_millis(300000u64),
                ),
                on_crash: ::pmcp_tasks::__private::OnCrash::Restart,
                fallback: ::pmcp_tasks::__private::Fallback::Handle,
                icons: ::core::convert::From::from([
                    ::pmcp_tasks::__private::Icon::new("https://example.com/csv.png"),
                    ::pmcp_tasks::__private::Icon::embedded(
                            ::core::include_bytes!(
                                ::core::concat!(::core::env!("CARGO_MANIFEST_DIR"),
                                "/tests/icons/board.svg")
                            ),
                            "image/svg+xml",
                        )
                        .sizes(["any"])
                        .theme(::pmcp_tasks::__private::IconTheme::Dark),
                ]),
                meta: ::pmcp_tasks::__private::object_of(
                    json!({ "com.example/group" : "files" }),
                ),
                annotations: ::pmcp_tasks::__private::ToolAnnotations {
                    read_only: ::core::option::Option::Some(true),
                    destructive: ::core::option::Option::None,
                    idempotent: ::core::option::Option::Some(false),
                    open_world: ::core::option::Option::None,
                },
                input_schema: ::pmcp_tasks::__private::input_schema::<ImportCsvArgs>(),
                output_schema: (__pmcp_output().schema)(),
                questions: ::core::convert::From::from([
                    __pmcp_sure_question().question(),
                ]),
                variables: (__pmcp_context().fields)(),
                types: ::core::option::Option::Some(::pmcp_tasks::__private::ToolTypes {
                    arguments: ::pmcp_tasks::__private::named_schema::<ImportCsvArgs>,
                    result: __pmcp_output().named,
                }),
                ..::core::default::Default::default()
            }
        }
        fn prepare(
            __pmcp_state: &__PmcpState,
            __pmcp_arguments: ::pmcp_tasks::__private::Arguments,
        ) -> ::core::result::Result<
            ::pmcp_tasks::__private::Prepared,
            ::pmcp_tasks::__private::ArgumentError,
        > {
            let __pmcp_args = ::pmcp_tasks::__private::decode_list::<
                ImportCsvArgs,
            >(__pmcp_arguments.given)?;
            let mut __pmcp_answers = __pmcp_arguments.answers;
            let __pmcp_sure_answer = __pmcp_sure_question().decode(&mut __pmcp_answers)?;
            let __pmcp_state_4 = ::pmcp_tasks::__private::State(
                <Database as ::pmcp_tasks::__private::FromRef<
                    __PmcpState,
                >>::from_ref(__pmcp_state),
            );
            let __pmcp_state_5 = <CacheState as ::pmcp_tasks::__private::StateParameter<
                __PmcpState,
            >>::from_state(__pmcp_state);
            ::core::result::Result::Ok(
                ::pmcp_tasks::__private::Prepared::new(move |
                    __pmcp_run: ::pmcp_tasks::__private::RunContext|
                async move {
                    match import_csv(
                            &__pmcp_args.path,
                            __pmcp_args.batch,
                            __pmcp_sure_answer,
                            (__pmcp_context().make)(&__pmcp_run),
                            __pmcp_state_4,
                            __pmcp_state_5,
                        )
                        .await
                    {
                        ::core::result::Result::Ok(__pmcp_value) => {
                            (__pmcp_output().convert)(__pmcp_value)
                        }
                        ::core::result::Result::Err(__pmcp_error) => {
                            ::core::result::Result::Err(__pmcp_failure()(__pmcp_error))
                        }
                    }
                }),
            )
        }
    }
};
