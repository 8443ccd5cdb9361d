//! The contract of [`StorageBackend`]: one case a rule. [`storage_contract!`](crate::storage_contract) makes a test of
//! each.
//!
//! A case takes an empty backend of its own and panics when the backend breaks the rule in the case's name.

mod burial;
mod claim;
mod create;
mod get;
mod merge;
mod page;
mod put;
mod races;
mod room;

use std::sync::Arc;

pub use self::{burial::*, claim::*, create::*, get::*, merge::*, page::*, put::*, races::*, room::*};
use crate::store::{StorageBackend, backend::Written};

/// The backend a case is given.
pub type Backend = Arc<dyn StorageBackend>;

/// Hides a backend's type, as the runtime does.
pub fn erase(backend: impl StorageBackend) -> Backend {
    Arc::new(backend)
}

#[track_caller]
fn assert_done(written: &Written, version: u64, fence: u64) {
    assert_eq!(*written, Written::Done { version, fence });
}

#[track_caller]
fn assert_conflict(written: &Written, actual: u64) {
    assert!(matches!(written, Written::Conflict(task) if task.version == actual), "{written:?}");
}

/// Gives a [`StorageBackend`](crate::store::StorageBackend) the whole contract suite: a module of the given name with
/// one test per case.
///
/// The expression is evaluated anew for each test, in a Tokio runtime, and must give an empty store; it may `.await`.
/// A value it borrows from lives as long as the test. A backend that needs a service is ignored with the reason, and
/// its tests are run with `--include-ignored`.
///
/// ```
/// use pmcp_tasks::{storage_contract, store::MemoryBackend};
///
/// storage_contract!(memory, MemoryBackend::new());
/// storage_contract!(bounded, MemoryBackend::with_retained(1000), ignore = "takes the same time again");
/// ```
#[macro_export]
macro_rules! storage_contract {
    ($name:ident, $backend:expr $(,)?) => {
        $crate::storage_contract!(@module $name, $backend, []);
    };
    ($name:ident, $backend:expr, ignore = $reason:literal $(,)?) => {
        $crate::storage_contract!(@module $name, $backend, [#[ignore = $reason]]);
    };
    (@module $name:ident, $backend:expr, $ignore:tt) => {
        #[cfg(test)]
        mod $name {
            #[allow(unused_imports, reason = "the expression may name everything by its full path")]
            use super::*;

            $crate::storage_contract!(@cases $backend, $ignore,
                first_version_and_fence_are_one
                a_created_task_is_read_back_whole
                the_same_create_again_is_replayed
                the_same_create_again_is_replayed_at_a_full_quota
                the_same_create_with_an_idempotency_key_is_replayed
                a_full_quota_refuses_without_a_trace
                the_quota_is_a_parameter
                an_expired_task_frees_its_place
                a_sealed_task_frees_its_place
                a_deleted_task_frees_its_place
                each_owner_has_a_quota
                tasks_sealed_first_make_room
                nothing_is_left_of_a_task_that_made_room
                a_sealing_write_makes_room
                a_sealed_task_is_kept_whatever_it_takes
                live_tasks_that_leave_no_room_refuse_without_a_trace
                a_task_larger_than_the_room_is_refused
                every_part_takes_room
                expired_and_deleted_tasks_take_no_room
                a_task_created_anew_takes_its_own_room
                each_owner_has_room
                a_repeat_needs_no_room
                racing_creates_keep_to_the_room
                an_idempotency_key_gives_the_same_task
                an_idempotency_key_with_another_payload_differs
                an_idempotency_key_belongs_to_its_owner
                an_idempotency_key_expires_with_its_task
                an_idempotency_key_goes_with_a_deleted_task
                a_recreated_key_starts_at_version_one
                a_missing_key_is_missing
                another_owners_key_is_missing
                an_expired_task_is_missing
                a_sealed_task_expires
                only_the_parts_asked_for_are_read
                every_value_is_kept
                a_large_part_is_stored
                an_oversize_part_leaves_no_trace
                a_clock_set_back_is_harmless
                delete_is_idempotent
                an_arc_is_a_backend
                the_current_version_is_accepted
                stale_version_is_rejected
                stale_fence_is_rejected
                without_a_fence_the_version_decides
                the_same_put_again_is_replayed
                the_last_eight_puts_are_recognised
                a_rejected_put_is_not_remembered
                a_sealing_put_ends_the_task
                nothing_changes_a_sealed_task
                the_same_seal_again_is_replayed
                a_new_holder_raises_the_fence
                a_step_is_recorded_with_the_head
                the_first_value_of_a_step_stands_in_a_write_of_the_head
                a_refused_put_records_no_step
                an_oversize_step_in_a_put_leaves_no_trace
                a_merge_leaves_other_fields
                the_same_merge_again_is_applied_once
                merges_whose_ids_are_alike_in_part_are_different_ones
                an_applied_merge_is_replayed_whatever_happened_since
                the_last_64_merges_are_recognised
                puts_and_merges_are_remembered_apart
                set_if_finds_what_it_expects
                set_if_that_finds_another_value_writes_nothing
                a_refused_merge_is_not_remembered
                max_bytes_bounds_all_variables
                a_merge_under_an_old_fence_is_lost
                field_names_are_literal
                the_first_value_of_a_step_stands
                the_same_record_again_finds_its_step
                a_record_under_an_old_fence_is_lost
                step_names_are_literal
                names_may_be_long
                a_step_changes_variables_in_its_own_write
                a_step_whose_changes_cannot_be_made_is_not_recorded
                a_page_is_newest_first
                a_page_holds_tasks_without_parts
                pages_hold_each_task_once
                the_last_page_says_so
                equal_stamps_are_ordered_by_id
                stamps_are_ordered_as_numbers
                a_page_lists_one_scope
                a_task_without_scope_is_not_listed
                expired_tasks_are_not_listed
                a_cursor_outlives_its_task
                a_claim_takes_a_task_over
                a_claim_takes_from_one_holder
                a_claim_takes_at_most_n
                sealed_and_expired_tasks_are_not_claimed
                a_claim_shuts_the_old_holder_out
                a_step_outlives_a_claim
                an_applied_put_is_replayed_after_a_claim
                held_is_paged_in_key_order
                a_released_task_waits_for_the_queue
                a_beat_raises_the_counter
                a_buried_worker_stays_buried
                a_renewed_worker_is_not_buried
                burying_again_is_true
                a_buried_worker_is_listed_until_it_is_settled
                who_holds_an_open_task_is_not_settled
                a_beat_notes_period_and_clock
                a_buried_worker_is_given_nothing
                a_create_before_the_burial_is_replayed_after_it
                a_buried_worker_claims_nothing
                a_buried_worker_takes_nothing
                a_buried_worker_ends_what_nobody_has_claimed
                what_races_a_burial_is_refused_or_found
                a_sweep_spares_the_living
                racing_creates_keep_the_quota
                racing_creates_with_one_idempotency_key_make_one_task
                of_racing_puts_one_wins
                racing_merges_of_different_fields_all_succeed
                merges_racing_the_seal_are_done_or_lost
                merges_racing_a_claim_are_read_by_it
                of_racing_set_ifs_one_succeeds
                of_racing_records_one_stands
                of_racing_claims_each_task_goes_to_one
                racing_holders_leave_one
                racing_burials_bury
                a_beat_racing_a_burial_has_one_outcome
            );
        }
    };
    (@cases $backend:expr, $ignore:tt, $($case:ident)*) => {
        $($crate::storage_contract!(@case $case, $backend, $ignore);)*
    };
    (@case $case:ident, $backend:expr, [$($ignore:tt)*]) => {
        #[test]
        $($ignore)*
        fn $case() {
            $crate::testing::block_on(async {
                $crate::testing::contract::$case($crate::testing::contract::erase($backend)).await
            });
        }
    };
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// The names after `mark` at the beginning of a line, up to the first character of no name.
    fn names<'a>(source: &'a str, mark: &'a str) -> impl Iterator<Item = &'a str> {
        source
            .lines()
            .filter_map(move |line| line.strip_prefix(mark))
            .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default())
    }

    #[test]
    fn every_case_is_in_the_suite() {
        let sources = [
            include_str!("burial.rs"),
            include_str!("claim.rs"),
            include_str!("create.rs"),
            include_str!("get.rs"),
            include_str!("merge.rs"),
            include_str!("page.rs"),
            include_str!("put.rs"),
            include_str!("races.rs"),
            include_str!("room.rs"),
        ];
        let cases: BTreeSet<_> = sources.iter().flat_map(|source| names(source, "pub async fn ")).collect();
        let suite: BTreeSet<_> =
            names(include_str!("mod.rs"), "                ").filter(|name| !name.is_empty()).collect();
        let missing: Vec<_> = cases.difference(&suite).collect();
        assert!(missing.is_empty() && cases.len() > 70, "not in `storage_contract!`: {missing:?}");
    }
}
