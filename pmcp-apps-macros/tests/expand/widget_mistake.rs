#[derive(Debug)]
pub struct Board;
const _: () = {
    impl ::pmcp_apps::__private::ToolWidget for Board {
        fn fill(
            _: &mut ::pmcp_apps::__private::Map<
                ::std::string::String,
                ::pmcp_apps::__private::Value,
            >,
        ) {}
    }
    impl ::pmcp_apps::__private::Widget for Board {
        fn definition() -> &'static ::pmcp_apps::__private::WidgetDefinition {
            ::pmcp_apps::__private::no_widget()
        }
    }
};
const _: &[::core::primitive::u8] = ::core::include_bytes!(
    ::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/tests/board/board.css")
);
const _: &[::core::primitive::u8] = ::core::include_bytes!(
    ::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/tests/board/index.html")
);
::core::compile_error! {
    "a widget's part of its URI cannot contain ` `\nhelp: write letters, digits, `-` and `_`, such as `\"board\"`"
}
