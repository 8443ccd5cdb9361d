//! Units of capacity that calls of DynamoDB take, as the service tells them to whoever asks: this asks with every call.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use aws_sdk_dynamodb::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{BeforeSerializationInterceptorContextMut, FinalizerInterceptorContextRef},
    },
    error::BoxError,
    operation::{
        batch_get_item::{BatchGetItemInput, BatchGetItemOutput},
        batch_write_item::{BatchWriteItemInput, BatchWriteItemOutput},
        delete_item::{DeleteItemInput, DeleteItemOutput},
        get_item::{GetItemInput, GetItemOutput},
        put_item::{PutItemInput, PutItemOutput},
        query::{QueryInput, QueryOutput},
        transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput},
        update_item::{UpdateItemInput, UpdateItemOutput},
    },
    types::{ConsumedCapacity, ReturnConsumedCapacity::Total},
};

/// Units and calls so far. Halves are counted, as a read may take half a unit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Units(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    written: AtomicU32,
    read: AtomicU32,
    calls: AtomicU32,
    failures: AtomicU32,
}

/// Units that were taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Taken {
    pub(crate) written: f64,
    pub(crate) read: f64,
    pub(crate) calls: u32,
    /// Calls that were refused: what they take is told to nobody.
    pub(crate) failures: u32,
}

impl Units {
    /// Takes what was counted; it begins anew.
    pub(crate) fn take(&self) -> Taken {
        let Counts { written, read, calls, failures } = &*self.0;
        let halves = |count: &AtomicU32| f64::from(count.swap(0, Ordering::Relaxed)) / 2.0;
        Taken {
            written: halves(written),
            read: halves(read),
            calls: calls.swap(0, Ordering::Relaxed),
            failures: failures.swap(0, Ordering::Relaxed),
        }
    }

    fn add<'a>(count: &AtomicU32, told: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        for told in told {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few halves of units")]
            let halves = (told.capacity_units().unwrap_or_default() * 2.0).round() as u32;
            count.fetch_add(halves, Ordering::Relaxed);
        }
    }
}

/// Asks for the units in one of these inputs.
macro_rules! ask {
    ($input:expr, $($of:ty)+) => {
        $(if let Some(input) = $input.downcast_mut::<$of>() {
            input.return_consumed_capacity = Some(Total);
        })+
    };
}

/// Adds the units of one of these outputs.
macro_rules! add {
    ($output:expr, $count:expr, $($of:ty)+) => {
        $(if let Some(output) = $output.downcast_ref::<$of>() {
            Units::add($count, output.consumed_capacity());
        })+
    };
}

impl Intercept for Units {
    fn name(&self) -> &'static str {
        "units"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = context.input_mut();
        ask!(input, BatchGetItemInput BatchWriteItemInput DeleteItemInput GetItemInput);
        ask!(input, PutItemInput QueryInput TransactWriteItemsInput UpdateItemInput);
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Counts { written, read, calls, failures } = &*self.0;
        calls.fetch_add(1, Ordering::Relaxed);
        let Some(Ok(output)) = context.output_or_error() else {
            failures.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        };
        add!(output, read, GetItemOutput QueryOutput BatchGetItemOutput);
        add!(output, written, BatchWriteItemOutput DeleteItemOutput PutItemOutput);
        add!(output, written, TransactWriteItemsOutput UpdateItemOutput);
        Ok(())
    }
}
