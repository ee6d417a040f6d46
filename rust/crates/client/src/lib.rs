//! A headless participant of a space; the signatures are in `client.rs`, `options.rs` and `error.rs`.
