#[allow(clippy::unused_async)]
async fn ping() {}
/// The tool [`ping`](fn@ping).
#[doc(hidden)]
#[allow(dead_code, missing_debug_implementations, non_camel_case_types, unreachable_pub)]
enum ping {}
/// The arguments of [`ping`](fn@ping).
#[allow(dead_code, missing_docs, private_interfaces, unreachable_pub)]
struct PingArgs {}
#[allow(deprecated, non_snake_case)]
const _: () = {
    struct __PmcpSpecs {}
    fn __pmcp_specs() -> __PmcpSpecs {
        __PmcpSpecs {}
    }
    impl ::pmcp_tasks::__private::ArgumentList for PingArgs {
        const NAMES: &'static [&'static ::core::primitive::str] = &[];
        fn decode(
            __pmcp_given: &mut ::pmcp_tasks::__private::Values,
        ) -> ::core::result::Result<Self, ::pmcp_tasks::__private::ArgumentError> {
            let __pmcp_specs = __pmcp_specs();
            ::core::result::Result::Ok(Self {})
        }
        fn encode(
            &self,
            __pmcp_encoded: &mut ::pmcp_tasks::__private::Values,
        ) -> ::core::result::Result<(), ::pmcp_tasks::__private::serde_json::Error> {
            let __pmcp_specs = __pmcp_specs();
            ::core::result::Result::Ok(())
        }
        fn schema(__pmcp_object: &mut ::pmcp_tasks::__private::ObjectSchema<'_>) {
            let __pmcp_specs = __pmcp_specs();
        }
    }
    impl ::pmcp_tasks::__private::serde::Serialize for PingArgs {
        fn serialize<__S: ::pmcp_tasks::__private::serde::Serializer>(
            &self,
            __pmcp_serializer: __S,
        ) -> ::core::result::Result<__S::Ok, __S::Error> {
            ::pmcp_tasks::__private::serialize_list(self, __pmcp_serializer)
        }
    }
    impl<'de> ::pmcp_tasks::__private::serde::Deserialize<'de> for PingArgs {
        fn deserialize<__D: ::pmcp_tasks::__private::serde::Deserializer<'de>>(
            __pmcp_deserializer: __D,
        ) -> ::core::result::Result<Self, __D::Error> {
            ::pmcp_tasks::__private::deserialize_list(__pmcp_deserializer)
        }
    }
    impl ::pmcp_tasks::__private::schemars::JsonSchema for PingArgs {
        fn schema_name() -> ::std::borrow::Cow<'static, ::core::primitive::str> {
            ::std::borrow::Cow::Borrowed("PingArgs")
        }
        fn schema_id() -> ::std::borrow::Cow<'static, ::core::primitive::str> {
            ::std::borrow::Cow::Borrowed(
                ::core::concat!(::core::module_path!(), "::", "PingArgs"),
            )
        }
        fn json_schema(
            __pmcp_generator: &mut ::pmcp_tasks::__private::schemars::SchemaGenerator,
        ) -> ::pmcp_tasks::__private::schemars::Schema {
            ::pmcp_tasks::__private::list_schema::<Self>(__pmcp_generator)
        }
    }
    impl ::core::fmt::Debug for PingArgs {
        fn fmt(
            &self,
            __pmcp_formatter: &mut ::core::fmt::Formatter<'_>,
        ) -> ::core::fmt::Result {
            ::pmcp_tasks::__private::debug_list(self, "PingArgs", __pmcp_formatter)
        }
    }
    fn __pmcp_output() -> ::pmcp_tasks::__private::OutputSpec<()> {
        ::pmcp_tasks::__private::output::<(), _>()
    }
    impl ::pmcp_tasks::__private::NamedTool for ping {
        const NAME: &'static ::core::primitive::str = "ping";
        type Itself = Self;
    }
    impl ::pmcp_tasks::__private::ArgumentsOf<ping> for PingArgs {}
    impl ::pmcp_tasks::__private::ResultOf<ping> for () {}
    impl ::pmcp_tasks::__private::Gives<()> for ping {}
    impl<__PmcpState> ::pmcp_tasks::__private::Tool<__PmcpState> for ping {
        fn definition() -> ::pmcp_tasks::__private::ToolDefinition {
            ::pmcp_tasks::__private::ToolDefinition {
                name: ::core::convert::From::from("ping"),
                title: ::core::option::Option::None,
                description: ::core::option::Option::None,
                support: ::pmcp_tasks::__private::TaskSupport::Optional,
                ttl: ::core::option::Option::None,
                poll_interval: ::core::option::Option::None,
                timeout: ::core::option::Option::None,
                on_crash: ::pmcp_tasks::__private::OnCrash::Fail,
                annotations: ::pmcp_tasks::__private::ToolAnnotations {
                    read_only: ::core::option::Option::None,
                    destructive: ::core::option::Option::None,
                    idempotent: ::core::option::Option::None,
                    open_world: ::core::option::Option::None,
                },
                input_schema: ::pmcp_tasks::__private::input_schema::<PingArgs>(),
                output_schema: (__pmcp_output().schema)(),
                questions: ::core::convert::From::from([]),
                variables: ::std::vec::Vec::new(),
                types: ::core::option::Option::Some(::pmcp_tasks::__private::ToolTypes {
                    arguments: ::pmcp_tasks::__private::named_schema::<PingArgs>,
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
                PingArgs,
            >(__pmcp_arguments.given)?;
            ::core::result::Result::Ok(
                ::pmcp_tasks::__private::Prepared::new(move |
                    __pmcp_run: ::pmcp_tasks::__private::RunContext|
                async move { (__pmcp_output().convert)(ping().await) }),
            )
        }
    }
};
