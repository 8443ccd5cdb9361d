//! Many instances of the real router over one store, in a simulation that repeats: every choice comes from a seed, time
//! passes only when nothing else can happen, and each seed is one thread.
//!
//! - A [`machine`] is a Tokio runtime that is run poll by poll; an [`instance`] is a `TaskRouter` on one. Which machine is
//!   polled next is a choice. An instance is killed by dropping its machine between two polls; it stands still by not being
//!   polled.
//! - The [`network`] between an instance and the memory backend delays operations, fails them, loses their replies, and
//!   delivers them after the caller has died. What the store then holds is kept in [`books`] beside it.
//! - [`client`]s of both revisions want tasks (racing for a small quota, with idempotency keys), look, wait, list, answer,
//!   cancel, and go away; [`tools`] work, record steps, change variables, ask, fail, panic and hang, as the [`plan`] of each
//!   call says. Both enter what they were told in the [`ledger`].
//! - After the chaos comes [`calm`]: the faults end, and the promises of [`promise`] are checked.
//!
//! A run is a function of its seed and the number of instances as long as the code under test takes no choice of its own:
//! `select!` has to be `biased`, and no order may come from a hash map. `a_seed_repeats_itself` holds it to that.
//!
//! What it finds: of twenty ways to break the code under test (a fence ignored, a step not recorded, a claim not adopted, …)
//! most show within ten seeds; what needs a crash in one certain moment shows after thousands, or with more instances.
//!
//! `cargo xtask simulate --help` tells how to run more, and how to repeat a seed that failed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "the figures of a run are its result")]
#![cfg(feature = "macros")]

mod books;
mod brief;
mod calm;
mod client;
mod instance;
mod ledger;
mod machine;
mod network;
mod peer;
mod plan;
mod promise;
mod random;
mod runner;
mod sim;
mod time;
mod tools;
mod trace;
mod weather;
mod world;

use crate::{
    runner::{Request, report},
    weather::{NotYet, Options},
};

/// Hears what is told of failures, which are planned here: with nobody there it would go to standard error.
fn hear() {
    // The other test may have begun.
    let _ = tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::new());
}

#[test]
fn every_promise_is_kept() {
    hear();
    let request = Request::from_environment();
    let summary = request.run();
    if let Some(failed) = summary.failed {
        panic!("{}", report(&request, failed));
    }
    println!("{summary}");
}

#[test]
fn a_seed_repeats_itself() {
    hear();
    for seed in 0..25 {
        let options = Options { seed, instances: 3, not_yet: NotYet::default() };
        let [one, two] = [(); 2].map(|()| world::run(options, true).sim.trace.lines());
        let differs = (0..one.len().max(two.len())).find(|at| one.get(*at) != two.get(*at));
        if let Some(at) = differs {
            let before = one[at.saturating_sub(20)..at].join("\n");
            panic!("seed {seed}, after\n{before}\ncomes once\n{:?}\nand once\n{:?}", one.get(at), two.get(at));
        }
    }
}
