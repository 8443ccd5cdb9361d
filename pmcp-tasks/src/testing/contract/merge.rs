//! Writing variables and steps.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a case panics when the backend breaks the contract"
)]

use std::collections::BTreeSet;

use super::{Backend, assert_done};
use crate::{
    store::backend::{FieldOp, Guard, HolderChange, Merge, Merged, Put, Recorded, Step, WriteId},
    testing::fixtures::{
        NOW, merge, pairs, put, read, seal, set, set_if, step, step_changing, task, variables, worker,
    },
};

/// Names that a store might take for syntax of its own.
const NAMES: [&str; 12] = ["a", "A", "a:b", "a#b", "a.b", "a b", "*", "?[a]", "a\0", "%", "'\"", "ключ 🔑"];

/// Fields are set, replaced and removed; the others stay, and so do head and version.
pub async fn a_merge_leaves_other_fields(backend: Backend) {
    let new = task(1);
    let key = &new.key;
    backend.create(&new, NOW).await.unwrap();
    let ops = [("a", set("1")), ("b", set("2")), ("c", set("3"))];
    assert_eq!(backend.merge(key, &merge(Guard::Open, ops), NOW).await.unwrap(), Merged::Done);
    let ops = [("b", set("4")), ("c", FieldOp::Remove), ("d", set("5")), ("e", FieldOp::Remove)];
    assert_eq!(backend.merge(key, &merge(Guard::Fence(1), ops), NOW).await.unwrap(), Merged::Done);
    assert_eq!(variables(&backend, key).await, pairs([("a", "1"), ("b", "4"), ("d", "5")]));
    let stored = read(&backend, key).await.unwrap();
    assert_eq!((stored.version, stored.head), (1, new.head));
}

/// The same merge again is applied once.
pub async fn the_same_merge_again_is_applied_once(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    let first = merge(Guard::Open, [("a", set("1"))]);
    assert_eq!(backend.merge(&new.key, &first, NOW).await.unwrap(), Merged::Done);
    backend.merge(&new.key, &merge(Guard::Open, [("a", set("2"))]), NOW).await.unwrap();
    assert_eq!(backend.merge(&new.key, &first, NOW).await.unwrap(), Merged::Replayed);
    assert_eq!(variables(&backend, &new.key).await, pairs([("a", "2")]));
}

/// Merges whose ids begin alike, or end alike, are different ones: a process may count its writes at either end.
pub async fn merges_whose_ids_are_alike_in_part_are_different_ones(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    let names = ["a", "b", "c", "d"];
    for (name, id) in names.into_iter().zip([(7 << 64) | 1, (7 << 64) | 2, (8 << 64) | 1, (8 << 64) | 2]) {
        let merge = Merge { write: WriteId(id), ..merge(Guard::Open, [(name, set("1"))]) };
        assert_eq!(backend.merge(&new.key, &merge, NOW).await.unwrap(), Merged::Done);
        assert_eq!(backend.merge(&new.key, &merge, NOW).await.unwrap(), Merged::Replayed);
    }
    assert_eq!(variables(&backend, &new.key).await, pairs(names.map(|name| (name, "1"))));
}

/// A repeated `add` whose reply was lost is `Replayed`, not `Changed`, also once the task is taken over or sealed.
pub async fn an_applied_merge_is_replayed_whatever_happened_since(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    let add = merge(Guard::Fence(1), [("count", set_if(None, "1"))]);
    assert_eq!(backend.merge(&new.key, &add, NOW).await.unwrap(), Merged::Done);
    assert_eq!(backend.merge(&new.key, &add, NOW).await.unwrap(), Merged::Replayed);
    backend.put(&new.key, &Put { holder: HolderChange::Take(worker(1)), ..put(1) }, NOW).await.unwrap();
    assert_eq!(backend.merge(&new.key, &add, NOW).await.unwrap(), Merged::Replayed);
    backend.put(&new.key, &seal(2), NOW).await.unwrap();
    assert_eq!(backend.merge(&new.key, &add, NOW).await.unwrap(), Merged::Replayed);
}

/// The last 64 writes of the variables are recognised.
pub async fn the_last_64_merges_are_recognised(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    let merges: Vec<_> = (0..80).map(|_| merge(Guard::Open, [("a", set("1"))])).collect();
    for merge in &merges {
        assert_eq!(backend.merge(&new.key, merge, NOW).await.unwrap(), Merged::Done);
    }
    for merge in &merges[16..] {
        assert_eq!(backend.merge(&new.key, merge, NOW).await.unwrap(), Merged::Replayed);
    }
}

/// Writes of the head and writes of variables are remembered apart: many of one forget none of the other.
pub async fn puts_and_merges_are_remembered_apart(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    let (first_put, first_merge) = (put(1), merge(Guard::Open, [("a", set("1"))]));
    backend.put(&new.key, &first_put, NOW).await.unwrap();
    backend.merge(&new.key, &first_merge, NOW).await.unwrap();
    for _ in 0..63 {
        backend.merge(&new.key, &merge(Guard::Open, [("b", set("2"))]), NOW).await.unwrap();
    }
    for version in 2..9 {
        assert_done(&backend.put(&new.key, &put(version), NOW).await.unwrap(), version + 1, 1);
    }
    let written = backend.put(&new.key, &first_put, NOW).await.unwrap();
    assert!(matches!(written, crate::store::backend::Written::Replayed(_)), "{written:?}");
    assert_eq!(backend.merge(&new.key, &first_merge, NOW).await.unwrap(), Merged::Replayed);
}

/// A `SetIf` writes when it finds the expected value or absence.
pub async fn set_if_finds_what_it_expects(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    for (was, value) in [(None, "1"), (Some("1"), ""), (Some(""), "2")] {
        let merge = merge(Guard::Open, [("a", set_if(was, value))]);
        assert_eq!(backend.merge(&new.key, &merge, NOW).await.unwrap(), Merged::Done);
        assert_eq!(variables(&backend, &new.key).await, pairs([("a", value)]));
    }
}

/// A `SetIf` that finds another value names its field and writes nothing, nor do the operations beside it.
pub async fn set_if_that_finds_another_value_writes_nothing(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    let ops = [("a", set("1")), ("empty", set(""))];
    backend.merge(&new.key, &merge(Guard::Open, ops), NOW).await.unwrap();
    for (field, was) in
        [("a", Some("2")), ("a", None), ("a", Some("")), ("absent", Some("1")), ("absent", Some("")), ("empty", None)]
    {
        let ops = [("x", set("9")), (field, set_if(was, "3")), ("y", set("9"))];
        let merged = backend.merge(&new.key, &merge(Guard::Open, ops), NOW).await.unwrap();
        assert_eq!(merged, Merged::Changed(field.into()), "{field} was {was:?}");
        assert_eq!(variables(&backend, &new.key).await, pairs([("a", "1"), ("empty", "")]));
    }
}

/// A refused merge is not remembered: repeated once it fits, it is applied.
pub async fn a_refused_merge_is_not_remembered(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    let late = merge(Guard::Open, [("a", set_if(Some("1"), "2"))]);
    assert_eq!(backend.merge(&new.key, &late, NOW).await.unwrap(), Merged::Changed("a".into()));
    backend.merge(&new.key, &merge(Guard::Open, [("a", set("1"))]), NOW).await.unwrap();
    assert_eq!(backend.merge(&new.key, &late, NOW).await.unwrap(), Merged::Done);
}

/// A merge that would pass `max_bytes` writes nothing; one that reaches it exactly is applied. What it replaces and
/// removes does not count.
pub async fn max_bytes_bounds_all_variables(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    let sized = |max_bytes, ops: [(&str, FieldOp); 2]| Merge { max_bytes, ..merge(Guard::Open, ops) };
    let first = sized(11, [("a", set("1234")), ("bb", set("1234"))]);
    assert_eq!(backend.merge(&new.key, &first, NOW).await.unwrap(), Merged::Done);
    let before = variables(&backend, &new.key).await;
    for ops in [[("a", set("12345")), ("none", FieldOp::Remove)], [("c", set("")), ("a", set("1234"))]] {
        assert_eq!(backend.merge(&new.key, &sized(11, ops), NOW).await.unwrap(), Merged::TooLarge);
        assert_eq!(variables(&backend, &new.key).await, before);
    }
    let exchange = sized(11, [("a", FieldOp::Remove), ("c", set("1234"))]);
    assert_eq!(backend.merge(&new.key, &exchange, NOW).await.unwrap(), Merged::Done);
    let grown = sized(13, [("c", set("123456")), ("none", FieldOp::Remove)]);
    assert_eq!(backend.merge(&new.key, &grown, NOW).await.unwrap(), Merged::Done);
    assert_eq!(variables(&backend, &new.key).await, pairs([("bb", "1234"), ("c", "123456")]));
    // Counted in bytes, not in characters.
    let wide = sized(15, [("c", set("🔑🔑")), ("none", FieldOp::Remove)]);
    assert_eq!(backend.merge(&new.key, &wide, NOW).await.unwrap(), Merged::Done);
    let wider = sized(15, [("c", set("🔑🔑a")), ("none", FieldOp::Remove)]);
    assert_eq!(backend.merge(&new.key, &wider, NOW).await.unwrap(), Merged::TooLarge);
}

/// A merge under another fence is `Lost` and writes nothing; `Open` needs none.
pub async fn a_merge_under_an_old_fence_is_lost(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    backend.put(&new.key, &Put { holder: HolderChange::Take(worker(1)), ..put(1) }, NOW).await.unwrap();
    for (guard, merged) in [
        (Guard::Fence(1), Merged::Lost),
        (Guard::Fence(3), Merged::Lost),
        (Guard::Fence(2), Merged::Done),
        (Guard::Open, Merged::Done),
    ] {
        assert_eq!(backend.merge(&new.key, &merge(guard, [("a", set("1"))]), NOW).await.unwrap(), merged, "{guard:?}");
        assert_eq!(variables(&backend, &new.key).await.is_empty(), merged == Merged::Lost);
    }
}

/// Any field name stands for itself alone.
pub async fn field_names_are_literal(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    for name in NAMES {
        let merge = merge(Guard::Open, [(name, set_if(None, "1"))]);
        assert_eq!(backend.merge(&new.key, &merge, NOW).await.unwrap(), Merged::Done, "{name:?}");
    }
    let names: BTreeSet<_> = variables(&backend, &new.key).await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, NAMES.map(str::to_owned).into());
    for (name, left) in NAMES.into_iter().zip((0..NAMES.len()).rev()) {
        let remove = merge(Guard::Open, [(name, FieldOp::Remove)]);
        assert_eq!(backend.merge(&new.key, &remove, NOW).await.unwrap(), Merged::Done);
        assert_eq!(variables(&backend, &new.key).await.len(), left, "{name:?}");
    }
}

/// The first value of a step stands; recording again returns it.
pub async fn the_first_value_of_a_step_stands(backend: Backend) {
    let new = task(1);
    let key = &new.key;
    backend.create(&new, NOW).await.unwrap();
    assert_eq!(backend.record(key, &step(1, "fetch", "1"), NOW).await.unwrap(), Recorded::Recorded);
    let again = backend.record(key, &step(1, "fetch", "2"), NOW).await.unwrap();
    assert_eq!(again, Recorded::Exists("1".into()));
    assert_eq!(backend.record(key, &step(1, "store", "3"), NOW).await.unwrap(), Recorded::Recorded);
    let stored = read(&backend, key).await.unwrap();
    assert_eq!(stored.version, 1);
    let steps: Vec<_> = stored.steps.unwrap().into_iter().collect();
    assert_eq!(steps, [("fetch".to_owned(), "1".into()), ("store".to_owned(), "3".into())]);
}

/// The same record again finds its step recorded, under either answer that says so.
pub async fn the_same_record_again_finds_its_step(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    let fetched = step(1, "fetch", "1");
    assert_eq!(backend.record(&new.key, &fetched, NOW).await.unwrap(), Recorded::Recorded);
    let again = backend.record(&new.key, &fetched, NOW).await.unwrap();
    assert!(again == Recorded::Recorded || again == Recorded::Exists("1".into()), "{again:?}");
    assert_eq!(read(&backend, &new.key).await.unwrap().steps.unwrap().len(), 1);
}

/// A record under another fence is `Lost` and writes nothing.
pub async fn a_record_under_an_old_fence_is_lost(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    backend.put(&new.key, &Put { holder: HolderChange::Queue, ..put(1) }, NOW).await.unwrap();
    for fence in [1, 3] {
        assert_eq!(backend.record(&new.key, &step(fence, "fetch", "1"), NOW).await.unwrap(), Recorded::Lost);
    }
    assert!(read(&backend, &new.key).await.unwrap().steps.unwrap().is_empty());
    assert_eq!(backend.record(&new.key, &step(2, "fetch", "2"), NOW).await.unwrap(), Recorded::Recorded);
}

/// Any step name stands for itself alone, and not for a field of the same name.
pub async fn step_names_are_literal(backend: Backend) {
    let new = task(1);
    backend.create(&new, NOW).await.unwrap();
    for name in NAMES {
        assert_eq!(backend.record(&new.key, &step(1, name, "1"), NOW).await.unwrap(), Recorded::Recorded, "{name:?}");
    }
    let stored = read(&backend, &new.key).await.unwrap();
    assert_eq!(stored.steps.unwrap().into_keys().collect::<BTreeSet<_>>(), NAMES.map(str::to_owned).into());
    assert!(stored.variables.unwrap().is_empty());
}

/// Names of variables and steps may be long, and count with all their bytes.
pub async fn names_may_be_long(backend: Backend) {
    // Far longer than what databases take into an index, in a form that cannot be made shorter. They differ at the end.
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + state.to_be_bytes()[0] % 26)
    };
    let long: String = std::iter::repeat_with(next).take(8191).collect();
    let names = ["a", "b"].map(|end| format!("{long}{end}"));
    let new = task(1);
    let key = &new.key;
    backend.create(&new, NOW).await.unwrap();
    for (name, value) in names.iter().zip(["1", "2"]) {
        let written = merge(Guard::Open, [(name.as_str(), set_if(None, value))]);
        assert_eq!(backend.merge(key, &written, NOW).await.unwrap(), Merged::Done);
        assert_eq!(backend.record(key, &step(1, name, value), NOW).await.unwrap(), Recorded::Recorded);
    }
    let again = backend.record(key, &step(1, &names[1], "3"), NOW).await.unwrap();
    assert_eq!(again, Recorded::Exists("2".into()));
    let other = merge(Guard::Open, [(names[0].as_str(), set_if(Some("2"), "3"))]);
    assert_eq!(backend.merge(key, &other, NOW).await.unwrap(), Merged::Changed(names[0].as_str().into()));
    let stored = read(&backend, key).await.unwrap();
    assert_eq!(stored.steps.unwrap().into_keys().collect::<Vec<_>>(), names);
    let both = pairs([(names[0].as_str(), "1"), (names[1].as_str(), "2")]);
    assert_eq!(variables(&backend, key).await, both);
    let small = merge(Guard::Open, [("c", set("4"))]);
    let most = 2 * 8193 + 1;
    assert_eq!(backend.merge(key, &Merge { max_bytes: most, ..small.clone() }, NOW).await.unwrap(), Merged::TooLarge);
    assert_eq!(backend.merge(key, &Merge { max_bytes: most + 1, ..small }, NOW).await.unwrap(), Merged::Done);
    let long = "m".repeat(8192);
    let with_head = Put { step: Some((long.clone(), "5".into())), ..put(1) };
    assert_done(&backend.put(key, &with_head, NOW).await.unwrap(), 2, 1);
    let remove = merge(Guard::Open, [(names[0].as_str(), FieldOp::Remove)]);
    assert_eq!(backend.merge(key, &remove, NOW).await.unwrap(), Merged::Done);
    let claimed = backend.claim(&new.holder, &worker(2), 1, NOW).await.unwrap().taken().remove(0).task;
    assert_eq!(claimed.steps.unwrap()[&long], "5");
    assert_eq!(claimed.variables.unwrap().keys().map(|name| name.len()).collect::<Vec<_>>(), [1, 8192]);
}

/// A step changes variables in the write that records it, and not again.
pub async fn a_step_changes_variables_in_its_own_write(backend: Backend) {
    let new = task(1);
    let key = &new.key;
    backend.create(&new, NOW).await.unwrap();
    let counted = step_changing(1, "count", "1", [("rows", set("1")), ("note", set("first"))]);
    assert_eq!(backend.record(key, &counted, NOW).await.unwrap(), Recorded::Recorded);
    assert_eq!(variables(&backend, key).await, pairs([("note", "first"), ("rows", "1")]));
    // The same write again, another one of the same name, and one of a former fence.
    let again = backend.record(key, &counted, NOW).await.unwrap();
    assert!(again == Recorded::Recorded || again == Recorded::Exists("1".into()), "{again:?}");
    let other = step_changing(1, "count", "2", [("rows", set("2"))]);
    assert_eq!(backend.record(key, &other, NOW).await.unwrap(), Recorded::Exists("1".into()));
    let lost = step_changing(2, "next", "2", [("rows", set("2"))]);
    assert_eq!(backend.record(key, &lost, NOW).await.unwrap(), Recorded::Lost);
    assert_eq!(variables(&backend, key).await, pairs([("note", "first"), ("rows", "1")]));
    let next = step_changing(1, "next", "2", [("rows", set_if(Some("1"), "2")), ("note", FieldOp::Remove)]);
    assert_eq!(backend.record(key, &next, NOW).await.unwrap(), Recorded::Recorded);
    assert_eq!(variables(&backend, key).await, pairs([("rows", "2")]));
}

/// A step whose changes cannot be made is not recorded, and none of them is made.
pub async fn a_step_whose_changes_cannot_be_made_is_not_recorded(backend: Backend) {
    let new = task(1);
    let key = &new.key;
    backend.create(&new, NOW).await.unwrap();
    let changed = step_changing(1, "count", "1", [("a", set("1")), ("b", set_if(Some("0"), "1"))]);
    assert_eq!(backend.record(key, &changed, NOW).await.unwrap(), Recorded::Changed("b".into()));
    let large = Step { max_bytes: 3, ..step_changing(1, "count", "1", [("a", set("1")), ("b", set("1"))]) };
    assert_eq!(backend.record(key, &large, NOW).await.unwrap(), Recorded::TooLarge);
    let stored = read(&backend, key).await.unwrap();
    assert!(stored.steps.unwrap().is_empty() && stored.variables.unwrap().is_empty());
    let fits = Step { max_bytes: 4, ..large };
    assert_eq!(backend.record(key, &fits, NOW).await.unwrap(), Recorded::Recorded);
    assert_eq!(variables(&backend, key).await, pairs([("a", "1"), ("b", "1")]));
}
