const _: () = {
    struct __PmcpFields {
        piece_count: ::pmcp_tasks::__private::FormFieldSpec<u8>,
        mail: ::pmcp_tasks::__private::FormFieldSpec<Option<String>>,
        sizes: ::pmcp_tasks::__private::FormFieldSpec<Vec<Size>>,
        note: ::pmcp_tasks::__private::FormFieldSpec<String>,
        sure: ::pmcp_tasks::__private::FormFieldSpec<bool>,
    }
    fn __pmcp_fields() -> __PmcpFields {
        __PmcpFields {
            piece_count: ::pmcp_tasks::__private::form_number::<
                u8,
                _,
            >(
                    "pieceCount",
                    ::core::option::Option::Some(1),
                    ::core::option::Option::Some(MOST),
                )
                .with("title", "Pieces")
                .with("description", "How many there are to be.")
                .default(|| 3),
            mail: ::pmcp_tasks::__private::form_text::<
                Option<String>,
            >(
                "mail",
                "email",
                ::core::option::Option::None,
                ::core::option::Option::Some(80),
            ),
            sizes: ::pmcp_tasks::__private::form_sized::<
                Vec<Size>,
            >("all", ::core::option::Option::Some(1), ::core::option::Option::None),
            note: ::pmcp_tasks::__private::form_field::<String>("note")
                .default(|| ::core::convert::From::from("none")),
            sure: ::pmcp_tasks::__private::form_field::<bool>("sure"),
        }
    }
    impl ::pmcp_tasks::__private::Form for Wish {
        fn describe(
            __pmcp_form: &mut ::pmcp_tasks::__private::FormFields,
            _: &'static ::core::primitive::str,
        ) {
            let __pmcp_fields = __pmcp_fields();
            __pmcp_fields.piece_count.describe(__pmcp_form);
            __pmcp_fields.mail.describe(__pmcp_form);
            __pmcp_fields.sizes.describe(__pmcp_form);
            __pmcp_fields.note.describe(__pmcp_form);
            __pmcp_fields.sure.describe(__pmcp_form);
        }
        fn take(
            __pmcp_answer: &mut ::pmcp_tasks::__private::Values,
            _: &'static ::core::primitive::str,
        ) -> ::core::result::Result<Self, ::std::string::String> {
            let __pmcp_fields = __pmcp_fields();
            ::core::result::Result::Ok(Self {
                piece_count: __pmcp_fields.piece_count.take(__pmcp_answer)?,
                mail: __pmcp_fields.mail.take(__pmcp_answer)?,
                sizes: __pmcp_fields.sizes.take(__pmcp_answer)?,
                note: __pmcp_fields.note.take(__pmcp_answer)?,
                sure: __pmcp_fields.sure.take(__pmcp_answer)?,
            })
        }
    }
};
