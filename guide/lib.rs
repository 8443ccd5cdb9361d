//! The guide. `src/` has its pages, `cargo xtask guide` makes a book of them, and here every code block of theirs is a test.

/// Makes the code blocks of pages tests.
macro_rules! pages {
    ($($name:ident: $file:literal,)*) => {
        $(
            #[cfg(doctest)]
            #[doc = include_str!(concat!("src/", $file))]
            mod $name {}
        )*
    };
}

pages! {
    first_server: "first-server.md",
    tasks: "tasks.md",
    questions: "questions.md",
    prompts_and_resources: "prompts-and-resources.md",
    workflows: "workflows.md",
    widgets: "widgets.md",
    stores: "stores.md",
    production: "production.md",
    hosts: "hosts.md",
    testing: "testing.md",
    macro_errors: "macro-errors.md",
    from_rmcp: "from-rmcp.md",
    from_pmcp: "from-pmcp.md",
    from_fastmcp: "from-fastmcp.md",
}
