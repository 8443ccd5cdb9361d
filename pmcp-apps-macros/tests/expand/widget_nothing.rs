struct ChessBoard;
const _: () = {
    #[cfg(debug_assertions)]
    const __PMCP_SOURCE: ::core::option::Option<::pmcp_apps::__private::WidgetSource> = ::core::option::Option::Some(::pmcp_apps::__private::WidgetSource {
        crate_dir: ::core::env!("CARGO_MANIFEST_DIR"),
        dir: "tests/board",
    });
    #[cfg(not(debug_assertions))]
    const __PMCP_SOURCE: ::core::option::Option<::pmcp_apps::__private::WidgetSource> = ::core::option::Option::None;
    static __PMCP_WIDGET: ::pmcp_apps::__private::WidgetDefinition = ::pmcp_apps::__private::WidgetDefinition {
        package: ::core::env!("CARGO_PKG_NAME"),
        version: ::core::env!("CARGO_PKG_VERSION"),
        name: "chess-board",
        title: ::core::option::Option::None,
        description: ::core::option::Option::None,
        csp: ::pmcp_apps::__private::Csp {
            connect: &[],
            resource: &[],
            frame: &[],
            base_uri: &[],
            redirect: &[],
        },
        permissions: ::pmcp_apps::__private::Permissions {
            camera: false,
            microphone: false,
            geolocation: false,
            clipboard_write: false,
        },
        domain: ::core::option::Option::None,
        border: ::core::option::Option::None,
        tools: &[],
        modes: &["inline"],
        invoking: ::core::option::Option::None,
        invoked: ::core::option::Option::None,
        bridge: true,
        budget: 524288usize,
        document: "…",
        source: __PMCP_SOURCE,
    };
    impl ::pmcp_apps::__private::ToolWidget for ChessBoard {
        fn fill(
            __pmcp_meta: &mut ::pmcp_apps::__private::Map<
                ::std::string::String,
                ::pmcp_apps::__private::Value,
            >,
        ) {
            __PMCP_WIDGET.fill_tool(__pmcp_meta);
        }
    }
    impl ::pmcp_apps::__private::Widget for ChessBoard {
        fn definition() -> &'static ::pmcp_apps::__private::WidgetDefinition {
            &__PMCP_WIDGET
        }
    }
};
const _: &[::core::primitive::u8] = ::core::include_bytes!(
    ::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/tests/board/board.css")
);
const _: &[::core::primitive::u8] = ::core::include_bytes!(
    ::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/tests/board/index.html")
);
