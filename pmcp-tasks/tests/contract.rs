//! The memory backend keeps the contract.

use pmcp_tasks::{storage_contract, store::MemoryBackend};

storage_contract!(memory, MemoryBackend::new());
