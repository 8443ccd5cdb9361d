/// The board, with its legal moves.
#[cfg(unix)]
#[allow(deprecated)]
#[derive(Clone, Copy)]
pub(crate) struct Board;
#[cfg(unix)]
#[allow(deprecated)]
const _: () = {
    const _: () = ::core::assert!(
        crate ::apps::__private::same(crate ::apps::__private::tool_name:: < move_piece >
        (), "move_piece"),
        "the tool `move_piece` has another name for clients\nhelp: write `tools(move_piece = \"…\")` with the `name` of its `#[task_tool]`"
    );
    const _: () = ::core::assert!(
        crate ::apps::__private::same(crate ::apps::__private::tool_name:: < moves::legal
        > (), "legal-moves"),
        "the tool `moves::legal` has another name for clients\nhelp: write `tools(moves::legal = \"…\")` with the `name` of its `#[task_tool]`"
    );
    const _: () = {
        #[deprecated(
            note = "`https://api.example.com` is declared in `csp(…)`, but nothing in `tests/board` uses it\nhelp: remove it; `cargo pmcp app check` tells what is used at run time"
        )]
        const ADVICE: () = ();
        ADVICE
    };
    const _: () = {
        #[deprecated(
            note = "`https://shop.example.com` is declared in `csp(…)`, but nothing in `tests/board` uses it\nhelp: remove it; `cargo pmcp app check` tells what is used at run time"
        )]
        const ADVICE: () = ();
        ADVICE
    };
    #[cfg(debug_assertions)]
    const __PMCP_SOURCE: ::core::option::Option<crate::apps::__private::WidgetSource> = ::core::option::Option::Some(crate::apps::__private::WidgetSource {
        crate_dir: ::core::env!("CARGO_MANIFEST_DIR"),
        dir: "tests/board",
    });
    #[cfg(not(debug_assertions))]
    const __PMCP_SOURCE: ::core::option::Option<crate::apps::__private::WidgetSource> = ::core::option::Option::None;
    static __PMCP_WIDGET: crate::apps::__private::WidgetDefinition = crate::apps::__private::WidgetDefinition {
        package: ::core::env!("CARGO_PKG_NAME"),
        version: ::core::env!("CARGO_PKG_VERSION"),
        name: "the-board",
        title: ::core::option::Option::Some("Board"),
        description: ::core::option::Option::Some("The board, with its legal moves."),
        csp: crate::apps::__private::Csp {
            connect: &["https://api.example.com"],
            resource: &[],
            frame: &[],
            base_uri: &[],
            redirect: &["https://shop.example.com"],
        },
        permissions: crate::apps::__private::Permissions {
            camera: false,
            microphone: false,
            geolocation: true,
            clipboard_write: false,
        },
        domain: ::core::option::Option::Some("board.example.com"),
        border: ::core::option::Option::Some(false),
        tools: &["move_piece", "legal-moves"],
        modes: &["inline", "fullscreen"],
        invoking: ::core::option::Option::Some("Setting up"),
        invoked: ::core::option::Option::Some("Set up"),
        bridge: true,
        budget: 65536usize,
        document: "…",
        source: __PMCP_SOURCE,
    };
    impl crate::apps::__private::ToolWidget for Board {
        fn fill(
            __pmcp_meta: &mut crate::apps::__private::Map<
                ::std::string::String,
                crate::apps::__private::Value,
            >,
        ) {
            __PMCP_WIDGET.fill_tool(__pmcp_meta);
        }
    }
    impl crate::apps::__private::Widget for Board {
        fn definition() -> &'static crate::apps::__private::WidgetDefinition {
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
