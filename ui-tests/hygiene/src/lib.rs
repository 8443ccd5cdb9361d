//! The macros where nothing has its usual name: no prelude, types and modules that shadow the standard library's, a
//! renamed dependency, and every lint on. That it compiles is the test.

#![no_implicit_prelude]
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, unused)]

#[expect(dead_code, non_camel_case_types, reason = "names in the way of generated code")]
mod in_the_way {
    pub(crate) struct Result;
    pub(crate) struct Option;
    pub(crate) struct Vec;
    pub(crate) struct String;
    pub(crate) struct Box;
    pub(crate) struct Self_;
    pub(crate) struct str;
    pub(crate) struct bool;
    pub(crate) struct Ok;
    pub(crate) struct Err;
    pub(crate) struct Some;
    pub(crate) struct None;
    pub(crate) mod std {}
    pub(crate) mod core {}
    pub(crate) mod serde {}
    pub(crate) mod serde_json {}
    pub(crate) mod schemars {}
    pub(crate) mod pmcp_apps {}
    pub(crate) mod pmcp_tasks {}
    pub(crate) struct Widget;
    pub(crate) struct ToolWidget;
    pub(crate) struct WidgetDefinition;
    pub(crate) trait Into {}
    pub(crate) trait From {}
    pub(crate) trait Default {}
    pub(crate) trait Clone {}
    pub(crate) trait Send {}
    pub(crate) trait Fn {}
    pub(crate) trait Tool {}
}

/// Tools.
pub mod tools {
    #[expect(unused_imports, reason = "names in the way of generated code")]
    use super::in_the_way::*;

    /// What the server has.
    #[derive(::renamed::FromRef, ::core::clone::Clone, ::core::fmt::Debug)]
    #[from_ref(crate = ::renamed)]
    pub struct App {
        /// A number.
        pub number: u64,
    }

    /// What tasks share.
    #[derive(::renamed::TaskVariables, ::core::default::Default, ::core::fmt::Debug)]
    #[task_variables(crate = ::renamed)]
    pub struct Progress {
        /// How far it is.
        pub done: u64,
        /// What is left.
        #[variable(hidden)]
        pub left: ::std::vec::Vec<u8>,
    }

    /// What the user is asked.
    #[derive(::renamed::Form, ::core::fmt::Debug)]
    #[form(crate = ::renamed)]
    pub struct Wish {
        /// How many.
        #[form(title = "Count", range = 1..=9, default = 3)]
        pub count: u8,
        /// What for.
        #[form(format = "email", length = ..=80, default = "")]
        pub note: ::std::string::String,
        /// Of which size.
        #[form(default)]
        pub size: ::core::option::Option<Size>,
    }

    /// A choice.
    #[derive(::renamed::Form, ::core::fmt::Debug)]
    #[form(crate = ::renamed)]
    #[serde(rename_all = "lowercase")]
    pub enum Size {
        /// As small as can be.
        Small,
        /// Large.
        #[form(title = "LARGE")]
        Large,
    }

    /// Has everything a tool can have.
    ///
    /// # Errors
    /// Never.
    #[::renamed::task_tool(
        crate = ::renamed,
        title = "All",
        icons = ["icon.svg", icon("https://example.com/dark.png", mime = "image/png", sizes = ["48x48"], theme = "dark")],
        ttl = "1h",
        timeout = "1m",
        read_only,
        meta = ::renamed::__private::Values::new()
    )]
    pub async fn everything(
        /// A path.
        path: &::core::primitive::str,
        #[arg(default = 3)] count: u64,
        note: ::core::option::Option<&::core::primitive::str>,
        #[ask("Sure?")] sure: u64,
        #[ask("Which?")] wish: Wish,
        task: ::renamed::TaskContext<Progress>,
        number: ::renamed::State<u64>,
    ) -> ::core::result::Result<u64, ::renamed::ToolError> {
        let done =
            task.variables().done.add(count + sure + <u64 as ::core::convert::From<u8>>::from(wish.count)).await?;
        ::core::result::Result::Ok(done + path.len() as u64 + note.map_or(0, |note| note.len() as u64) + number.0)
    }

    /// Its locals are named like nothing of ours.
    #[::renamed::task_tool(crate = ::renamed, support = "forbidden")]
    pub async fn state(arguments: u8, given: u8, specs: u8, value: u8) -> u8 {
        arguments + given + specs + value
    }

    /// Nobody may call it.
    #[::renamed::task_tool(crate = ::renamed)]
    #[deprecated]
    pub async fn old() {}

    // The manifest says by which name the crate goes.
    #[::renamed::task_tool]
    async fn private() {}

    /// Has everything a widget can have.
    #[::apps::widget(
        crate = ::apps,
        dir = "widgets/board",
        title = "Board",
        csp(connect = ["https://api.example.com"], redirect = []),
        permissions(clipboard_write),
        domain = "board.example.com",
        border,
        tools(self::everything, private),
        modes("inline", "pip"),
        invoking = "…",
        invoked = "!",
        budget = "64KiB"
    )]
    #[derive(::core::fmt::Debug)]
    pub struct Board;

    // The manifest says by which name its crate goes, too.
    #[::apps::widget(dir = "widgets/board", csp(connect = ["https://api.example.com"]))]
    struct Private;

    /// Opens one.
    #[::renamed::task_tool(crate = ::renamed, widget = self::Board, visibility = "model", support = "forbidden")]
    pub async fn show_board() {}

    /// Both.
    #[must_use]
    pub fn widgets() -> [&'static ::apps::WidgetDefinition; 2] {
        [<Board as ::apps::Widget>::definition(), <Private as ::apps::Widget>::definition()]
    }

    /// Begins a workflow, whose arguments are named like its own.
    #[::renamed::task_tool(crate = ::renamed, args = Deploy)]
    pub async fn begin(service: ::std::string::String, step: u64) -> u64 {
        step + service.len() as u64
    }

    /// Has every kind of step.
    #[::renamed::workflow(
        crate = ::renamed,
        name = "all",
        icons = ["icon.svg"],
        ttl = "2d",
        finish_on_cancel,
        meta = ::renamed::__private::Values::new()
    )]
    impl Deploy {
        /// A function of its own.
        #[must_use]
        pub fn service(&self) -> &::core::primitive::str {
            &self.service
        }

        /// Is run by the server.
        ///
        /// # Errors
        /// Never.
        #[::renamed::step(hidden, timeout = "1m")]
        pub async fn value(
            &self,
            task: ::renamed::TaskContext<Progress>,
            number: &::renamed::State<u64>,
        ) -> ::core::result::Result<u64, ::renamed::ToolError> {
            ::core::result::Result::Ok(task.variables().done.add(self.step + number.0).await?)
        }

        #[::renamed::step(tool = state, on_error = "skip")]
        fn fields(&self, value: &u64) -> StateArgs {
            StateArgs { arguments: 1, given: value.to_le_bytes()[0], specs: self.step.to_le_bytes()[0], value: 2 }
        }

        #[::renamed::step(client, output = ::std::vec::Vec<u64>)]
        fn outputs(
            &self,
            fields: ::core::option::Option<&u8>,
            #[variables] variables: &Progress,
        ) -> ::core::option::Option<::std::string::String> {
            fields.map(|fields| ::std::format!("{fields}{}", variables.done))
        }

        #[::renamed::step(client, tool = private)]
        fn reading(
            &self,
            _outputs: ::core::option::Option<&[u64]>,
        ) -> ::core::result::Result<PrivateArgs, ::renamed::ToolError> {
            ::core::result::Result::Ok(PrivateArgs {})
        }

        /// Is the last.
        #[::renamed::step]
        pub async fn arguments(&self, _reading: (), value: u64, cx: ::renamed::ToolContext) -> ::std::string::String {
            ::std::format!("{value}{cx:?}")
        }
    }

    /// The workflow.
    #[must_use]
    pub fn planned() -> ::std::sync::Arc<dyn ::renamed::workflow::Plan<App>> {
        ::renamed::workflow::plan::<Deploy, App>()
    }

    /// Has everything a prompt can have.
    ///
    /// # Errors
    /// It has none, but for the type.
    #[::renamed::prompt(
        crate = ::renamed,
        name = "all",
        title = "All",
        icons = ["icon.svg"],
        meta = ::renamed::__private::Values::new()
    )]
    pub async fn asking(
        /// A path.
        #[complete(self::paths)]
        path: &::core::primitive::str,
        #[arg(default = 3)] given: u64,
        note: ::core::option::Option<&::core::primitive::str>,
        run: &::renamed::ToolContext,
        number: ::renamed::State<u64>,
    ) -> ::core::result::Result<::std::string::String, ::renamed::ToolError> {
        ::core::result::Result::Ok(::std::format!("{path}{given}{note:?}{run:?}{}", number.0))
    }

    /// Takes its arguments as one.
    #[::renamed::prompt]
    async fn asking_whole(#[args] arguments: Deploy) -> &'static ::core::primitive::str {
        let _: Deploy = arguments;
        ""
    }

    /// Has everything a resource can have.
    #[::renamed::resource(
        crate = ::renamed,
        uri = "all://{state}/{request}",
        name = "all",
        title = "All",
        mime = "text/plain",
        icons = ["icon.svg", icon("icon.svg", theme = "light")],
        audience = ["user", "assistant"],
        priority = 0.5,
        meta = ::renamed::__private::Values::new()
    )]
    pub async fn reading(
        state: u64,
        #[complete(paths)] request: &::core::primitive::str,
        number: ::renamed::State<u64>,
    ) -> ::std::string::String {
        ::std::format!("{state}{request}{}", number.0)
    }

    /// Has everything a completion can have.
    #[::renamed::complete(crate = ::renamed)]
    pub async fn paths(
        state: &::core::primitive::str,
        run: ::renamed::ToolContext,
        number: ::renamed::State<u64>,
    ) -> ::std::vec::Vec<::std::string::String> {
        ::std::vec![::std::format!("{state}{run:?}{}", number.0)]
    }

    /// Offers them.
    #[must_use]
    pub fn offered() -> impl ::core::fmt::Debug {
        let state = App { number: 1 };
        let offers = ::renamed::offer::Offers::builder().prompt_function::<asking, _>(&state);
        offers.prompt_function::<asking_whole, _>(&state).resource_function::<reading, _>(&state)
    }

    /// Not built.
    #[::renamed::task_tool(crate = ::renamed)]
    #[cfg(any())]
    pub async fn absent(missing: Missing) {}

    /// Registers them.
    #[must_use]
    pub fn registered() -> impl ::core::fmt::Debug {
        ::renamed::TaskRouter::builder().state(App { number: 1 }).tool::<everything>().tool::<state>().tool::<private>()
    }
}
