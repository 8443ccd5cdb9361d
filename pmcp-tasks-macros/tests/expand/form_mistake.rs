const _: () = {
    impl ::pmcp_tasks::__private::FormChoice for Wish
    where
        Self: ::core::marker::Send + 'static,
    {
        const OPTIONS: &'static [(
            &'static ::core::primitive::str,
            ::core::option::Option<&'static ::core::primitive::str>,
        )] = &[];
        fn of(_: &::core::primitive::str) -> ::core::option::Option<Self> {
            ::core::option::Option::None
        }
        fn value(&self) -> &'static ::core::primitive::str {
            ""
        }
    }
};
::core::compile_error! {
    "a choice carries no data\nhelp: remove it here, and ask for it in a struct that has the choice as a field"
}
