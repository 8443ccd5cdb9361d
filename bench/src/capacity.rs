//! Operations on DynamoDB by the capacity they take, as the service counts it: what a user pays for.

use std::{env, time::Duration};

use anyhow::{Context as _, ensure};
use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Config, Credentials, Region},
};
use bytes::Bytes;
use measure::Workers;
use pmcp_tasks::{
    store::{
        DynamoDbBackend, DynamoDbTable, StorageBackend,
        backend::{
            Create, FieldOp, Guard, Holder, HolderChange, Merge, Merged, NewTask, Parts, Put, Recorded, Scope, Stamp,
            Step, TaskKey, WorkerId, WriteId, Written,
        },
    },
    task::Owner,
};

use crate::{
    Effort,
    duel::Factor,
    services::{number, part, setting},
    stored::{BODY, HEAD, NOW, RESULT, id},
    table::{Row, Table, Verdict},
    units::{Taken, Units},
};

const REGION: &str = "eu-central-1";
const WORKER: WorkerId = WorkerId(1);
const PAGE: u16 = 50;

/// An operation: units of write and read capacity that the documentation of the store promises at most, and those of the
/// design's arithmetic.
struct Promise {
    name: &'static str,
    text: &'static str,
    written: f64,
    read: f64,
    design: &'static str,
}

const CREATE: Promise =
    Promise { name: "create", text: "≤ 12 of write", written: 12.0, read: 0.0, design: "8 of write, 1 of an index" };
const GET: Promise =
    Promise { name: "get with all parts", text: "≤ 1 of read", written: 0.0, read: 1.0, design: "1 of read" };
const CHANGE: Promise = Promise {
    name: "change of a state",
    text: "≤ 1 of write, 1 of read",
    written: 1.0,
    read: 1.0,
    design: "1 of write",
};
const MERGE: Promise =
    Promise { name: "change of a variable", text: "≤ 1 of write", written: 1.0, read: 0.0, design: "1 of write" };
const STEP: Promise = Promise {
    name: "record of a step",
    text: "≤ 4 of write, 1 of read",
    written: 4.0,
    read: 1.0,
    design: "4 of write",
};
const COMPLETE: Promise = Promise {
    name: "complete, without variables",
    text: "≤ 10 of write, 1 of read",
    written: 10.0,
    read: 1.0,
    design: "8 of write, 1 of an index",
};
const LIST: Promise =
    Promise { name: "page of 50", text: "≤ 52 of read", written: 0.0, read: 52.0, design: "52 of read" };
const CLAIM: Promise = Promise {
    name: "claim",
    text: "≤ 8 of write",
    written: 8.0,
    read: f64::INFINITY,
    design: "4 of write, 2 of an index",
};

pub(crate) fn measure(workers: &Workers, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let tasks = effort.of(50, 10);
    let rows = workers.run(async move { Costs::of(tasks).await })?;
    for (promise, taken, times) in rows {
        let each = |units: f64| units / f64::from(times);
        let (written, read) = (each(taken.written), each(taken.read));
        ensure!(taken.failures == 0, "{} calls of `{}` were refused", taken.failures, promise.name);
        table.add(Row {
            name: format!("DynamoDB capacity of a {}", promise.name),
            ours: format!("{} of write, {} of read", Factor(written), Factor(read)),
            peer: format!("by STORES {}", promise.design),
            ratio: format!("{} calls", Factor(each(f64::from(taken.calls)))),
            verdict: Verdict::Budget { text: promise.text, met: written <= promise.written && read <= promise.read },
        });
    }
    Ok(())
}

/// A store whose calls are counted.
struct Costs {
    backend: DynamoDbBackend,
    units: Units,
    owner: Owner,
}

impl Costs {
    /// Units each operation takes, as often as it was done.
    async fn of(tasks: u32) -> anyhow::Result<Vec<(Promise, Taken, u32)>> {
        let endpoint = setting("PMCP_TEST_DYNAMODB_ENDPOINT")?;
        let place = DynamoDbTable::new(part()).region(REGION).endpoint(&endpoint);
        DynamoDbBackend::create_table(&place).await?;
        let units = Units::default();
        let secret = |name: &str| env::var(name).with_context(|| format!("{name} is not set"));
        let (key, secret) = (secret("AWS_ACCESS_KEY_ID")?, secret("AWS_SECRET_ACCESS_KEY")?);
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .credentials_provider(Credentials::new(key, secret, None, None, "environment"))
            .region(Region::new(REGION))
            .endpoint_url(endpoint)
            .interceptor(units.clone());
        let backend = DynamoDbBackend::with_client(Client::from_conf(config.build()), place).await?;
        units.take();
        let owner = Owner { subject: part(), ..Owner::local() };
        Self { backend, units, owner }.measured(tasks).await
    }

    async fn measured(self, tasks: u32) -> anyhow::Result<Vec<(Promise, Taken, u32)>> {
        let backend = &self.backend;
        let mut rows: Vec<(Promise, Taken, u32)> = Vec::new();
        // One open task at a time: an owner's others would have a part in it.
        let mut sums = [CREATE, GET, CHANGE, MERGE, STEP, COMPLETE].map(|promise| (promise, Vec::new()));
        for _ in 0..tasks {
            let new = self.new_task(Holder::Worker(WORKER));
            let key = &new.key;
            let mut operation = 0;
            let mut note = || {
                sums[operation].1.push(self.units.take());
                operation += 1;
            };
            ensure!(backend.create(&new, NOW).await? == Create::Created);
            note();
            ensure!(backend.get(key, Parts::all(), NOW).await?.is_some());
            note();
            let put = Put { head: Bytes::from_static(HEAD), ..end(1) };
            let put = Put { open: true, outcome: None, holder: HolderChange::Keep, ..put };
            ensure!(backend.put(key, &put, NOW).await? == Written::Done { version: 2, fence: 1 });
            note();
            let set = |name: &str| (name.into(), FieldOp::Set(Bytes::from_static(&[b'v'; 100])));
            let merge = |field: &str| Merge {
                guard: Guard::Fence(1),
                ops: vec![set(field)],
                max_bytes: 1 << 20,
                write: write(),
            };
            // The first one makes the item of the variables; that a task has any is a matter of other tasks than these.
            ensure!(backend.merge(key, &merge("first"), NOW).await? == Merged::Done);
            self.units.take();
            ensure!(backend.merge(key, &merge("second"), NOW).await? == Merged::Done);
            note();
            let step = Step {
                fence: 1,
                name: "fetch".to_owned(),
                value: Bytes::from_static(&[b's'; 200]),
                changes: Vec::new(),
                max_bytes: 1 << 20,
                write: write(),
            };
            ensure!(backend.record(key, &step, NOW).await? == Recorded::Recorded);
            note();
            ensure!(backend.put(key, &end(2), NOW).await? == Written::Done { version: 3, fence: 1 });
            self.units.take();
            // One that had neither variables nor steps.
            let plain = self.new_task(Holder::Worker(WORKER));
            ensure!(backend.create(&plain, NOW).await? == Create::Created);
            self.units.take();
            ensure!(backend.put(&plain.key, &end(1), NOW).await? == Written::Done { version: 2, fence: 1 });
            note();
        }
        rows.extend(sums.into_iter().map(|(promise, taken)| (promise, sum(&taken), tasks)));
        let scope = Scope(self.owner.key());
        for _ in tasks * 2..=u32::from(PAGE) {
            ensure!(backend.create(&self.new_task(Holder::Queue), NOW).await? == Create::Created);
        }
        self.units.take();
        ensure!(backend.page(&scope, None, PAGE, NOW).await?.tasks.len() == usize::from(PAGE));
        rows.push((LIST, self.units.take(), 1));
        while backend.claim(&Holder::Queue, &WORKER, 10, NOW).await?.taken().len() == 10 {}
        let queued = 10;
        for _ in 0..queued {
            ensure!(backend.create(&self.new_task(Holder::Queue), NOW).await? == Create::Created);
        }
        self.units.take();
        ensure!(backend.claim(&Holder::Queue, &WORKER, queued, NOW).await?.taken().len() == usize::from(queued));
        rows.push((CLAIM, self.units.take(), queued.into()));
        Ok(rows)
    }

    fn new_task(&self, holder: Holder) -> NewTask {
        let n = number();
        let owner = self.owner.key();
        NewTask {
            key: TaskKey { owner, id: id(n) },
            scope: Some(Scope(owner)),
            stamp: Stamp((NOW.0 << 20) + n),
            expires: NOW.after(Duration::from_hours(1)),
            quota: 100,
            max_bytes: u64::MAX,
            holder,
            head: Bytes::from_static(HEAD),
            body: Bytes::from_static(BODY),
            idempotency: None,
            write: write(),
        }
    }
}

/// As random as a real one: a store may keep a part of it.
fn write() -> WriteId {
    WriteId(u128::from_be_bytes(*id(number()).as_bytes()))
}

fn end(version: u64) -> Put {
    Put {
        version,
        fence: Some(1),
        head: Bytes::from_static(HEAD),
        outcome: Some(Bytes::from_static(RESULT)),
        step: None,
        open: false,
        holder: HolderChange::Release,
        write: write(),
    }
}

fn sum(taken: &[Taken]) -> Taken {
    let sum = |of: fn(&Taken) -> f64| taken.iter().map(of).sum();
    Taken {
        written: sum(|taken| taken.written),
        read: sum(|taken| taken.read),
        calls: taken.iter().map(|taken| taken.calls).sum(),
        failures: taken.iter().map(|taken| taken.failures).sum(),
    }
}
