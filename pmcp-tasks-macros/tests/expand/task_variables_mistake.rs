const _: () = {
    impl ::pmcp_tasks::__private::TaskVariables for ImportState
    where
        Self: ::core::default::Default + ::core::marker::Send + ::core::marker::Sync
            + 'static,
    {
        type Variables<'__pmcp> = ();
        fn variables<'__pmcp>(
            _: &'__pmcp ::pmcp_tasks::__private::Cells,
        ) -> Self::Variables<'__pmcp> {}
        fn fields() -> ::std::vec::Vec<::pmcp_tasks::__private::FieldDefinition> {
            ::std::vec::Vec::new()
        }
        fn write(
            &self,
        ) -> ::core::result::Result<
            ::pmcp_tasks::__private::Values,
            ::pmcp_tasks::__private::VariableError,
        > {
            ::core::result::Result::Ok(::pmcp_tasks::__private::Values::new())
        }
        fn read(
            _: ::pmcp_tasks::__private::Values,
        ) -> ::core::result::Result<Self, ::pmcp_tasks::__private::VariableError> {
            ::core::result::Result::Ok(::core::default::Default::default())
        }
    }
};
::core::compile_error! {
    "an enum cannot be a set of variables\nhelp: derive it for a struct with named fields, one for each variable"
}
