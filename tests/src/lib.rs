//! What the tests of roundsman share.

pub mod again;
pub mod arrivals;
pub mod certificates;
pub mod chat_world;
pub mod counted;
pub mod cuts;
pub mod diary;
pub mod example;
pub mod family;
pub mod filing;
pub mod folder;
#[cfg(doctest)]
pub mod guide;
pub mod irc_client;
pub mod ledger;
pub mod links;
pub mod missing;
pub mod name_server;
pub mod outcome;
pub mod outside;
pub mod pairs;
pub mod patience;
pub mod payload;
pub mod peer;
pub mod relay;
pub mod resolving;
pub mod role;
pub mod seeds;
pub mod server;
pub mod tally;
pub mod timeline;
pub mod tls_peer;
pub mod topology;
pub mod trial;
pub mod websocket_peer;
pub mod websocket_server;
