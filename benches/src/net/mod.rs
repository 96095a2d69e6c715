//! Servers and load generators on loopback: `echo`, `connect`, `parked`, `chat` and `irc`.
//!
//! A server runs in a child process on core 0, the generator on core 1. `socket` and `outgoing`
//! are the reading and writing of all that is built on mio here: the servers in `slab_server`, the
//! clients in `crowd`; but those in `visits` do not stay long enough to need them.

pub mod chat_load;
pub mod crowd;
pub mod echo_load;
pub mod irc_load;
pub mod line;
pub mod mio_chat;
pub mod mio_echo;
pub mod outgoing;
pub mod parked_load;
pub mod payload;
pub mod scoreboard;
pub mod server;
pub mod slab_server;
pub mod socket;
pub mod tokio_chat;
pub mod tokio_echo;
pub mod tokio_irc;
pub mod visits;
