//! What each operation asks of the store, and how many commits that takes, on every store.

mod bench;
mod calls;
mod tasks;
mod work;
mod workers;
mod workflows;

use bench::{Bench, Store};

/// Every case on a store, one named test each.
macro_rules! costs_on {
    ($name:ident, $store:expr $(, ignore = $reason:literal)?) => {
        mod $name {
            use super::*;

            every_case!($store $(, $reason)?);
        }
    };
}

macro_rules! cases {
    ($($module:ident: $($case:ident)*;)*) => {
        macro_rules! every_case {
            ($store:expr) => { $($(
                #[tokio::test]
                async fn $case() {
                    $module::$case(Bench::new($store).await).await;
                }
            )*)* };
            ($store:expr, $reason:literal) => { $($(
                #[tokio::test]
                #[ignore = $reason]
                async fn $case() {
                    $module::$case(Bench::new($store).await).await;
                }
            )*)* };
        }
    };
}

cases! {
    tasks:
        a_life create get list cancel_elsewhere cancel_here cancel_what_has_ended answer set_variables
        answer_and_set_variables result result_that_waits listen session refusals;
    calls:
        plain plain_questions_first plain_question_and_retry repeat_with_the_same_key quota;
    work:
        steps variables several_variables progress message question;
    workers:
        queued none_queued recovery failure_of_the_dead idle_period;
    workflows:
        a_run_of_a_workflow calls_of_a_run parked_runs_cost_nothing;
}

costs_on!(memory, Store::memory());
costs_on!(sqlite, Store::sqlite().await);
