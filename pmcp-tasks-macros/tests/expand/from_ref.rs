const _: () = {
    impl ::pmcp_tasks::__private::FromRef<App> for Database {
        fn from_ref(__pmcp_state: &App) -> Self {
            ::pmcp_tasks::__private::part::<Database>(&__pmcp_state.db)
        }
    }
};
