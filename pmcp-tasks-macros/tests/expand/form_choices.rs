const _: () = {
    impl ::pmcp_tasks::__private::FormChoice for Size {
        const OPTIONS: &'static [(
            &'static ::core::primitive::str,
            ::core::option::Option<&'static ::core::primitive::str>,
        )] = &[
            ("very-small", ::core::option::Option::Some("As small as can be.")),
            ("L", ::core::option::Option::Some("Large")),
            ("other", ::core::option::Option::None),
        ];
        fn of(__pmcp_value: &::core::primitive::str) -> ::core::option::Option<Self> {
            match __pmcp_value {
                "very-small" => ::core::option::Option::Some(Self::VerySmall),
                "L" => ::core::option::Option::Some(Self::Large),
                "other" => ::core::option::Option::Some(Self::Other),
                _ => ::core::option::Option::None,
            }
        }
        fn value(&self) -> &'static ::core::primitive::str {
            match self {
                Self::VerySmall => "very-small",
                Self::Large => "L",
                Self::Other => "other",
            }
        }
    }
};
