//! Measures the budgets of our crates beside their peers, in one run. `cargo xtask bench` builds and starts it, and tells
//! its options.

mod build_cost;
mod create;
mod duel;
mod lifecycle;
mod list;
mod ours;
mod push;
mod table;

use lexopt::prelude::*;
use measure::Workers;

use crate::table::Table;

/// What the command line asks for.
#[derive(Debug, Default)]
struct Options {
    names: Vec<String>,
    quick: bool,
    build_cost: bool,
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
struct Effort {
    quick: bool,
}

impl Effort {
    /// The one number or the other.
    fn of<T>(self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }
}

fn main() -> anyhow::Result<()> {
    let options = parse(lexopt::Parser::from_env())?;
    let effort = Effort { quick: options.quick };
    let workers = Workers::new()?;
    let mut table = Table::default();
    if options.build_cost {
        build_cost::measure(&mut table)?;
    } else {
        let wanted = |name| options.names.is_empty() || options.names.iter().any(|wanted| wanted == name);
        if wanted("create") {
            create::measure(&workers, effort, &mut table)?;
        }
        if wanted("lifecycle") {
            lifecycle::measure(&workers, effort, &mut table)?;
        }
        if wanted("list") {
            list::measure(&workers, effort, &mut table)?;
        }
        if wanted("push") {
            push::measure(&workers, effort, &mut table)?;
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
            Value(name) => {
                let name = name.string()?;
                if !["create", "lifecycle", "list", "push"].contains(&name.as_str()) {
                    anyhow::bail!("there is no row named `{name}`");
                }
                options.names.push(name);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(options)
}
