//! Creating, reading, writing and removing one task.

use bytes::Bytes;
use redis::Value;

use super::{
    Store,
    error::{Failure, Result},
    names::{holder_bytes, id_of, key_bytes},
    reply::{self, FIELDS, Items},
    script::{self, Call},
};
use crate::{
    store::backend::{
        Create, Field, FieldOp, Guard, HolderChange, Merge, Merged, NewTask, Parts, Put, Recorded, Step, StoredTask,
        TaskKey, Written,
    },
    time::Millis,
};

/// Time after its expiry until the server removes a task, in milliseconds: clocks differ, and to some it may be alive.
const KEPT: u64 = 60 * 60 * 1000;

/// The largest number that Lua knows exactly; larger ones mean this one.
const LARGEST: u64 = (1 << 53) - 1;

/// The longest lifetime the server is told, in milliseconds: some 30,000 years.
const LONGEST: u64 = 1_000_000_000_000_000;

impl Store {
    pub(super) async fn create(&self, new: &NewTask, now: Millis) -> Result<Create> {
        if new.scope.is_some_and(|scope| scope.0 != new.key.owner) {
            return Err(Failure::refused("a task is listed with its owner"));
        }
        let lifetime = new.expires.0.saturating_sub(now.0).saturating_add(KEPT).min(LONGEST);
        let (digest, payload) = match &new.idempotency {
            Some((digest, payload)) => (&digest[..], &payload[..]),
            None => (&b""[..], &b""[..]),
        };
        let call = script::CREATE
            .on(self.names.bucket(&new.key.owner))
            .arg(&key_bytes(&new.key)[..])
            .arg(now.0)
            .arg(&now.0.saturating_add(1).to_be_bytes()[..])
            .arg(&now.0.saturating_sub(KEPT).to_be_bytes()[..])
            .arg(&new.stamp.0.to_be_bytes()[..])
            .arg(&new.expires.0.to_be_bytes()[..])
            .arg(lifetime)
            .arg(new.quota)
            .arg(new.max_bytes.min(LARGEST))
            .arg(new.bytes())
            .arg(holder_bytes(new.holder))
            .arg(&new.head[..])
            .arg(&new.body[..])
            .arg(u8::from(new.scope.is_some()))
            .arg(&new.write.0.to_be_bytes()[..])
            .arg(digest)
            .arg(payload)
            .arg(&self.origin[..]);
        let (answer, mut rest) = self.answer(call).await?;
        match &answer[..] {
            b"created" => Ok(Create::Created),
            b"replayed" => Ok(Create::Replayed),
            b"same" => Ok(Create::Same(id_of(&rest.bytes()?)?)),
            b"differs" => Ok(Create::Differs),
            b"full" => Ok(Create::Full),
            b"no room" => Ok(Create::NoRoom),
            b"buried" => Ok(Create::Buried),
            _ => Err(unknown()),
        }
    }

    pub(super) async fn get(&self, key: &TaskKey, parts: Parts, now: Millis) -> Result<Option<StoredTask>> {
        let (bucket, name) = (self.names.bucket(&key.owner), key_bytes(key));
        let (has_variables, has_steps) = (parts.contains(Parts::VARIABLES), parts.contains(Parts::STEPS));
        let mut fields = FIELDS.to_vec();
        fields.extend(parts.contains(Parts::BODY).then_some("b"));
        fields.extend(parts.contains(Parts::OUTCOME).then_some("r"));
        let (mut fields, mut cells) = if has_variables || has_steps {
            let call = script::GET.on(bucket).arg(&name[..]).arg(u8::from(has_variables)).arg(u8::from(has_steps));
            let answer = self.link.call(call.arg(fields)).await?;
            if answer == Value::Nil {
                return Ok(None);
            }
            let mut answer = Items::of(answer)?;
            (Items::of(answer.value()?)?, Some(answer))
        } else {
            let mut read = redis::cmd("HMGET");
            read.arg([bucket.as_bytes(), b"t:", &name].concat()).arg(fields);
            (Items::of(self.link.query(&read).await?)?, None)
        };
        let Some(mut task) = fields.task()?.filter(|task| now < task.expires) else { return Ok(None) };
        if parts.contains(Parts::BODY) {
            task.body = Some(fields.bytes()?);
        }
        if parts.contains(Parts::OUTCOME) {
            task.outcome = fields.optional()?;
        }
        if let Some(cells) = &mut cells {
            let (variables, steps) = (cells.value()?, cells.value()?);
            task.variables = has_variables.then(|| reply::cells(variables, Field::from)).transpose()?;
            task.steps = has_steps.then(|| reply::cells(steps, |name| name)).transpose()?;
        }
        Ok(Some(task))
    }

    pub(super) async fn put(&self, key: &TaskKey, put: &Put, now: Millis) -> Result<Written> {
        let (change, worker) = match put.holder {
            HolderChange::Keep => ("keep", None),
            HolderChange::Take(worker) => ("take", Some(worker)),
            HolderChange::Queue => ("queue", None),
            HolderChange::Release => ("release", None),
        };
        let call = script::PUT
            .on(self.names.bucket(&key.owner))
            .arg(&key_bytes(key)[..])
            .arg(now.0)
            .arg(put.version)
            .arg(fence(put.fence))
            .arg(&put.head[..])
            .arg(put.outcome.as_deref().unwrap_or_default())
            .arg(u8::from(put.open))
            .arg(change)
            .arg(worker.map_or_else(Vec::new, |worker| worker.0.to_be_bytes().into()))
            .arg(&put.write.0.to_be_bytes()[..])
            .arg(&now.0.to_be_bytes()[..])
            .arg(&self.origin[..]);
        let call = match &put.step {
            Some((name, value)) => call.arg(name).arg(&value[..]),
            None => call,
        };
        let (answer, mut rest) = self.answer(call).await?;
        let task = |mut rest: Items| rest.task()?.ok_or_else(unknown);
        match &answer[..] {
            b"done" => Ok(Written::Done { version: rest.number()?, fence: rest.number()? }),
            b"replayed" => Ok(Written::Replayed(task(rest)?)),
            b"conflict" => Ok(Written::Conflict(task(rest)?)),
            b"missing" => Ok(Written::Missing),
            b"buried" => Ok(Written::Buried),
            _ => Err(unknown()),
        }
    }

    pub(super) async fn merge(&self, key: &TaskKey, merge: &Merge, now: Millis) -> Result<Merged> {
        let guard = match merge.guard {
            Guard::Fence(fence) => Some(fence),
            Guard::Open => None,
        };
        let call = script::MERGE
            .on(self.names.bucket(&key.owner))
            .arg(&key_bytes(key)[..])
            .arg(now.0)
            .arg(fence(guard))
            .arg(merge.max_bytes)
            .arg(&merge.write.0.to_be_bytes()[..])
            .arg(&self.origin[..]);
        let (answer, mut rest) = self.answer(with_changes(call, &merge.ops)).await?;
        match &answer[..] {
            b"done" => Ok(Merged::Done),
            b"replayed" => Ok(Merged::Replayed),
            b"changed" => Ok(Merged::Changed(changed(&mut rest)?)),
            b"lost" => Ok(Merged::Lost),
            b"large" => Ok(Merged::TooLarge),
            b"missing" => Ok(Merged::Missing),
            _ => Err(unknown()),
        }
    }

    pub(super) async fn record(&self, key: &TaskKey, step: &Step, now: Millis) -> Result<Recorded> {
        let call = script::RECORD
            .on(self.names.bucket(&key.owner))
            .arg(&key_bytes(key)[..])
            .arg(now.0)
            .arg(step.fence)
            .arg(&step.name)
            .arg(&step.value[..])
            .arg(step.max_bytes);
        let (answer, mut rest) = self.answer(with_changes(call, &step.changes)).await?;
        match &answer[..] {
            b"recorded" => Ok(Recorded::Recorded),
            b"exists" => Ok(Recorded::Exists(rest.bytes()?)),
            b"changed" => Ok(Recorded::Changed(changed(&mut rest)?)),
            b"large" => Ok(Recorded::TooLarge),
            b"lost" => Ok(Recorded::Lost),
            b"missing" => Ok(Recorded::Missing),
            _ => Err(unknown()),
        }
    }

    pub(super) async fn delete(&self, key: &TaskKey) -> Result<bool> {
        let bucket = self.names.bucket(&key.owner);
        let call = script::DELETE.on(bucket).arg(&key_bytes(key)[..]).arg(&self.origin[..]);
        Ok(reply::number(&self.link.call(call).await?)? == 1)
    }

    /// Calls a script that answers with a word and what belongs to it.
    async fn answer(&self, call: Call) -> Result<(Bytes, Items)> {
        let mut items = Items::of(self.link.call(call).await?)?;
        Ok((items.bytes()?, items))
    }
}

/// A fence as scripts compare it; empty is none.
fn fence(fence: Option<u64>) -> String {
    fence.map_or_else(String::new, |fence| fence.to_string())
}

/// The call with changes of variables, four arguments each.
fn with_changes(mut call: Call, changes: &[(Field, FieldOp)]) -> Call {
    for (field, change) in changes {
        let (kind, value, was) = match change {
            FieldOp::Set(value) => ("s", &value[..], &b""[..]),
            FieldOp::Remove => ("r", &b""[..], &b""[..]),
            FieldOp::SetIf { was: Some(was), value } => ("i", &value[..], &was[..]),
            FieldOp::SetIf { was: None, value } => ("n", &value[..], &b""[..]),
        };
        call = call.arg(kind).arg(&**field).arg(value).arg(was);
    }
    call
}

/// The field that had another value.
fn changed(rest: &mut Items) -> Result<Field> {
    Ok(reply::text(rest.value()?)?.into())
}

fn unknown() -> Failure {
    Failure::Corrupt("the answer of a script")
}
