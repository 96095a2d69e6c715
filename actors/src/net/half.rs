//! A socket with one half, as a source or as a sink: an end of a pipe, a standard stream.
//!
//! The engine serves it; it lives and ends with its pipeline. (A [`Connection`](super::Connection) has two halves, and
//! a life of its own.)

use std::error::Error;

use bytes::Bytes;
use roundsman_runtime::Spawn;

use super::connection::{Refusal, refuse_reading};
use super::engine::{Engine, Message, ToRead};
use super::station::Station;
use super::transport::StreamSocket;
use crate::stream::source::Outflow;
use crate::stream::{Sink, Source, ToActor};

/// The socket, or why it cannot be had.
pub(crate) type Opened = Result<StreamSocket, Box<dyn Error + Send + Sync>>;

/// What comes out of the socket that `open` gives as the pipeline starts.
pub(crate) fn reader(
    name: &'static str,
    open: impl FnOnce() -> Opened + Send + 'static,
) -> Source<Bytes> {
    Source::new(move |assembly, outflow| {
        let mut link = outflow.into_link(assembly);
        let mut reporter = assembly.enter(name);
        match open() {
            Ok(socket) => {
                let spawn = Spawn::numbered(reporter.member, name).tireless().unmourned();
                let address = assembly.stages.spawn_with(spawn, Station::Here(Engine::new(socket)));
                let control = address.recipient(Message::ControlRead);
                assembly.set_control(reporter.member, control);
                // It was spawned a line ago.
                let _ = address.send(Message::Read(Box::new(ToRead { link, reporter })));
            }
            Err(why) => {
                let error = reporter.error(why);
                refuse_reading(&mut link, &mut reporter, error);
            }
        }
    })
}

/// What goes into the socket that `open` gives as the pipeline starts.
pub(crate) fn writer(
    name: &'static str,
    open: impl FnOnce() -> Opened + Send + 'static,
) -> Sink<Bytes> {
    Sink::new(move |assembly| {
        let mut reporter = assembly.enter(name);
        let to = reporter.name.clone();
        match open() {
            Ok(socket) => {
                let spawn = Spawn::numbered(reporter.member, name).tireless().unmourned();
                let address = assembly.stages.spawn_with(spawn, Station::Here(Engine::new(socket)));
                let control = address.recipient(Message::ControlWrite);
                assembly.set_control(reporter.member, control);
                let _ = address.send(Message::Write(Box::new(reporter)));
                Outflow::Link { link: Box::new(ToActor { address, map: Message::Flow }), to }
            }
            Err(why) => {
                let error = reporter.error(why);
                reporter.closed(Err(error));
                Outflow::Link { link: Box::new(Refusal), to }
            }
        }
    })
}
