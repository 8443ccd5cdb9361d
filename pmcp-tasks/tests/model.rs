//! The memory backend answers as a plain map does.

use pmcp_tasks::{
    store::MemoryBackend,
    testing::{block_on, model},
};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn memory_agrees_with_the_model(operations in model::operations(150)) {
        block_on(model::check(&MemoryBackend::new(), &operations));
    }
}
