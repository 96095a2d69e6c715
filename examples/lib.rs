//! The examples stand beside this file; run one with `cargo run --example NAME`. What a test runs in its own world is here.

#[path = "chat/mod.rs"]
pub mod chat;
