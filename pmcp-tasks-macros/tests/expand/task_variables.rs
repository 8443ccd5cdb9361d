/// The variables of [`ImportState`]: a handle to each.
#[allow(dead_code, missing_docs, private_interfaces, unreachable_pub)]
#[derive(::core::fmt::Debug)]
pub struct ImportStateVariables<'a> {
    /// Rows so far.
    pub rows: ::pmcp_tasks::__private::Variable<'a, u64>,
    pub cursor: ::pmcp_tasks::__private::Variable<'a, Option<String>>,
    pub dry_run: ::pmcp_tasks::__private::Variable<'a, bool>,
    __pmcp_cells: &'a ::pmcp_tasks::__private::Cells,
}
#[allow(dead_code, private_interfaces, unreachable_pub)]
impl ImportStateVariables<'_> {
    /// Every variable, read in one operation.
    ///
    /// # Errors
    /// A stored value has another type, or the store failed.
    pub async fn get(
        &self,
    ) -> ::core::result::Result<ImportState, ::pmcp_tasks::__private::VariableError> {
        self.__pmcp_cells.read::<ImportState>().await
    }
    /// Changes several variables in one durable write, and returns all of them. When somebody else changed one
    /// of them in between, it starts over, so `change` may run several times.
    ///
    /// # Errors
    /// A value does not serialise, the variables would be too large, the task is lost, or the store failed.
    pub async fn update(
        &self,
        change: impl ::core::ops::FnMut(&mut ImportState) + ::core::marker::Send,
    ) -> ::core::result::Result<ImportState, ::pmcp_tasks::__private::VariableError> {
        self.__pmcp_cells.update::<ImportState>(change).await
    }
}
const _: () = {
    struct __PmcpSpecs {
        rows: ::pmcp_tasks::__private::VariableSpec<u64>,
        cursor: ::pmcp_tasks::__private::VariableSpec<Option<String>>,
        dry_run: ::pmcp_tasks::__private::VariableSpec<bool>,
    }
    fn __pmcp_specs() -> __PmcpSpecs {
        use ::pmcp_tasks::__private::{HasNoSchema as _, HasSchema as _};
        __PmcpSpecs {
            rows: ::pmcp_tasks::__private::variable::<u64>("rows", false, false)
                .described(
                    ::core::option::Option::Some("Rows so far."),
                    (&::pmcp_tasks::__private::SchemaOf::<u64>::new()).schema(),
                ),
            cursor: ::pmcp_tasks::__private::variable::<
                Option<String>,
            >("cursor", true, false)
                .described(
                    ::core::option::Option::None,
                    (&::pmcp_tasks::__private::SchemaOf::<Option<String>>::new())
                        .schema(),
                ),
            dry_run: ::pmcp_tasks::__private::variable::<bool>("dryRun", false, true)
                .described(
                    ::core::option::Option::None,
                    (&::pmcp_tasks::__private::SchemaOf::<bool>::new()).schema(),
                ),
        }
    }
    impl ::pmcp_tasks::__private::TaskVariables for ImportState {
        type Variables<'a> = ImportStateVariables<'a>;
        fn variables<'a>(
            __pmcp_cells: &'a ::pmcp_tasks::__private::Cells,
        ) -> ImportStateVariables<'a> {
            ImportStateVariables {
                rows: ::pmcp_tasks::__private::Variable::new(
                    __pmcp_cells,
                    "rows",
                    || ::pmcp_tasks::__private::default_of::<Self>().rows,
                ),
                cursor: ::pmcp_tasks::__private::Variable::new(
                    __pmcp_cells,
                    "cursor",
                    || ::pmcp_tasks::__private::default_of::<Self>().cursor,
                ),
                dry_run: ::pmcp_tasks::__private::Variable::new(
                    __pmcp_cells,
                    "dryRun",
                    || ::pmcp_tasks::__private::default_of::<Self>().dry_run,
                ),
                __pmcp_cells,
            }
        }
        fn fields() -> ::std::vec::Vec<::pmcp_tasks::__private::FieldDefinition> {
            let __pmcp_specs = __pmcp_specs();
            let __pmcp_default = ::pmcp_tasks::__private::default_of::<Self>();
            ::core::convert::From::from([
                __pmcp_specs.rows.field(&__pmcp_default.rows),
                __pmcp_specs.cursor.field(&__pmcp_default.cursor),
                __pmcp_specs.dry_run.field(&__pmcp_default.dry_run),
            ])
        }
        fn write(
            &self,
        ) -> ::core::result::Result<
            ::pmcp_tasks::__private::Values,
            ::pmcp_tasks::__private::VariableError,
        > {
            let __pmcp_specs = __pmcp_specs();
            let mut __pmcp_values = ::pmcp_tasks::__private::Values::new();
            __pmcp_specs.rows.write(&self.rows, &mut __pmcp_values)?;
            __pmcp_specs.cursor.write(&self.cursor, &mut __pmcp_values)?;
            __pmcp_specs.dry_run.write(&self.dry_run, &mut __pmcp_values)?;
            ::core::result::Result::Ok(__pmcp_values)
        }
        fn read(
            mut __pmcp_values: ::pmcp_tasks::__private::Values,
        ) -> ::core::result::Result<Self, ::pmcp_tasks::__private::VariableError> {
            let __pmcp_specs = __pmcp_specs();
            let __pmcp_default = ::pmcp_tasks::__private::default_of::<Self>();
            ::core::result::Result::Ok(Self {
                rows: __pmcp_specs.rows.read(&mut __pmcp_values, __pmcp_default.rows)?,
                cursor: __pmcp_specs
                    .cursor
                    .read(&mut __pmcp_values, __pmcp_default.cursor)?,
                dry_run: __pmcp_specs
                    .dry_run
                    .read(&mut __pmcp_values, __pmcp_default.dry_run)?,
            })
        }
    }
};
