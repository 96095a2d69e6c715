//! The guide's code, compiled and run by `cargo test --doc`; what needs a network is compiled only.
//!
//! One item a page, so that a failure names the page it stands on. A page with code belongs here: `tidy` says so.

#[doc = include_str!("../../README.md")]
pub struct Readme;

#[doc = include_str!("../../docs/introduction.md")]
pub struct Introduction;

#[doc = include_str!("../../docs/actors.md")]
pub struct Actors;

#[doc = include_str!("../../docs/messages.md")]
pub struct Messages;

#[doc = include_str!("../../docs/loop.md")]
pub struct Loop;

#[doc = include_str!("../../docs/failure.md")]
pub struct Failure;

#[doc = include_str!("../../docs/stopping.md")]
pub struct Stopping;

#[doc = include_str!("../../docs/timers.md")]
pub struct Timers;

#[doc = include_str!("../../docs/pressure.md")]
pub struct Pressure;

#[doc = include_str!("../../docs/pool.md")]
pub struct Pool;

#[doc = include_str!("../../docs/streams.md")]
pub struct Streams;

#[doc = include_str!("../../docs/files.md")]
pub struct Files;

#[doc = include_str!("../../docs/processes.md")]
pub struct Processes;

#[doc = include_str!("../../docs/hashing.md")]
pub struct Hashing;

#[doc = include_str!("../../docs/events.md")]
pub struct Events;

#[doc = include_str!("../../docs/sockets.md")]
pub struct Sockets;

#[doc = include_str!("../../docs/websockets.md")]
pub struct WebSockets;

#[doc = include_str!("../../docs/names.md")]
pub struct Names;

#[doc = include_str!("../../docs/observing.md")]
pub struct Observing;

#[doc = include_str!("../../docs/simulation.md")]
pub struct Simulation;

#[doc = include_str!("../../docs/chat.md")]
pub struct Chat;
