//! What the contract does not see.
