//! What the tests of roundsman share.

pub mod example;
pub mod irc_client;
