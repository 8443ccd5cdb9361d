//! Measures the budgets of our crates beside their peers, in one run. `cargo xtask bench` builds and starts it, and tells
//! its options.

mod build_cost;
mod capacity;
mod child;
mod commands;
mod counted;
mod create;
mod crowd;
mod duel;
mod fastmcp;
mod felt;
mod flood;
mod floods;
mod http;
mod http_server;
mod instances;
mod jwt;
mod lifecycle;
mod list;
mod memory;
mod monitor;
mod observed;
mod ours;
mod push;
mod relay;
mod sealed;
mod services;
mod sqlite;
mod stored;
mod table;
mod talk;
mod units;
mod wal;
mod wire;
mod workflows;

use std::time::Duration;

use anyhow::Context as _;
use lexopt::prelude::*;
use measure::Workers;

use crate::{
    child::Role,
    flood::{FLOODS, Flood},
    table::Table,
};

/// What the command line asks for.
#[derive(Debug, Default)]
struct Options {
    names: Vec<String>,
    quick: bool,
    build_cost: bool,
    /// Time of each flood.
    flood: Option<Duration>,
    /// The one flood that is measured.
    only: Option<Flood>,
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
struct Effort {
    quick: bool,
    flood: Option<Duration>,
    only: Option<Flood>,
}

impl Effort {
    /// The one number or the other.
    fn of<T>(self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }
}

/// What can be measured alone.
const ROWS: &[(&str, Measure)] = &[
    ("create", create::measure),
    ("lifecycle", lifecycle::measure),
    ("observed", observed::measure),
    ("list", list::measure),
    ("push", push::measure),
    ("sqlite", sqlite::measure),
    ("redis", services::redis),
    ("postgres", services::postgres),
    ("dynamodb", capacity::measure),
    ("instances", instances::measure),
    ("workflows", workflows::measure),
    ("crowd", crowd::measure),
    ("fastmcp", fastmcp::measure),
    ("http", http::measure),
    ("jwt", jwt::measure),
    ("sealed", sealed::measure),
    ("memory", memory::measure),
    ("felt", felt::measure),
    ("floods", floods::measure),
];

type Measure = fn(&Workers, Effort, &mut Table) -> anyhow::Result<()>;

fn main() -> anyhow::Result<()> {
    if let Some(role) = Role::from_args() {
        return match role.name.as_str() {
            "share" => sqlite::share(&role.path, role.argument.parse()?),
            "work" => instances::work(&role.argument),
            "run" => workflows::run(&role.argument),
            "work-on" => commands::work(&role.argument),
            "crowd" => crowd::work(&role.argument),
            "serve-http" => http_server::serve(),
            "serve-on" => http_server::serve_on(&role.argument),
            "serve-owners" => http_server::serve_owners(),
            "flood" => flood::flood(&role.path, &role.argument),
            other => anyhow::bail!("there is no role `{other}`"),
        };
    }
    let options = parse(lexopt::Parser::from_env())?;
    let effort = Effort { quick: options.quick, flood: options.flood, only: options.only };
    let workers = Workers::new(2)?;
    let mut table = Table::default();
    if options.build_cost {
        build_cost::measure(effort, &mut table)?;
    } else {
        for (name, measure) in ROWS {
            if options.names.is_empty() || options.names.iter().any(|wanted| wanted == name) {
                measure(&workers, effort, &mut table)?;
            }
        }
    }
    print!("{table}");
    Ok(())
}

fn parse(mut parser: lexopt::Parser) -> anyhow::Result<Options> {
    let mut options = Options::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("quick") => options.quick = true,
            Long("build-cost") => options.build_cost = true,
            Long("flood-seconds") => options.flood = Some(Duration::from_secs(parser.value()?.parse()?)),
            Long("flood") => {
                let name = parser.value()?.string()?;
                let flood = FLOODS.iter().find(|(_, known, _)| *known == name);
                options.only = Some(flood.with_context(|| format!("there is no flood named `{name}`"))?.0);
            }
            Value(name) => {
                let name = name.string()?;
                if !ROWS.iter().any(|(row, _)| *row == name) {
                    anyhow::bail!("there is no row named `{name}`");
                }
                options.names.push(name);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(options)
}
