//! Random operations over few tasks, owners, workers, fields and values, so that they meet.

use bytes::Bytes;
use proptest::{collection::vec, option, prelude::*};

use crate::{
    store::backend::{
        Field, FieldOp, Guard, Holder, HolderChange, Merge, NewTask, Parts, Put, Stamp, Step, StoredTask, TASK_BYTES,
        TaskKey, WorkerId,
    },
    testing::fixtures,
    time::Millis,
};

/// Number of tasks there are; every other one is the second owner's.
pub(super) const TASKS: u8 = 8;

/// One operation. Versions and fences are relative to those of the task at that time.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is a method of the port and its parameters")]
pub enum Operation {
    /// Time passes, in milliseconds.
    Pass(u32),
    Create(CreateTask),
    Get {
        task: u8,
        parts: Parts,
    },
    Put(WriteHead),
    Merge(WriteVariables),
    /// A write is sent again: 0 is the last one.
    Repeat(u8),
    Record(RecordStep),
    Delete {
        task: u8,
    },
    /// All pages, `n` tasks each.
    List {
        owner: u32,
        n: u16,
    },
    Claim {
        from: Holder,
        to: WorkerId,
        n: u16,
    },
    Held {
        by: Holder,
    },
    Beat(WorkerId),
    /// `missed`: how many beats ago the counter was read.
    Bury {
        worker: WorkerId,
        missed: u8,
    },
    Settle(WorkerId),
    Sweep(u16),
}

/// A create.
#[derive(Clone, Debug)]
pub struct CreateTask {
    pub(super) task: u8,
    quota: u32,
    max_bytes: u64,
    minutes: u32,
    holder: Holder,
    listed: bool,
    idempotency: Option<(u8, u8)>,
    value: Bytes,
}

/// A write of the head.
#[derive(Clone, Debug)]
pub struct WriteHead {
    pub(super) task: u8,
    version: Near,
    fence: Option<Near>,
    sealing: bool,
    holder: HolderChange,
    step: Option<(&'static str, Bytes)>,
    value: Bytes,
}

/// A write of variables.
#[derive(Clone, Debug)]
pub struct WriteVariables {
    pub(super) task: u8,
    fence: Option<Near>,
    ops: Vec<(Field, FieldOp)>,
    max_bytes: u32,
}

/// A step to record.
#[derive(Clone, Debug)]
pub struct RecordStep {
    pub(super) task: u8,
    fence: Near,
    name: &'static str,
    value: Bytes,
    changes: Vec<(Field, FieldOp)>,
    max_bytes: u32,
}

/// A number at or beside the current one.
#[derive(Clone, Copy, Debug)]
enum Near {
    Below,
    Current,
    Above,
}

impl Near {
    fn of(self, current: Option<u64>) -> u64 {
        let current = current.unwrap_or(1);
        match self {
            Self::Below => current - 1,
            Self::Current => current,
            Self::Above => current + 1,
        }
    }
}

pub(super) fn key(task: u8) -> TaskKey {
    fixtures::task_of(u32::from(task % 2), u32::from(task)).key
}

impl CreateTask {
    pub(super) fn request(&self, now: Millis) -> NewTask {
        let new = fixtures::task_of(u32::from(self.task % 2), u32::from(self.task));
        NewTask {
            scope: new.scope.filter(|_| self.listed),
            // Some are equal.
            stamp: Stamp((now.0 << 20) + u64::from(self.task / 4)),
            expires: Millis(now.0 + u64::from(self.minutes) * fixtures::MINUTE),
            quota: self.quota,
            max_bytes: self.max_bytes,
            holder: self.holder,
            head: self.value.clone(),
            body: self.value.clone(),
            idempotency: self.idempotency.map(|(key, payload)| ([key; 32], [payload; 32])),
            ..new
        }
    }
}

impl WriteHead {
    pub(super) fn request(&self, task: Option<&StoredTask>) -> Put {
        Put {
            version: self.version.of(task.map(|task| task.version)),
            fence: self.fence.map(|fence| fence.of(task.map(|task| task.fence))),
            head: self.value.clone(),
            outcome: self.sealing.then(|| self.value.clone()),
            step: self.step.as_ref().map(|(name, value)| ((*name).to_owned(), value.clone())),
            open: !self.sealing,
            // A task that ends is nobody's.
            holder: if self.sealing { HolderChange::Release } else { self.holder },
            write: fixtures::write(),
        }
    }
}

impl WriteVariables {
    pub(super) fn request(&self, task: Option<&StoredTask>) -> Merge {
        let ops = each_once(&self.ops);
        Merge {
            guard: self.fence.map_or(Guard::Open, |fence| Guard::Fence(fence.of(task.map(|task| task.fence)))),
            ops,
            max_bytes: self.max_bytes,
            write: fixtures::write(),
        }
    }
}

impl RecordStep {
    pub(super) fn request(&self, task: Option<&StoredTask>) -> Step {
        Step {
            value: self.value.clone(),
            changes: each_once(&self.changes),
            max_bytes: self.max_bytes,
            ..fixtures::step(self.fence.of(task.map(|task| task.fence)), self.name, "")
        }
    }
}

/// Changes with each field at most once.
fn each_once(ops: &[(Field, FieldOp)]) -> Vec<(Field, FieldOp)> {
    let mut ops = ops.to_vec();
    ops.sort_by(|(a, _), (b, _)| a.cmp(b));
    ops.dedup_by(|(a, _), (b, _)| a == b);
    ops
}

/// Sequences of at most `n` operations.
pub fn operations(n: usize) -> impl Strategy<Value = Vec<Operation>> {
    vec(operation(), 1..=n)
}

fn operation() -> impl Strategy<Value = Operation> {
    let task = || 0..TASKS;
    prop_oneof![
        1 => (0..30 * 60_000_u32).prop_map(Operation::Pass),
        6 => create().prop_map(Operation::Create),
        2 => (task(), 0..=Parts::all().bits())
            .prop_map(|(task, bits)| Operation::Get { task, parts: Parts::from_bits_truncate(bits) }),
        8 => put().prop_map(Operation::Put),
        6 => merge().prop_map(Operation::Merge),
        3 => (0..6_u8).prop_map(Operation::Repeat),
        3 => record().prop_map(Operation::Record),
        1 => task().prop_map(|task| Operation::Delete { task }),
        2 => (0..2_u32, 1..5_u16).prop_map(|(owner, n)| Operation::List { owner, n }),
        2 => (holder(), worker(), 0..4_u16).prop_map(|(from, to, n)| Operation::Claim { from, to, n }),
        2 => holder().prop_map(|by| Operation::Held { by }),
        1 => worker().prop_map(Operation::Beat),
        1 => (worker(), 0..2_u8).prop_map(|(worker, missed)| Operation::Bury { worker, missed }),
        1 => worker().prop_map(Operation::Settle),
        1 => (0..4_u16).prop_map(Operation::Sweep),
    ]
}

prop_compose! {
    fn create()(
        task in 0..TASKS,
        quota in 0..5_u32,
        max_bytes in max_bytes(),
        minutes in 1..60_u32,
        holder in holder(),
        listed in prop::bool::weighted(0.8),
        idempotency in option::weighted(0.3, (0..2_u8, 0..2_u8)),
        value in value(),
    ) -> CreateTask {
        CreateTask { task, quota, max_bytes, minutes, holder, listed, idempotency, value }
    }
}

/// Room for a few tasks, sometimes short of their parts by a byte or two.
fn max_bytes() -> impl Strategy<Value = u64> {
    prop_oneof![2 => Just(u64::MAX), 1 => (0..4_u64, 0..16_u64).prop_map(|(tasks, bytes)| tasks * TASK_BYTES + bytes)]
}

prop_compose! {
    fn put()(
        task in 0..TASKS,
        version in near(),
        fence in option::of(near()),
        sealing in prop::bool::weighted(0.2),
        holder in holder_change(),
        step in option::weighted(0.3, (field_name(), value())),
        value in value(),
    ) -> WriteHead {
        WriteHead { task, version, fence, sealing, holder, step, value }
    }
}

prop_compose! {
    fn merge()(
        task in 0..TASKS,
        fence in option::of(near()),
        ops in vec((field(), field_op()), 0..4),
        max_bytes in 0..16_u32,
    ) -> WriteVariables {
        WriteVariables { task, fence, ops, max_bytes }
    }
}

prop_compose! {
    fn record()(
        task in 0..TASKS,
        fence in near(),
        name in field_name(),
        value in value(),
        changes in vec((field(), field_op()), 0..3),
        max_bytes in 0..16_u32,
    ) -> RecordStep {
        RecordStep { task, fence, name, value, changes, max_bytes }
    }
}

fn near() -> impl Strategy<Value = Near> {
    prop_oneof![1 => Just(Near::Below), 8 => Just(Near::Current), 1 => Just(Near::Above)]
}

fn worker() -> impl Strategy<Value = WorkerId> {
    (0..3_u8).prop_map(fixtures::worker)
}

fn holder() -> impl Strategy<Value = Holder> {
    prop_oneof![Just(Holder::Queue), worker().prop_map(Holder::Worker)]
}

fn holder_change() -> impl Strategy<Value = HolderChange> {
    prop_oneof![
        4 => Just(HolderChange::Keep),
        2 => worker().prop_map(HolderChange::Take),
        1 => Just(HolderChange::Queue),
        1 => Just(HolderChange::Release),
    ]
}

fn field_name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "a:b"])
}

fn field() -> impl Strategy<Value = Field> {
    field_name().prop_map(Field::from)
}

fn value() -> impl Strategy<Value = Bytes> {
    prop::sample::select(vec![&b""[..], b"1", b"22", b"\x00\xff\x80"]).prop_map(Bytes::from_static)
}

fn field_op() -> impl Strategy<Value = FieldOp> {
    prop_oneof![
        3 => value().prop_map(FieldOp::Set),
        1 => Just(FieldOp::Remove),
        2 => (option::of(value()), value()).prop_map(|(was, value)| FieldOp::SetIf { was, value }),
    ]
}
