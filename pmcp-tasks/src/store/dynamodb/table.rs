//! Calls of the service, repeated where it asks for that.

use std::{sync::Arc, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    error::{BuildError, ProvideErrorMetadata, SdkError},
    operation::{
        delete_item::DeleteItemError, put_item::PutItemError, transact_write_items::TransactWriteItemsError,
        update_item::UpdateItemError,
    },
    types::{
        CancellationReason, ConditionCheck, Delete, DeleteRequest, KeysAndAttributes, Put, ReturnValue,
        ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update, WriteRequest,
    },
};
use tokio::time::Instant;

use super::{
    error::{Failure, Result, is_passing},
    expression::Expression,
    item::{Item, key_of},
    key::Key,
};

/// The time after which nothing is tried again.
const TRIED_AT_MOST: Duration = Duration::from_secs(8);

/// The longest pause before another try.
const LONGEST_PAUSE: Duration = Duration::from_millis(300);

/// Numbers of items the service takes in one call.
const GOT_AT_ONCE: usize = 100;
pub(super) const DELETED_AT_ONCE: usize = 25;

/// Number of entries of a set that are read at once where many may have to be passed: less than the service answers with.
pub(super) const PASSED_AT_ONCE: usize = 1000;

/// A write of an item of a table, in a transaction or alone, with what an expression says of it.
macro_rules! conditioned {
    ($table:expr, $write:expr, $expression:expr) => {
        $write
            .table_name(&*$table.name)
            .set_condition_expression($expression.condition())
            .set_expression_attribute_names($expression.names())
            .set_expression_attribute_values($expression.values())
    };
}

/// A table of the service.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) client: Client,
    pub(super) name: Arc<str>,
}

/// A write of a transaction.
#[derive(Debug)]
pub(super) enum Write {
    Put(Item, Expression),
    Update(Key, Expression),
    Delete(Key, Expression),
    Check(Key, Expression),
}

/// A transaction in which a condition did not hold, with each write's.
#[derive(Debug)]
pub(super) struct Refused(Vec<bool>);

impl Refused {
    /// Tells whether the condition of this write did not hold. The service need not name them all.
    pub(super) fn at(&self, n: usize) -> bool {
        self.0.get(n).copied().unwrap_or_default()
    }
}

/// A query for items of one partition, in the order of their sort keys.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) pk: String,
    pub(super) range: Range,
    pub(super) newest_first: bool,
    /// Number of items that are wanted at most; `None` for all.
    pub(super) limit: Option<usize>,
    /// Read nothing but keys.
    pub(super) keys_only: bool,
}

/// The sort keys a query is for.
#[derive(Debug)]
pub(super) enum Range {
    All,
    UpTo(String),
    After(String),
    Before(String),
    /// Both ends included.
    Within(String, String),
}

impl Query {
    pub(super) fn of(pk: String, range: Range) -> Self {
        Self { pk, range, newest_first: false, limit: None, keys_only: false }
    }
}

/// Pauses before other tries, random so that those who were in each other's way are not again.
#[derive(Debug)]
pub(super) struct Tries {
    since: Instant,
    count: u32,
}

impl Tries {
    pub(super) fn new() -> Self {
        Self { since: Instant::now(), count: 0 }
    }

    /// Number of pauses that were made.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Waits before another try if the service asks for one.
    async fn passed<E: ProvideErrorMetadata>(&mut self, error: SdkError<E>) -> Result<()> {
        let failure = Failure::from(error);
        if failure.is_passing() { self.pause().await } else { Err(failure) }
    }

    /// Waits before another try, or fails if it has taken too long.
    pub(super) async fn pause(&mut self) -> Result<()> {
        let longest = Duration::from_millis(5 << self.count.min(8)).min(LONGEST_PAUSE);
        self.count += 1;
        let random = getrandom::u32().unwrap_or(u32::MAX / 2);
        let pause = longest.mul_f64(f64::from(random) / f64::from(u32::MAX));
        if self.since.elapsed() + pause > TRIED_AT_MOST {
            return Err(Failure::contended());
        }
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

impl Table {
    /// Reads an item as the last write left it.
    pub(super) async fn get(&self, key: Key) -> Result<Option<Item>> {
        let get = self.client.get_item().table_name(&*self.name).set_key(Some(key_of(key))).consistent_read(true);
        Ok(Box::pin(get.send()).await?.item)
    }

    /// Reads items as the last write left each, in no order; those that are not there are left out.
    pub(super) async fn get_all(&self, mut keys: Vec<Key>, consistent: bool) -> Result<Vec<Item>> {
        let mut found = Vec::with_capacity(keys.len());
        let mut tries = Tries::new();
        let mut waiting: Vec<Item> = keys.drain(..).map(key_of).collect();
        while !waiting.is_empty() {
            let rest = waiting.split_off(waiting.len().min(GOT_AT_ONCE));
            let wanted = KeysAndAttributes::builder().set_keys(Some(waiting)).consistent_read(consistent).build();
            let answer = Box::pin(
                self.client
                    .batch_get_item()
                    .request_items(&*self.name, wanted.map_err(|error| unbuilt(&error))?)
                    .send(),
            )
            .await?;
            let missing =
                answer.unprocessed_keys.unwrap_or_default().remove(&*self.name).map_or_else(Vec::new, |rest| rest.keys);
            found.extend(answer.responses.unwrap_or_default().remove(&*self.name).unwrap_or_default());
            waiting = rest;
            if !missing.is_empty() {
                waiting.extend(missing);
                tries.pause().await?;
            }
        }
        Ok(found)
    }

    /// Reads items of one partition as the last write left each.
    pub(super) async fn query(&self, query: Query) -> Result<Vec<Item>> {
        let expression = Expression::new().text(":pk", query.pk);
        let expression = match query.range {
            Range::All => expression.when("#pk = :pk"),
            Range::UpTo(sk) => expression.when("#pk = :pk AND #sk <= :sk").text(":sk", sk),
            Range::After(sk) => expression.when("#pk = :pk AND #sk > :sk").text(":sk", sk),
            Range::Before(sk) => expression.when("#pk = :pk AND #sk < :sk").text(":sk", sk),
            Range::Within(low, high) => {
                expression.when("#pk = :pk AND #sk BETWEEN :low AND :high").text(":low", low).text(":high", high)
            }
        };
        let mut names = expression.names();
        if query.keys_only {
            names.get_or_insert_default().extend(["pk", "sk"].map(|name| (format!("#{name}"), name.to_owned())));
        }
        let (mut found, mut start): (Vec<Item>, _) = (Vec::new(), None);
        loop {
            let left = query.limit.map(|limit| limit - found.len());
            if left == Some(0) {
                return Ok(found);
            }
            let asked = self
                .client
                .query()
                .table_name(&*self.name)
                .consistent_read(true)
                .scan_index_forward(!query.newest_first)
                .set_key_condition_expression(expression.condition())
                .set_expression_attribute_names(names.clone())
                .set_expression_attribute_values(expression.values())
                .set_projection_expression(query.keys_only.then(|| "#pk, #sk".to_owned()))
                .set_limit(left.map(|left| i32::try_from(left).unwrap_or(i32::MAX)))
                .set_exclusive_start_key(start);
            let answer = Box::pin(asked.send()).await?;
            found.extend(answer.items.unwrap_or_default());
            start = answer.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(found);
            }
        }
    }

    /// Updates an item; what `wanted` says of it, or the item under which the condition does not hold.
    pub(super) async fn update(
        &self,
        key: Key,
        expression: Expression,
        wanted: ReturnValue,
    ) -> Result<Result<Item, Option<Item>>> {
        let mut tries = Tries::new();
        loop {
            let update = self.client.update_item().set_key(Some(key_of(key.clone())));
            let update = conditioned!(self, update, expression)
                .update_expression(expression.update())
                .return_values(wanted.clone())
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
            match Box::pin(update.send()).await {
                Ok(answer) => return Ok(Ok(answer.attributes.unwrap_or_default())),
                Err(error) => {
                    if let Some(UpdateItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() {
                        return Ok(Err(failed.item().filter(|item| !item.is_empty()).cloned()));
                    }
                    tries.passed(error).await?;
                }
            }
        }
    }

    /// Stores an item unless the condition does not hold; tells whether it did.
    pub(super) async fn put(&self, item: Item, expression: &Expression) -> Result<bool> {
        let mut tries = Tries::new();
        loop {
            let put = conditioned!(self, self.client.put_item().set_item(Some(item.clone())), expression);
            match Box::pin(put.send()).await {
                Ok(_) => return Ok(true),
                Err(error) => match error.as_service_error() {
                    Some(PutItemError::ConditionalCheckFailedException(_)) => return Ok(false),
                    _ => tries.passed(error).await?,
                },
            }
        }
    }

    /// Removes an item unless the condition does not hold; tells whether it did.
    pub(super) async fn delete(&self, key: Key, expression: &Expression) -> Result<bool> {
        let mut tries = Tries::new();
        loop {
            let delete = self.client.delete_item().set_key(Some(key_of(key.clone())));
            let delete = conditioned!(self, delete, expression);
            match Box::pin(delete.send()).await {
                Ok(_) => return Ok(true),
                Err(error) => match error.as_service_error() {
                    Some(DeleteItemError::ConditionalCheckFailedException(_)) => return Ok(false),
                    _ => tries.passed(error).await?,
                },
            }
        }
    }

    /// Removes items, whatever is in them.
    pub(super) async fn delete_all(&self, keys: Vec<Key>) -> Result<()> {
        let mut tries = Tries::new();
        let mut waiting = Vec::with_capacity(keys.len());
        for key in keys {
            let delete =
                DeleteRequest::builder().set_key(Some(key_of(key))).build().map_err(|error| unbuilt(&error))?;
            waiting.push(WriteRequest::builder().delete_request(delete).build());
        }
        while !waiting.is_empty() {
            let rest = waiting.split_off(waiting.len().min(DELETED_AT_ONCE));
            let write = self.client.batch_write_item().request_items(&*self.name, waiting);
            let answer = Box::pin(write.send()).await?;
            let missing = answer.unprocessed_items.unwrap_or_default().remove(&*self.name).unwrap_or_default();
            waiting = rest;
            if !missing.is_empty() {
                waiting.extend(missing);
                tries.pause().await?;
            }
        }
        Ok(())
    }

    /// Does all of the writes or, if a condition of one does not hold, none.
    ///
    /// The SDK repeats a call whose answer was lost with the same token, so that it is done once. A call that begins anew has
    /// another one: the service takes a token for ten minutes, and refuses it with other parameters, of which the time is one.
    pub(super) async fn transact(&self, writes: Vec<Write>) -> Result<Result<(), Refused>> {
        let mut items = Vec::with_capacity(writes.len());
        for write in writes {
            items.push(self.transacted(write)?);
        }
        let mut tries = Tries::new();
        loop {
            let transact = self.client.transact_write_items().set_transact_items(Some(items.clone()));
            match Box::pin(transact.send()).await {
                Ok(_) => return Ok(Ok(())),
                Err(error) => match error.as_service_error() {
                    Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                        let reasons = cancelled.cancellation_reasons();
                        let code = |reason: &CancellationReason| reason.code().unwrap_or("None").to_owned();
                        if reasons.iter().any(|reason| code(reason) == "ConditionalCheckFailed") {
                            let failed = |reason| code(reason) == "ConditionalCheckFailed";
                            return Ok(Err(Refused(reasons.iter().map(failed).collect())));
                        }
                        if let Some(reason) =
                            reasons.iter().find(|reason| code(reason) != "None" && !is_passing(&code(reason)))
                        {
                            let message = reason.message().unwrap_or("no message").to_owned();
                            return Err(Failure::Service { code: code(reason), message, is_final: true });
                        }
                        tries.pause().await?;
                    }
                    _ => tries.passed(error).await?,
                },
            }
        }
    }

    fn transacted(&self, write: Write) -> Result<TransactWriteItem> {
        let transacted = TransactWriteItem::builder();
        let transacted = match write {
            Write::Put(item, expression) => conditioned!(self, Put::builder().set_item(Some(item)), expression)
                .build()
                .map(|put| transacted.put(put)),
            Write::Update(key, expression) => {
                let update = Update::builder().set_key(Some(key_of(key))).update_expression(expression.update());
                conditioned!(self, update, expression).build().map(|update| transacted.update(update))
            }
            Write::Delete(key, expression) => {
                let delete = Delete::builder().set_key(Some(key_of(key)));
                conditioned!(self, delete, expression).build().map(|delete| transacted.delete(delete))
            }
            Write::Check(key, expression) => {
                let check = ConditionCheck::builder().set_key(Some(key_of(key)));
                conditioned!(self, check, expression).build().map(|check| transacted.condition_check(check))
            }
        };
        Ok(transacted.map_err(|error| unbuilt(&error))?.build())
    }
}

fn unbuilt(error: &BuildError) -> Failure {
    Failure::refused(format!("a request is incomplete: {error}"))
}
